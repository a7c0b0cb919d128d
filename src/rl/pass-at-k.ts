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
 * import { passAtK } from 'evom/rl';
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
