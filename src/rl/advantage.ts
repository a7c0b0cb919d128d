/** Advantages: what each rollout's reward says against the others of its group. Statistics are float64. */
import { largest, smallest } from '../lib/extremes.ts';
import { type AdvantageConventions, type Compat, conventionsOf } from './conventions.ts';

/** Estimators that need only one group. `dapo` is grpo's advantage: DAPO differs in sampling and in the loss. */
export type GroupEstimator = 'grpo' | 'dr_grpo' | 'dapo' | 'rloo' | 'opo' | 'maxrl' | 'grpo_passk';
/** Estimators that look at a whole batch: `batchAdvantages` has their formulas. */
export type BatchEstimator = 'reinforce_pp' | 'reinforce_pp_baseline' | 'grpo_batch' | 'gpg' | 'gdpo';
export type AdvantageEstimator = GroupEstimator | BatchEstimator;

export interface GroupAdvantageOptions {
  /** Default `grpo`. */
  readonly estimator?: GroupEstimator;
  /** Numeric conventions, by preset or as values; default `exact`. */
  readonly compat?: Compat | AdvantageConventions;
  /** [G] response lengths in tokens; `opo` needs them. */
  readonly lengths?: readonly number[];
}

/**
 * Advantages of one group of rollouts of the same problem.
 *
 * | estimator | advantage | source |
 * |---|---|---|
 * | `grpo`, `dapo` | `(r - mean) / (std + eps)` | arXiv:2402.03300 4.1.2, arXiv:2503.14476 |
 * | `dr_grpo` | `r - mean` | arXiv:2503.20783 |
 * | `rloo` | `r - mean of the others` | arXiv:2402.14740 |
 * | `opo` | `r - sum(r * length) / sum(length)` | arXiv:2505.23585 |
 * | `grpo_passk` | best: `(r - second best) / (std + eps)`; all others 0 | arXiv:2503.19595, verl |
 * | `maxrl` | `(r - mean) / (mean + eps)`, zeros when the mean is not positive | SkyRL, prime-rl |
 *
 * Equal rewards (`max - min <= zeroRange`) give zeros: tested on the range, because the deviation of equal floats
 * need not be 0. A `null` reward could not be scored for a reason that is not the program's: it leaves mean, deviation
 * and count, and its own advantage is 0. With one scorable reward the `singleton` convention decides.
 *
 * @param rewards [G] finite rewards of at most 1e100 in size, or null.
 * @returns [G] advantages in the order of `rewards`.
 * @throws {RangeError} if `rewards` is empty or holds what is no such number (`undefined` is none), `opo` lacks lengths, or an option is not known.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { groupAdvantages } from 'evom';
 * assert.deepEqual(groupAdvantages([1, 0, 0, 1]), [1, -1, -1, 1]);
 * assert.deepEqual(groupAdvantages([1, 0, null, 1], { estimator: 'rloo' }), [0.5, -1, 0, 0.5]);
 * ```
 */
export function groupAdvantages(rewards: readonly (number | null)[], options: GroupAdvantageOptions = {}): number[] {
  const { estimator = 'grpo', compat = 'exact', lengths } = options;
  checkOptions(options, estimator);
  const conventions = conventionsOf(compat);
  const scorable = scorableRewards(rewards, conventions);
  const values = scorable.map(({ reward }) => reward);
  const valueLengths = lengths && scorable.map(({ index }) => lengths[index] ?? Number.NaN);
  const advantages = valueAdvantages(values, estimator, conventions, valueLengths);
  const out = new Array<number>(rewards.length).fill(0);
  for (const [k, { index }] of scorable.entries()) out[index] = advantages[k] ?? 0;
  return out;
}

const groupEstimators: readonly string[] = ['grpo', 'dr_grpo', 'dapo', 'rloo', 'opo', 'maxrl', 'grpo_passk'] satisfies GroupEstimator[];
const batchEstimators: readonly string[] = [
  'reinforce_pp',
  'reinforce_pp_baseline',
  'grpo_batch',
  'gpg',
  'gdpo',
] satisfies BatchEstimator[];

