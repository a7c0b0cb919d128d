/** Kernel density estimates: a smooth curve for a handful of values. Pure. */

/**
 * Gaussian kernel density of `values` at each point of `at`, with Scott's bandwidth `n^(-1/5)` times the sample's standard deviation
 * (Scott 1992), as scipy's `gaussian_kde` and seaborn's `kdeplot` have it.
 *
 * @param values [n] at least one, finite; where all are equal the bandwidth is 1.
 * @param at [R] points.
 * @returns [R] densities, in shares per unit of `values`.
 * @throws {RangeError} for no values, or one that is not finite.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { gaussianDensity } from '../../../src/lib/density.ts';
 * const [peak = 0, beside = 0] = gaussianDensity([5], [5, 6]);
 * assert.ok(Math.abs(peak - 1 / Math.sqrt(2 * Math.PI)) < 1e-12 && beside < peak);
 * ```
 */
export function gaussianDensity(values: readonly number[], at: readonly number[]): number[] {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError(`a density needs finite values, got ${values.length === 0 ? 'none' : values.find((v) => !Number.isFinite(v))}`);
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1));
  const bandwidth = deviation > 0 ? deviation * n ** -0.2 : 1;
  const scale = n * bandwidth * Math.sqrt(2 * Math.PI);
  return at.map((x) => values.reduce((sum, value) => sum + Math.exp(-0.5 * ((x - value) / bandwidth) ** 2), 0) / scale);
}
