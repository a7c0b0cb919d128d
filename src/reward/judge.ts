/** Whether an outcome answers its problem, under a named rule. Text that a program printed plays no part. */

import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import { EvomError } from '../lib/errors.ts';
import { claimOf } from './claim.ts';
import { type JudgeRule, type JudgeRuleName, judgeRule, judgeRuleNames } from './judge-rules.ts';

/** What has to stand beside every score to make it comparable. */
export interface JudgeIdentity {
  readonly rule: JudgeRuleName;
  /** Label version: the problems' `source`. */
  readonly labels: string;
  /** Which problems a score divides by: those with a label, or all. */
  readonly denominator: 'labelled' | 'all';
}

export interface Verdict {
  /** null: nothing can be said, for want of a label or by a fault of ours. */
  readonly correct: boolean | null;
  /** The value that was judged; null where the outcome has none. */
  readonly value: number | null;
  /** The program reported a value that no optimal solve of its own has. */
  readonly unsupportedClaim: boolean;
}

/** Statuses of a program that ran to its end after a solve. */
const ended: ReadonlySet<string> = new Set(['optimal', 'feasible', 'infeasible', 'unbounded', 'infeasible_or_unbounded']);

/** A reported value stands when an optimal solve gave it, to 1e-6 of its size. */
function isSupported(outcome: Outcome, claim: number): boolean {
  return outcome.solves.some(
    ({ status, objective }) =>
      status === 'optimal' && objective !== null && Math.abs(objective - claim) <= 1e-6 * Math.max(1, Math.abs(objective), Math.abs(claim)),
  );
}

function ruleOf(rule: JudgeRuleName | JudgeRule): JudgeRule {
  const found = typeof rule === 'string' ? judgeRule(rule) : rule;
  if (found === null) throw new EvomError('E_CONFIG', `unknown judge rule "${String(rule)}"; known are ${judgeRuleNames.join(', ')}`);
  return found;
}

/**
 * Judges an outcome against its problem's label.
 *
 * The answer is what the program gave to `report`, else the objective of its last solve, which has to be optimal. A reported value
 * counts only when an optimal solve of the same program has it as its objective: a program whose answer is computed from a solution
 * by other arithmetic is not right by this judge. Where the label is `infeasible` or `unbounded` the status of the last solve is the
 * answer, and a reported 0 beside it is what the library gives where there is no objective; `infeasible_or_unbounded` proves neither and matches only under rules that take all three for one. A `time_limit`, and
 * whatever the wall clock decided, is never right. Beside `answer`, each number of `accepted` counts.
 *
 * @param rule name of a rule, or one of the caller's own.
 * @throws {EvomError} E_CONFIG for an unknown rule.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome, judgeOutcome } from 'evom';
 * const outcome = { ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }), objective: 103 };
 * const problem = { id: 'p', question: '', answer: 100, source: 'test' };
 * assert.equal(judgeOutcome(outcome, problem, 'evom').correct, true); // within 5 %
 * assert.equal(judgeOutcome(outcome, problem, 'sirl').correct, false);
 * ```
 */
export function judgeOutcome(outcome: Outcome, problem: Pick<Problem, 'answer' | 'accepted'>, rule: JudgeRuleName | JudgeRule): Verdict {
  const { matches, noSolution } = ruleOf(rule);
  const claim = claimOf(outcome);
  const unsupportedClaim = claim !== null && outcome.status !== 'infra_error' && !isSupported(outcome, claim);
  const lastValue = outcome.status === 'optimal' ? outcome.objective : null;
  const value = unsupportedClaim ? null : (claim ?? lastValue);
  const verdict = (correct: boolean | null): Verdict => ({ correct, value, unsupportedClaim });

  const labels = [...(problem.answer === null ? [] : [problem.answer]), ...(problem.accepted ?? [])];
  if (outcome.status === 'infra_error' || labels.length === 0) return verdict(null);
  if (!ended.has(outcome.status) || outcome.wallLimited || unsupportedClaim) return verdict(false);

  const hasNoSolution =
    claim === null && (outcome.status === 'infeasible' || outcome.status === 'unbounded' || outcome.status === 'infeasible_or_unbounded');
  const correct = labels.some((label) => {
    if (typeof label === 'number') return value !== null && Number.isFinite(value) && Number.isFinite(label) && matches(value, label);
    if (!hasNoSolution || noSolution === 'never') return false;
    return noSolution === 'any' || outcome.status === label;
  });
  return verdict(correct);
}
