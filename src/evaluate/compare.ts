/** Two evaluations of the same problems, before and after: differences with a paired test. */
import { EvomError } from '../core/errors.ts';
import { pairedPermutationTest } from '../rl/statistics.ts';
import type { Evaluation, ProblemScore } from './evaluate.ts';

export interface Comparison {
  readonly pass_at_1_gain: number;
  /** Two-sided p-value of a paired sign-flip permutation test over problems. */
  readonly p_value: number;
  readonly identical_gain: number | null;
  readonly identical_p_value: number | null;
}

/** @throws {EvomError} `E_DATA` when the two do not hold the same problems in the same order. */
export function compareEvaluations(before: Evaluation, after: Evaluation, seed: number): Comparison {
  if (before.scores.length !== after.scores.length || before.scores.some((s, i) => s.id !== after.scores[i]?.id)) {
    throw new EvomError('E_DATA', 'the two evaluations hold different problems; compare runs over the same set and seed');
  }
  const rates = (evaluation: Evaluation, count: (s: ProblemScore) => number): number[] =>
    evaluation.scores.map((s) => (s.scorable === 0 ? 0 : count(s) / s.scorable));
  const test = (count: (s: ProblemScore) => number): number =>
    pairedPermutationTest(rates(after, count), rates(before, count), { seed: `${seed}/paired` }).pValue;
  const identical = before.summary.identical !== null && after.summary.identical !== null;
  return {
    pass_at_1_gain: after.summary.pass_at_1 - before.summary.pass_at_1,
    p_value: test((s) => s.passes),
    identical_gain: identical ? (after.summary.identical ?? 0) - (before.summary.identical ?? 0) : null,
    identical_p_value: identical ? test((s) => s.identical) : null,
  };
}
