/** Drawing a token from a row of probabilities: filters, inverse CDF, log-probability, entropy. */
import type { SamplingParams } from '../../policy/policy.ts';

export type TokenFilter = Pick<SamplingParams, 'temperature' | 'topK' | 'topP'>;

/** The temperature at which log-probabilities are reported: greedy decoding (0) reports those at 1. */
export const reportedTemperature = (temperature: number): number => (temperature === 0 ? 1 : temperature);

/**
 * `softmax(logits / temperature)` in float64, stored as float32.
 *
 * @param logits [V] finite or -Infinity, at least one finite.
 * @param temperature greater than 0.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { softmaxRow } from 'evom/embedded';
 * assert.deepEqual([...softmaxRow(Float32Array.of(0, 0), 1)], [0.5, 0.5]);
 * ```
 */
export function softmaxRow(logits: Float32Array, temperature: number): Float32Array {
  let max = -Infinity;
  for (const logit of logits) if (logit > max) max = logit;
  const out = new Float32Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(((logits[i] as number) - max) / temperature);
  for (let i = 0; i < logits.length; i++) out[i] = Math.exp(((logits[i] as number) - max) / temperature) / sum;
  return out;
}

/** `-sum p ln p` in nats; zero probabilities add nothing. */
export function entropyOfRow(probabilities: Float32Array): number {
  let sum = 0;
  for (const p of probabilities) if (p > 0) sum -= p * Math.log(p);
  return sum;
}

/** Id of the largest probability, the lowest id among equals. */
export function likeliestToken(probabilities: Float32Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) if ((probabilities[i] as number) > (probabilities[best] as number)) best = i;
  return best;
}

/**
 * The tokens that top-k, then top-p keep, likeliest first, lower ids first among equals.
 *
 * Top-p is taken over the mass that top-k left, as in Hugging Face: the smallest prefix whose share reaches `topP`.
 *
 * @param probabilities [V] summing to about 1.
 * @returns at least one id.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { keptTokens } from 'evom/embedded';
 * assert.deepEqual(keptTokens(Float32Array.of(0.125, 0.5, 0.25, 0.125), { topK: 3, topP: 0.8 }), [1, 2]);
 * ```
 */
export function keptTokens(probabilities: Float32Array, { topK, topP }: Pick<TokenFilter, 'topK' | 'topP'>): number[] {
  const before = (a: number, b: number) => (probabilities[b] as number) - (probabilities[a] as number) || a - b;
  // All tokens below this floor together hold less than 1 - topP, so none of them is in the smallest set (half of it
  // allows for rounding). With top-k the shares are of another total, so the floor stays out.
  const floor = topK === 0 && topP < 1 ? (0.5 * (1 - topP)) / probabilities.length : 0;
  let kept: number[] = [];
  for (let i = 0; i < probabilities.length; i++) if ((probabilities[i] as number) >= floor) kept.push(i);
  if (topK > 0 && topK < kept.length) kept = largest(kept, probabilities, topK);
  kept.sort(before);
  if (topP >= 1) return kept;
  let total = 0;
  if (topK === 0) for (const p of probabilities) total += p;
  else for (const id of kept) total += probabilities[id] as number;
  let mass = 0;
  let size = 0;
  while (size < kept.length && (size === 0 || mass < topP * total)) mass += probabilities[kept[size++] as number] as number;
  return kept.slice(0, size);
}

/** The k ids of largest probability, earlier ids winning ties; sorted insertion, for k far below V. */
function largest(ids: readonly number[], probabilities: Float32Array, k: number): number[] {
  const top: number[] = [];
  for (const id of ids) {
    const p = probabilities[id] as number;
    if (top.length === k && p <= (probabilities[top[k - 1] as number] as number)) continue;
    let low = 0;
    let high = top.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((probabilities[top[middle] as number] as number) >= p) low = middle + 1;
      else high = middle;
    }
    top.splice(low, 0, id);
    if (top.length > k) top.pop();
  }
  return top;
}

/**
 * Draws one token by inverse CDF with one uniform number.
 *
 * @param probabilities [V] at the sampling temperature.
 * @param uniform in [0, 1); ignored by greedy decoding.
 * @returns its id. A filter renormalises what it keeps; the log-probability to report is of `probabilities` itself.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { drawToken } from 'evom/embedded';
 * const row = Float32Array.of(0.25, 0.5, 0.25);
 * assert.equal(drawToken(row, { temperature: 1, topK: 0, topP: 1 }, 0.3), 1);
 * assert.equal(drawToken(row, { temperature: 0, topK: 0, topP: 1 }, 0.9), 1);
 * ```
 */
export function drawToken(probabilities: Float32Array, filter: TokenFilter, uniform: number): number {
  if (filter.temperature === 0) return likeliestToken(probabilities);
  if (filter.topK === 0 && filter.topP >= 1) return inverseCdf(probabilities, uniform);
  const kept = keptTokens(probabilities, filter);
  let total = 0;
  for (const id of kept) total += probabilities[id] as number;
  let cumulative = 0;
  for (const id of kept) {
    cumulative += probabilities[id] as number;
    if (cumulative > uniform * total) return id;
  }
  return kept.at(-1) as number;
}

function inverseCdf(probabilities: Float32Array, uniform: number): number {
  let cumulative = 0;
  for (let i = 0; i < probabilities.length; i++) {
    cumulative += probabilities[i] as number;
    if (cumulative > uniform) return i;
  }
  // float32 rows sum to 1 only within rounding: the last token that has any probability takes what is missing.
  for (let i = probabilities.length - 1; i > 0; i--) if ((probabilities[i] as number) > 0) return i;
  return 0;
}

/** Entropy (nats) of row `r` from a graph's `entropy_parts`: largest logit, largest probability, sum of p times logit. */
export function entropyFromParts(parts: Float32Array, r: number): number {
  const [maxLogit, maxProbability, mean] = parts.subarray(3 * r, 3 * r + 3) as unknown as [number, number, number];
  return Math.max(0, maxLogit - Math.log(maxProbability) - mean);
}
