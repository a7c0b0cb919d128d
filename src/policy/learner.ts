/** Learner: one batch in, the next policy version out. It knows no algorithm: all is in the batch. */
import type { TrainingBatch } from '../core/training.ts';
import type { PolicyWeights } from '../core/weights.ts';

/** Where a learner keeps its optimizer's moments in a checkpoint, whatever runs it. */
export const optimizerStateFile = 'optimizer.safetensors';

export interface LearnerStepOptions {
  /** Multiplies the optimizer's learning rates: warm-up and decay are the loop's. */
  readonly learningRateFactor: number;
  /** Whether `weights()` will be asked for before the next step; a learner in another process writes them only then. Default true. */
  readonly publishWeights?: boolean;
  /** Oldest version that a sampler may still load, or go back to: a learner that writes weights keeps them from there. Default: the version before. */
  readonly keepWeightsFrom?: number;
  readonly signal?: AbortSignal;
}

/** Figures of one step, by name: `loss`, `grad_norm`, `approx_kl` (to the sampler), `ref_kl`, `clip_fraction`, `ratio_max`, `logprob_diff_mean`, `logprob_diff_max`, `loss_tokens`, `tokens`. A figure that is not finite stays in: it is the sign of a step that went wrong. */
export type LearnerMetrics = Readonly<Record<string, number>>;

/** The figures of a learner in another process: JSON has no word for NaN and the infinities, which come as null. */
export function metricsFromJson(metrics: Readonly<Record<string, number | null>>): LearnerMetrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN]));
}

export interface LearnerResult {
  readonly version: number;
  readonly metrics: LearnerMetrics;
}

export interface Learner {
  /** Version of the weights: the number of steps taken since version 0. */
  readonly version: number;
  step(batch: TrainingBatch, options: LearnerStepOptions): Promise<LearnerResult>;
  /** Where the current weights are. Tensors are valid until the next step, a directory until a step that need not keep it. */
  weights(): PolicyWeights;
  /** Writes `model.safetensors` and `evom_state/optimizer.safetensors` into an existing directory. */
  save(directory: string): Promise<void>;
  close(): Promise<void>;
}
