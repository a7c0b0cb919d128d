/** Intervals and paired tests for pass rates. Every random draw is seeded, so a report replays. */
import { randomStream } from './random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval for a proportion (Wilson 1927); unlike the normal one it stays in [0, 1] and is right at 0 and n.
 *
 * @param successes whole, in 0..trials.
 * @param trials at least 1.
 * @param z normal quantile; 1.959964 is 95 %.
 * @throws {RangeError} if the counts are impossible.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { wilsonInterval } from 'evom/lib';
 * const { low, high } = wilsonInterval(8, 10);
 * assert.ok(Math.abs(low - 0.4902) < 1e-4 && Math.abs(high - 0.9433) < 1e-4);
 * ```
 */
export function wilsonInterval(successes: number, trials: number, z = 1.959963984540054): Interval {
  if (!(trials >= 1 && successes >= 0 && successes <= trials))
    throw new RangeError(`a proportion needs 0 <= successes <= trials, got ${successes} of ${trials}`);
  const rate = successes / trials;
  const spread = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  const centre = rate + (z * z) / (2 * trials);
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}

export interface ResamplingOptions {
  /** Names the random stream. */
  readonly seed: string | number;
  /** Default 10000 sign flips, 2000 bootstrap means. */
  readonly resamples?: number;
}

/**
 * Percentile bootstrap interval of a mean, resampling the values (problems, so that samples of one problem stay together).
 *
 * @param values [P] one value a problem.
 * @returns `[low, high]`; NaN for no values.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { bootstrapMeanInterval } from 'evom/lib';
 * const [low, high] = bootstrapMeanInterval([0, 1, 1, 0.5, 0.75, 0.25], { seed: 7 });
 * assert.ok(low < 3.5 / 6 && 3.5 / 6 < high);
 * ```
 */
export function bootstrapMeanInterval(
  values: readonly number[],
  { seed, resamples = 2000, confidence = 0.95 }: ResamplingOptions & { readonly confidence?: number },
): [low: number, high: number] {
  if (values.length === 0) return [Number.NaN, Number.NaN];
  const stream = randomStream(seed, 'bootstrap');
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[stream.int(0, values.length - 1)] ?? 0;
    return sum / values.length;
  }).sort();
  const tail = (1 - confidence) / 2;
  return [quantile(means, tail), quantile(means, 1 - tail)];
}

/** 97.5 % quantiles of Student's t with 1 to 30 degrees of freedom, as statistical tables print them. */
const studentQuantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;

/**
 * Mean of a few independent values, such as one a seed, with Student's 95 % interval.
 *
 * @param values at least one.
 * @returns `interval` is null of a single value: it says nothing about the next one.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { meanInterval } from 'evom/lib';
 * const { mean, interval } = meanInterval([0.5, 0.6, 0.7]);
 * assert.ok(Math.abs(mean - 0.6) < 1e-12 && interval !== null && Math.abs(interval[1] - 0.8484) < 1e-4);
 * ```
 */
export function meanInterval(values: readonly number[]): { readonly mean: number; readonly interval: readonly [number, number] | null } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, interval: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  // Beyond 30 the normal quantile and its first correction (Cornish and Fisher) are within 0.001.
  const half = (studentQuantiles[n - 2] ?? 1.96 + 2.372 / (n - 1)) * Math.sqrt(variance / n);
  return { mean, interval: [mean - half, mean + half] };
}

export interface PairedTest {
  /** Mean of `after - before`. */
  readonly meanDifference: number;
  /** Two-sided. */
  readonly pValue: number;
}

/** Sign patterns are listed, not drawn, up to this many pairs that differ. */
const maxExactPairs = 16;

/**
 * Paired sign-flip permutation test: were `after` and `before` exchangeable within each problem, how often would the
 * mean differ this much either way? Exact up to 16 problems that differ; above, `(hits + 1) / (resamples + 1)`.
 *
 * @param after [P] for example pass rates of the later policy.
 * @param before [P] of the same problems in the same order.
 * @throws {RangeError} if the lengths differ.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { pairedPermutationTest } from 'evom/lib';
 * const { pValue } = pairedPermutationTest([1, 1, 1, 1, 1], [0, 0, 0, 0, 0], { seed: 1 });
 * assert.equal(pValue, 2 / 32);
 * ```
 */
export function pairedPermutationTest(
  after: readonly number[],
  before: readonly number[],
  { seed, resamples = 10_000 }: ResamplingOptions,
): PairedTest {
  if (after.length !== before.length)
    throw new RangeError(`a paired test needs as many values after (${after.length}) as before (${before.length})`);
  const differences = after.map((value, i) => value - (before[i] ?? Number.NaN));
  const total = differences.reduce((sum, value) => sum + value, 0);
  const meanDifference = after.length === 0 ? 0 : total / after.length;
  const moving = differences.filter((value) => value !== 0);
  // Sums of the same numbers in another order may differ in the last bits; they must still count as equal.
  const observed = Math.abs(total) - 1e-9 * moving.reduce((sum, value) => sum + Math.abs(value), 0);
  if (moving.length <= maxExactPairs) {
    const patterns = 2 ** moving.length;
    let hits = 0;
    for (let pattern = 0; pattern < patterns; pattern++) {
      let sum = 0;
      for (const [i, value] of moving.entries()) sum += (pattern >> i) & 1 ? value : -value;
      if (Math.abs(sum) >= observed) hits++;
    }
    return { meanDifference, pValue: hits / patterns };
  }
  const stream = randomStream(seed, 'sign-flip');
  let hits = 0;
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (const value of moving) sum += stream.next() < 0.5 ? value : -value;
    if (Math.abs(sum) >= observed) hits++;
  }
  return { meanDifference, pValue: (hits + 1) / (resamples + 1) };
}

/**
 * Exact two-sided McNemar test of pass/fail results: only problems whose result changed say anything, and under no
 * difference each change is a fair coin.
 *
 * @param gained problems that failed before and pass after.
 * @param lost problems that passed before and fail after.
 * @returns p-value in (0, 1]; 1 when nothing changed.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { mcnemarTest } from 'evom/lib';
 * assert.equal(mcnemarTest(5, 0), 2 / 32);
 * ```
 */
export function mcnemarTest(gained: number, lost: number): number {
  if (![gained, lost].every((count) => Number.isInteger(count) && count >= 0))
    throw new RangeError(`McNemar's test counts changed problems, got ${gained} and ${lost}`);
  const changed = gained + lost;
  // log C(n, i) - n log 2, so that thousands of changes do not overflow.
  let logTerm = -changed * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let i = 1; i <= Math.min(gained, lost); i++) {
    logTerm += Math.log((changed - i + 1) / i);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}

/** Linear interpolation between order statistics (type 7, as numpy's default). */
function quantile(sorted: Float64Array, probability: number): number {
  const at = probability * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}
