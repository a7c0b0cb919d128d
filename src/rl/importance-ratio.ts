/** Ratios between two policies' probabilities of the same tokens, and weights that correct for the sampler. */
import type { SamplerCorrection } from '../core/training.ts';

export type { SamplerCorrection } from '../core/training.ts';

/** Log-probabilities of one row, nats. */
export type Logprobs = Float32Array | Float64Array | readonly number[];

const logRatioBound = 20;
const sequenceLogRatioBound = 10;

/**
 * Token ratios `exp(lp - old)`, the difference clamped to ±20; 0 where the mask is 0.
 *
 * @returns [T]
 */
export function tokenRatios(logprobs: Logprobs, oldLogprobs: Logprobs, lossMask: Uint8Array): Float64Array {
  return Float64Array.from(lossMask, (bit, t) => (bit === 0 ? 0 : Math.exp(clampedLogRatio(logprobs, oldLogprobs, t))));
}

/**
 * GSPO's sequence ratio: `exp` of the mean over loss tokens of `lp - old`, the geometric mean of the token ratios
 * (arXiv:2507.18071, equation 7). The mean is clamped to at most 10; a row without loss tokens has ratio 1.
 */
export function sequenceRatio(logprobs: Logprobs, oldLogprobs: Logprobs, lossMask: Uint8Array): number {
  const { sum, count } = summedLogRatio(logprobs, oldLogprobs, lossMask);
  return Math.exp(Math.min(sequenceLogRatioBound, sum / Math.max(count, 1)));
}

/**
 * Weights `pi_old / pi_sampler` of one row's tokens, to multiply the surrogate with (no gradient flows through them).
 *
 * The log-ratios are clamped to ±20. Under the sequence level one noisy long response is enough to leave the range, since
 * the sum of its log-ratios grows with its length: prefer `geometric` for long responses.
 *
 * @param oldLogprobs [T] of the trainer before the step.
 * @param samplerLogprobs [T] of the engine that drew the tokens, at the same temperature.
 * @param advantages [T], whose signs `off_policy_mask` looks at; others do not read them.
 * @returns [T] weights, 0 where the mask is 0.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { samplerWeights } from 'evom/rl';
 * const weights = samplerWeights([-1, -1], [-1, -3], Uint8Array.of(1, 1), { type: 'truncate', level: 'token', low: 0, high: 2 });
 * assert.deepEqual([...weights], [1, 2]);
 * ```
 */
export function samplerWeights(
  oldLogprobs: Logprobs,
  samplerLogprobs: Logprobs,
  lossMask: Uint8Array,
  correction: SamplerCorrection,
  advantages: Logprobs = [],
): Float64Array {
  const ratios = tokenRatios(oldLogprobs, samplerLogprobs, lossMask);
  const { sum, count } = summedLogRatio(oldLogprobs, samplerLogprobs, lossMask);
  const sequence = Math.exp(Math.min(logRatioBound, Math.max(-logRatioBound, sum)));
  const onTokens = (weight: (ratio: number) => number): Float64Array => ratios.map((ratio, t) => (lossMask[t] === 0 ? 0 : weight(ratio)));
  const inside = (ratio: number): boolean => correction.type === 'mask' && ratio >= correction.low && ratio <= correction.high;
  switch (correction.type) {
    case 'truncate': {
      const clamp = (ratio: number): number => Math.min(correction.high, Math.max(correction.low, ratio));
      return onTokens((ratio) => clamp(correction.level === 'token' ? ratio : sequence));
    }
    case 'mask':
      switch (correction.level) {
        case 'token':
          return onTokens((ratio) => (inside(ratio) ? ratio : 0));
        case 'sequence':
          return onTokens(() => (inside(sequence) ? sequence : 0));
        case 'geometric': {
          const keep = inside(Math.exp(sum / Math.max(count, 1)));
          return onTokens((ratio) => (keep ? ratio : 0));
        }
        default:
          return correction satisfies never;
      }
    case 'off_policy_mask': {
      const isFar = -sum / Math.max(count, 1) > correction.threshold;
      return Float64Array.from(lossMask, (bit, t) => (bit === 0 || (isFar && (advantages[t] ?? 0) < 0) ? 0 : 1));
    }
    default:
      return correction satisfies never;
  }
}

function clampedLogRatio(logprobs: Logprobs, oldLogprobs: Logprobs, t: number): number {
  const difference = (logprobs[t] ?? Number.NaN) - (oldLogprobs[t] ?? Number.NaN);
  return Math.min(logRatioBound, Math.max(-logRatioBound, difference));
}

function summedLogRatio(logprobs: Logprobs, oldLogprobs: Logprobs, lossMask: Uint8Array): { sum: number; count: number } {
  let sum = 0;
  let count = 0;
  for (const [t, bit] of lossMask.entries()) {
    if (bit === 0) continue;
    sum += (logprobs[t] ?? Number.NaN) - (oldLogprobs[t] ?? Number.NaN);
    count++;
  }
  return { sum, count };
}
