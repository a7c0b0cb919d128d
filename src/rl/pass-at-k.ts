/** pass@k without the bias of resampling with replacement. */

/**
 * Unbiased estimate of the chance that at least one of k samples is right: `1 - C(n - c, k) / C(n, k)`.
 *
 * Chen et al. 2021 (arXiv:2107.03374), equation 1, as a product that cannot overflow.
 *
 * @param numSamples n, samples drawn, at least k.
 * @param numCorrect c, of them right.
 * @param k draws allowed, at least 1.
 * @returns a probability in [0, 1].
 * @throws {RangeError} unless `0 <= c <= n` and `1 <= k <= n`, all whole.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { passAtK } from 'evom';
 * assert.equal(passAtK(4, 1, 4), 1);
 * assert.equal(passAtK(4, 1, 2), 0.5);
 * ```
 */
export function passAtK(numSamples: number, numCorrect: number, k: number): number {
  if (![numSamples, numCorrect, k].every(Number.isInteger) || numCorrect < 0 || numCorrect > numSamples || k < 1 || k > numSamples)
    throw new RangeError(`pass@k needs 0 <= c <= n and 1 <= k <= n, got n=${numSamples}, c=${numCorrect}, k=${k}`);
  const numWrong = numSamples - numCorrect;
  if (numWrong < k) return 1;
  let allWrong = 1;
  for (let i = 0; i < k; i++) allWrong *= (numWrong - i) / (numSamples - i);
  return 1 - allWrong;
}

/** Samples and right samples of one problem. */
export interface PassCount {
  readonly numSamples: number;
  readonly numCorrect: number;
}

/**
 * Mean of the problems' unbiased pass@k, with its standard error over problems (`sd / sqrt(P)`, Bessel).
 *
 * Problems with fewer than k samples cannot be estimated and are left out; `problems` says how many counted.
 *
 * @param counts [P] counts, one a problem.
 * @returns `mean` is NaN with no problem that counts, `standardError` with fewer than two.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { meanPassAtK } from 'evom';
 * const { mean, standardError, problems } = meanPassAtK([{ numSamples: 4, numCorrect: 4 }, { numSamples: 4, numCorrect: 0 }], 2);
 * assert.deepEqual([mean, standardError, problems], [0.5, 0.5, 2]);
 * ```
 */
export function meanPassAtK(counts: readonly PassCount[], k: number): { mean: number; standardError: number; problems: number } {
  const values = counts.filter(({ numSamples }) => numSamples >= k).map(({ numSamples, numCorrect }) => passAtK(numSamples, numCorrect, k));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, standardError: values.length > 1 ? Math.sqrt(variance / values.length) : Number.NaN, problems: values.length };
}
