/** How a gradient is shared out over threads: small models for speed, large ones so that memory stays within a few times the weights. */
import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import type { SessionOptions } from '../nn/session.ts';

/** Weights from which on memory decides. */
const large = 2 ** 25;
/** Bytes of activations that a graph run of a large model should not exceed. */
const activationBytes = 2 ** 30;

export interface GradientPlan {
  /** Workers that compute gradients, each with weights, gradients and activations of its own. */
  readonly workers: number;
  /** Of each of them. */
  readonly session: SessionOptions;
  /** Token rows of one graph run. */
  readonly microBatchTokens: number;
}

/**
 * Small models: a worker a thread, since operators are too small to be shared out. Large ones: one worker whose operators run on all
 * threads, runs of few tokens, and memory that goes back to the system after each operator.
 *
 * @param weights number of the model's weights.
 * @param microBatchTokens at most so many token rows a run.
 */
export function gradientPlan(config: DecoderConfig, weights: number, threads: number, microBatchTokens: number): GradientPlan {
  if (weights < large) return { workers: threads, session: { threads: 1 }, microBatchTokens };
  const bounded = Math.floor(activationBytes / activationBytesPerToken(config));
  return { workers: 1, session: { threads, keepsMemory: false }, microBatchTokens: Math.max(1, Math.min(microBatchTokens, bounded)) };
}

/**
 * What the backward pass keeps of one token row, besides attention's scores: of each layer two norms, two residuals and the mixed heads
 * [hidden], queries, keys and values before and after their rotation, and the five values of the gated unit.
 */
export function activationBytesPerToken({
  hiddenSize,
  intermediateSize,
  numLayers,
  numHeads,
  numKeyValueHeads,
  headDim,
}: DecoderConfig): number {
  const heads = numHeads * headDim;
  const keyValues = numKeyValueHeads * headDim;
  return 4 * numLayers * (4 * hiddenSize + 3 * heads + 3 * keyValues + 5 * intermediateSize);
}