/** Callers from plain JavaScript have no types to tell them. */
function checkOptions(options: object, estimator: string): void {
  const stray = Object.keys(options).find((key) => !['estimator', 'compat', 'lengths'].includes(key));
  if (stray !== undefined) throw new RangeError(`groupAdvantages has no option "${stray}"; it has estimator, compat and lengths`);
  if (groupEstimators.includes(estimator)) return;
  const elsewhere = batchEstimators.includes(estimator) ? '; it looks at a whole batch: use batchAdvantages' : '';
  throw new RangeError(`estimator "${estimator}" is none of ${groupEstimators.join(', ')}${elsewhere}`);
}

/** The squares of such rewards, and sums of them, are far from the end of float64. */
const largestReward = 1e100;

/** The rewards that enter the statistics, with their places. */
export function scorableRewards(
  rewards: readonly (number | null)[],
  { unscorable }: Pick<AdvantageConventions, 'unscorable'>,
): { readonly index: number; readonly reward: number }[] {
  if (rewards.length === 0) throw new RangeError('a group has at least one reward');
  const scorable: { index: number; reward: number }[] = [];
  for (const [index, given] of rewards.entries()) {
    const reward = given === null && unscorable === 'zero' ? 0 : given;
    if (reward === null) continue;
    if (!Number.isFinite(reward)) throw new RangeError(`reward ${index} is ${reward}: rewards are finite numbers, or null when unscorable`);
    if (Math.abs(reward) > largestReward)
      throw new RangeError(`reward ${index} is ${reward}: beyond ${largestReward} the deviation of a group overflows; scale the rewards`);
    scorable.push({ index, reward });
  }
  return scorable;
}

/** Whether rewards differ by no more than rounding. */
export function isZeroVariance(values: readonly number[], zeroRange: number): boolean {
  return values.length === 0 || largest(values) - smallest(values) <= zeroRange;
}

function valueAdvantages(
  values: readonly number[],
  estimator: GroupEstimator,
  conventions: AdvantageConventions,
  lengths: readonly number[] | undefined,
): number[] {
  const { eps, ddof, singleton, zeroRange, stdFloor } = conventions;
  const first = values[0];
  if (first === undefined) return [];
  // verl takes mean 0 and deviation 1 for a lone sample, so its grpo still divides by 1 + eps.
  if (values.length === 1 && estimator === 'grpo_passk') return [0]; // there is no second best
  if (values.length === 1) return [singleton === 'zero' ? 0 : estimator === 'grpo' || estimator === 'dapo' ? first / (1 + eps) : first];
  if (isZeroVariance(values, zeroRange)) return values.map(() => 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  switch (estimator) {
    case 'grpo':
    case 'dapo': {
      const std = Math.max(deviation(values, ddof), stdFloor);
      return centred.map((value) => value / (std + eps));
    }
    case 'grpo_passk': {
      const [best, second] = values.toSorted((a, b) => b - a) as [number, number];
      const at = values.indexOf(best);
      return values.map((_, k) => (k === at ? (best - second) / (Math.max(deviation(values, ddof), stdFloor) + eps) : 0));
    }
    case 'dr_grpo':
      return centred;
    case 'rloo':
      return centred.map((value) => (value * values.length) / (values.length - 1));
    case 'opo': {
      const baseline = lengthWeightedMean(values, lengths);
      return values.map((value) => value - baseline);
    }
    case 'maxrl':
      return mean <= zeroRange ? values.map(() => 0) : centred.map((value) => value / (mean + eps));
    default:
      return estimator satisfies never;
  }
}

/** Standard deviation with `ddof` degrees of freedom taken off. */
export function deviation(values: readonly number[], ddof: number): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - ddof));
}

function lengthWeightedMean(values: readonly number[], lengths: readonly number[] | undefined): number {
  if (!lengths) throw new RangeError('opo needs the lengths of the responses');
  let weighted = 0;
  let total = 0;
  for (const [k, value] of values.entries()) {
    const length = lengths[k] ?? Number.NaN;
    if (!(length >= 0)) throw new RangeError(`opo: length ${k} is ${length}; lengths are token counts, one a reward`);
    weighted += value * length;
    total += length;
  }
  return total > 0 ? weighted / total : 0;
}
