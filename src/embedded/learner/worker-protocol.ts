/** What the learner and its worker threads say to each other. Big arrays are shared memory, never messages. */

import type { DecoderConfig } from '../../checkpoint/decoder-config.ts';
import type { LossConfig } from '../../core/training.ts';
import type { OptimizerConfig } from '../../policy/optimizer-config.ts';
import type { SessionOptions } from '../nn/session.ts';
import type { MicroBatch } from './micro-batches.ts';
import type { UpdateOptions } from './optimizer.ts';
import type { StepStatistics } from './step-statistics.ts';

/** What a worker is started with; all shared arrays have one float32 per parameter value. */
export interface WorkerSetup {
  readonly config: DecoderConfig;
  readonly optimizer: OptimizerConfig;
  /** Position of this worker in `gradients`. */
  readonly index: number;
  /** Parameters that this worker reduces and updates. */
  readonly share: readonly number[];
  readonly weights: SharedArrayBuffer;
  readonly first: SharedArrayBuffer;
  readonly second: SharedArrayBuffer;
  /** Of this worker's graph runs; null: it computes no gradients, and only reduces and updates its share. */
  readonly session: SessionOptions | null;
  /** One a worker that computes gradients; after `reduce`, the first holds the sum. */
  readonly gradients: readonly SharedArrayBuffer[];
}

export type WorkerRequest =
  | { readonly type: 'gradient'; readonly batches: readonly MicroBatch[]; readonly loss: LossConfig }
  /** Sums the workers' gradients over this worker's share, in the order of workers. */
  | { readonly type: 'reduce' }
  | { readonly type: 'update'; readonly options: UpdateOptions }
  | { readonly type: 'close' };

export type WorkerReply =
  | { readonly type: 'gradient'; readonly statistics: StepStatistics }
  /** Sum of squares of each parameter of the share. */
  | { readonly type: 'reduce'; readonly squares: readonly (readonly [parameter: number, sum: number])[] }
  | { readonly type: 'update' }
  | { readonly type: 'close' }
  | { readonly type: 'failed'; readonly message: string };
