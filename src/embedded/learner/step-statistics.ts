/** Figures of a gradient step, summed over tokens in float64 and over micro-batches in a fixed order. */
import type { LossConfig } from '../../core/training.ts';
import { isClipped } from '../../rl/surrogate.ts';
import type { MicroBatch } from './micro-batches.ts';

/** Sums and maxima over the loss tokens seen so far. */
export interface StepStatistics {
  loss: number;
  tokens: number;
  lossTokens: number;
  entropy: number;
  approxKl: number;
  refKl: number;
  clipped: number;
  ratioMax: number;
  logprobDiff: number;
  logprobDiffMax: number;
  /** Of the weights pi_learner / pi_sampler, whose effective sample size it gives. */
  weight: number;
  weightSquared: number;
}

export function emptyStatistics(): StepStatistics {
  return {
    loss: 0,
    tokens: 0,
    lossTokens: 0,
    entropy: 0,
    approxKl: 0,
    refKl: 0,
    clipped: 0,
    ratioMax: 0,
    logprobDiff: 0,
    logprobDiffMax: 0,
    weight: 0,
    weightSquared: 0,
  };
}

/** `exp(d) - d - 1`: Schulman's low-variance estimate of KL from a log-ratio d (nats), never negative. */
const k3 = (difference: number): number => Math.exp(Math.min(difference, 20)) - difference - 1;

/** Adds the tokens of one micro-batch, [R] values each. */
export function addTokenStatistics(
  sums: StepStatistics,
  batch: MicroBatch,
  loss: LossConfig,
  results: {
    readonly logprobs: Float32Array;
    readonly entropy: Float32Array;
    readonly loss: Float32Array;
    readonly ratio: Float32Array | null;
  },
): void {
  const { columns } = batch;
  const at = (values: Float32Array, i: number): number => values[i] as number;
  sums.tokens += batch.sizes.N;
  for (let i = 0; i < columns.weight.length; i++) {
    const weight = at(columns.weight, i);
    if (weight === 0) continue;
    const logprob = at(results.logprobs, i);
    sums.loss += weight * at(results.loss, i);
    sums.lossTokens += 1;
    sums.entropy += at(results.entropy, i);
    if (loss.type === 'cross_entropy' || results.ratio === null) continue;
    const sampler = at(columns.sampler_logprob, i);
    const ratio = at(results.ratio, i);
    const token = { ratio, advantage: at(columns.advantage, i), logprob, old: at(columns.old_logprob, i) };
    sums.approxKl += k3(logprob - sampler);
    sums.refKl += loss.klCoef === 0 ? 0 : k3(at(columns.ref_logprob, i) - logprob);
    sums.clipped += isClipped(loss, token) ? 1 : 0;
    sums.ratioMax = Math.max(sums.ratioMax, ratio);
    sums.logprobDiff += Math.abs(logprob - sampler);
    sums.logprobDiffMax = Math.max(sums.logprobDiffMax, Math.abs(logprob - sampler));
    const samplerRatio = Math.exp(Math.max(-20, Math.min(20, logprob - sampler)));
    sums.weight += samplerRatio;
    sums.weightSquared += samplerRatio ** 2;
  }
}

/** Adds one worker's sums to another's. */
export function mergeStatistics(into: StepStatistics, from: StepStatistics): void {
  for (const key of [
    'loss',
    'tokens',
    'lossTokens',
    'entropy',
    'approxKl',
    'refKl',
    'clipped',
    'logprobDiff',
    'weight',
    'weightSquared',
  ] as const)
    into[key] += from[key];
  for (const key of ['ratioMax', 'logprobDiffMax'] as const) into[key] = Math.max(into[key], from[key]);
}

/** Named metrics of a step, token means in nats; `tokens` counts computed token rows, padding included. */
export function statisticsMetrics(sums: StepStatistics, loss: LossConfig): Record<string, number> {
  const mean = (sum: number): number => (sums.lossTokens === 0 ? 0 : sum / sums.lossTokens);
  const base = { loss: sums.loss, loss_tokens: sums.lossTokens, tokens: sums.tokens, entropy: mean(sums.entropy) };
  if (loss.type === 'cross_entropy') return base;
  return {
    ...base,
    approx_kl: mean(sums.approxKl),
    ...(loss.klCoef === 0 ? {} : { ref_kl: mean(sums.refKl) }),
    clip_fraction: mean(sums.clipped),
    ratio_max: sums.ratioMax,
    logprob_diff_mean: mean(sums.logprobDiff),
    logprob_diff_max: sums.logprobDiffMax,
    // Kish's, as a share of the loss tokens: 1 when sampler and learner agree.
    effective_sample_size: sums.weightSquared === 0 ? 1 : sums.weight ** 2 / (sums.lossTokens * sums.weightSquared),
  };
}
