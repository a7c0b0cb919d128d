/** One set of stored outcomes under any number of judging rules, without running anything again. */
import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import { type JudgeIdentity, judgeOutcome } from './judge.ts';
import { type JudgeRule, type JudgeRuleName, judgeRuleNames } from './judge-rules.ts';

export interface StoredVerdict {
  readonly outcome: Outcome;
  readonly problem: Pick<Problem, 'answer' | 'accepted'>;
}

export interface RuleScore {
  readonly judge: JudgeIdentity;
  readonly right: number;
  /** What `right` is divided by; faults of ours are never in it. */
  readonly of: number;
  /** `right / of`; null of nothing. */
  readonly accuracy: number | null;
}

/**
 * The score of a set of outcomes by each rule, with what has to stand beside it.
 *
 * @param options.rules default all.
 * @param options.labels name of the label version.
 * @param options.denominator `labelled` (default) divides by the problems that have a label, `all` by all.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome } from 'evom';
 * import { scoreByRules } from 'evom/reward';
 * const outcome = { ...emptyOutcome('optimal', { dialect: 'coptpy', backend: 'copt' }), objective: 103 };
 * const [evom, sirl] = scoreByRules([{ outcome, problem: { answer: 100 } }], { rules: ['evom', 'sirl'], labels: 'mine@1' });
 * assert.deepEqual(evom, { judge: { rule: 'evom', labels: 'mine@1', denominator: 'labelled' }, right: 1, of: 1, accuracy: 1 });
 * assert.equal(sirl.accuracy, 0);
 * ```
 */
export function scoreByRules(
  verdicts: readonly StoredVerdict[],
  options: {
    readonly labels: string;
    readonly rules?: readonly (JudgeRuleName | JudgeRule)[];
    readonly denominator?: JudgeIdentity['denominator'];
  },
): RuleScore[] {
  const denominator = options.denominator ?? 'labelled';
  return (options.rules ?? judgeRuleNames).map((rule) => {
    const words = verdicts.map(({ outcome, problem }) => ({ outcome, correct: judgeOutcome(outcome, problem, rule).correct }));
    const counted = words.filter(({ outcome, correct }) =>
      denominator === 'labelled' ? correct !== null : outcome.status !== 'infra_error',
    );
    const right = counted.filter(({ correct }) => correct === true).length;
    const of = counted.length;
    const name = typeof rule === 'string' ? rule : rule.name;
    return { judge: { rule: name, labels: options.labels, denominator }, right, of, accuracy: of === 0 ? null : right / of };
  });
}
