/** Corrects a micro-batch for its sampler: the weights go into the advantages, in which every surrogate is linear. */
import type { SamplerCorrection } from '../../core/training.ts';
import { samplerWeights } from '../../rl/importance-ratio.ts';
import type { MicroBatch } from './micro-batches.ts';

/**
 * The same micro-batch with old log-probabilities filled in and advantages weighed by `pi_old / pi_sampler`.
 *
 * `off_policy_mask` compares the learner with the sampler instead, whatever is old: the ratio and its clip stay beside it (DeepSeek-V3.2,
 * TRL). The weights are at least 0, so clips and dual clips scale with them.
 *
 * @param logprobs [B*G*C] of the learner before the step: the old ones where the batch names none (NaN).
 */
export function correctedForSampler(batch: MicroBatch, logprobs: Float32Array, correction: SamplerCorrection): MicroBatch {
  const { columns, sizes } = batch;
  const old = columns.old_logprob.map((value, i) => (Number.isNaN(value) ? (logprobs[i] as number) : value));
  const compared = correction.type === 'off_policy_mask' ? logprobs : old;
  const advantage = columns.advantage.slice();
  const dualBound = columns.dual_bound.slice();
  for (let start = 0; start < old.length; start += sizes.C) {
    const row = <T extends { subarray(from: number, to: number): T }>(values: T): T => values.subarray(start, start + sizes.C);
    const mask = Uint8Array.from(row(columns.weight), (weight) => (weight === 0 ? 0 : 1));
    const weights = samplerWeights(row(compared), row(columns.sampler_logprob), mask, correction, row(columns.advantage));
    for (const [t, weight] of weights.entries()) {
      advantage[start + t] = (advantage[start + t] as number) * weight;
      dualBound[start + t] = (dualBound[start + t] as number) * weight;
    }
  }
  return { ...batch, columns: { ...columns, old_logprob: old, advantage, dual_bound: dualBound } };
}
