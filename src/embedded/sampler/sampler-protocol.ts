/** Messages between the policy and its worker threads. */

import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import type { EvomErrorCode } from '../../lib/errors.ts';
import type { SamplingParams, ScoreRequest } from '../../policy/policy.ts';
import type { SampledCompletion, SampleUnit } from './batch-sampler.ts';
import type { SamplerPrecision } from './projections.ts';

/** Weights in shared memory: every worker builds its graphs from the same copy. */
export interface SharedWeights {
  readonly version: number;
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

export interface SamplerWorkerData {
  readonly config: DecoderConfig;
  readonly stopIds: readonly number[];
  readonly precision: SamplerPrecision;
  readonly batchRows: number;
  readonly refillBelow: number;
}

export type SamplerJob =
  | { readonly type: 'load'; readonly weights: SharedWeights }
  /** `aborted` holds one number; other than 0 means stop. */
  | { readonly type: 'sample'; readonly units: readonly SampleUnit[]; readonly params: SamplingParams; readonly aborted: Int32Array }
  | { readonly type: 'score'; readonly requests: readonly ScoreRequest[]; readonly temperature: number }
  | { readonly type: 'close' };

export interface SamplerRequest {
  readonly id: number;
  readonly job: SamplerJob;
}

/** An error's class and code do not survive the way between threads, so they travel as data. */
export type SamplerReply =
  | { readonly id: number; readonly type: 'completion'; readonly completion: SampledCompletion; readonly version: number }
  | { readonly id: number; readonly type: 'done'; readonly logprobs: readonly Float32Array[] }
  | { readonly id: number; readonly type: 'failed'; readonly code: EvomErrorCode; readonly message: string };
