/** A reward from an outcome: named terms, weighted and added, with the answer's term behind an audit. */
import type { Outcome } from '../core/outcome.ts';
import type { Problem } from '../core/problem.ts';
import type { Reward } from '../core/rollout.ts';
import { hardFlags } from './audit.ts';
import { judgeOutcome } from './judge.ts';
import type { JudgeRuleName } from './judge-rules.ts';
import { type OverlongConfig, overlongPenalty } from './overlong.ts';

export interface RewardConfig {
  readonly judge: JudgeRuleName;
  readonly weights: {
    /** For a completion that holds a program which parses. */
    readonly format: number;
    /** For a program that ran to its end and whose last solve reached a verdict. */
    readonly executes: number;
    /** For the right answer. */
    readonly answer: number;
  };
  /** Share of the answer's term that a right value from a model unlike the reference earns; 0 denies it, 1 does not ask. */
  readonly valueOnlyWeight: number;
  readonly overlong: OverlongConfig | null;
}

/**
 * `evom`: R = r_format + r_answer, with 0.1 and 1, so that no number of well-formed wrong programs outweighs a right one.
 * `answer`: the answer alone.
 */
export const rewardPresets = {
  evom: { judge: 'sirl', weights: { format: 0.1, executes: 0, answer: 1 }, valueOnlyWeight: 1, overlong: null },
  answer: { judge: 'sirl', weights: { format: 0, executes: 0, answer: 1 }, valueOnlyWeight: 1, overlong: null },
} as const satisfies Record<string, RewardConfig>;

export interface ScoreInput {
  readonly outcome: Outcome;
  readonly problem: Problem;
  readonly completionTokens: number;
  readonly maxTokens: number;
  /** The completion was cut off at its limit. */
  readonly truncated: boolean;
  /** Whether the program's model equals the problem's reference model (`identicalModels`); null where one is missing. */
  readonly identical: boolean | null;
}

const unparsed: ReadonlySet<string> = new Set(['no_program', 'syntax_error']);
const decided: ReadonlySet<string> = new Set(['optimal', 'feasible', 'infeasible', 'unbounded', 'infeasible_or_unbounded']);

/**
 * Scores one outcome.
 *
 * `value` is the sum of `parts`. It is null, with no parts, where nothing can be said: after a fault of ours, and without a label.
 * Flags of the audit (`unsupported_claim`, `wall_limited`, `trivial_model`, `answer_literal`) take the answer's term away;
 * `value_only` marks a right value from a model unlike the reference.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { emptyOutcome, rewardPresets, scoreOutcome } from 'evom';
 * const solve = { status: 'optimal', objective: 7, modelHash: '', numVariables: 2, numIntegers: 0, numConstraints: 1, ms: 1 } as const;
 * const outcome = { ...emptyOutcome('optimal', { dialect: 'highs-js', backend: 'highs' }), objective: 7, solves: [solve] };
 * const problem = { id: 'p', question: '', answer: 7, source: 'test' };
 * const reward = scoreOutcome({ outcome, problem, completionTokens: 50, maxTokens: 200, truncated: false, identical: true }, rewardPresets.evom);
 * assert.deepEqual(reward, { value: 1.1, parts: { format: 0.1, answer: 1 }, correct: true, identical: true, flags: [] });
 * ```
 */
export function scoreOutcome(input: ScoreInput, config: RewardConfig): Reward {
  const { outcome, problem, identical } = input;
  const { correct, unsupportedClaim } = judgeOutcome(outcome, problem, config.judge);
  if (outcome.status === 'infra_error') return { value: null, parts: {}, correct: null, identical, flags: [] };

  const hard = hardFlags(outcome, problem, { unsupportedClaim, identical });
  const isValueOnly = correct === true && identical === false;
  const flags: string[] = [...hard, ...(isValueOnly ? ['value_only'] : [])];
  if (correct === null) return { value: null, parts: {}, correct, identical, flags };

  const { weights, overlong } = config;
  const share = !correct || hard.length > 0 ? 0 : isValueOnly ? config.valueOnlyWeight : 1;
  const parts: Record<string, number> = {};
  if (weights.format !== 0) parts.format = unparsed.has(outcome.status) ? 0 : weights.format;
  if (weights.executes !== 0) parts.executes = decided.has(outcome.status) && outcome.solves.length > 0 ? weights.executes : 0;
  if (weights.answer !== 0) parts.answer = share * weights.answer;
  if (overlong !== null) {
    const tokens = input.truncated ? input.maxTokens : input.completionTokens;
    parts.overlong = overlongPenalty(tokens, input.maxTokens, overlong);
  }
  const value = Object.values(parts).reduce((sum, part) => sum + part, 0);
  return { value, parts, correct, identical, flags };
}
