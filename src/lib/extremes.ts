/** The largest and the smallest of any number of values: `Math.max(...values)` overflows the stack near 120,000. */

/**
 * The largest of `values`; `-Infinity` of none, NaN where one is NaN.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { largest } from '../../../src/lib/extremes.ts';
 * assert.equal(largest(new Float64Array(1e6).fill(2)), 2);
 * ```
 */
export function largest(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The smallest of `values`; `Infinity` of none, NaN where one is NaN. */
export function smallest(values: Iterable<number>): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  return least;
}
