/** Two evaluations of the same problems, before and after: differences with a paired test. */
import { EvomError } from '../lib/errors.ts';
import { pairedPermutationTest } from '../lib/statistics.ts';
import type { Evaluation, ProblemScore } from './evaluate.ts';

export interface Comparison {
  /** Mean over problems of the share of samples that pass, after minus before; null where no problem can be compared. */
  readonly pass_at_1_gain: number | null;
  /** Two-sided p-value of a paired sign-flip permutation test over problems. */
  readonly p_value: number | null;
  readonly identical_gain: number | null;
  readonly identical_p_value: number | null;
}

/**
 * Compares the same problems before and after, each problem with itself. One without a scorable sample in either is left
 * out: a fault of ours is no failure of the policy.
 *
 * @throws {EvomError} `E_DATA` when the two do not hold the same problems in the same order.
 */
export function compareEvaluations(before: Evaluation, after: Evaluation, seed: number): Comparison {
  if (before.scores.length !== after.scores.length || before.scores.some((s, i) => s.id !== after.scores[i]?.id)) {
    throw new EvomError('E_DATA', 'the two evaluations hold different problems; compare runs over the same set and seed');
  }
  const pairs = before.scores.flatMap((b, i) => {
    const a = after.scores[i];
    return a === undefined || a.scorable === 0 || b.scorable === 0 ? [] : [{ b, a }];
  });
  const compare = (some: typeof pairs, count: (s: ProblemScore) => number) => {
    if (some.length === 0) return { gain: null, pValue: null };
    const rates = (of: 'a' | 'b'): number[] => some.map((pair) => count(pair[of]) / pair[of].scorable);
    return {
      gain: mean(rates('a')) - mean(rates('b')),
      pValue: pairedPermutationTest(rates('a'), rates('b'), { seed: `${seed}/paired` }).pValue,
    };
  };
  const passes = compare(pairs, (s) => s.passes);
  const withReference = pairs.filter(({ a, b }) => a.identical !== null && b.identical !== null);
  const identical = compare(withReference, (s) => s.identical ?? 0);
  return {
    pass_at_1_gain: passes.gain,
    p_value: passes.pValue,
    identical_gain: identical.gain,
    identical_p_value: identical.pValue,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
