/** Policy: prompts in, completions with log-probabilities out, at one weight version. */
import type { Completion } from '../core/rollout.ts';
import type { PolicyWeights } from '../core/weights.ts';

export interface SamplingParams {
  /** Greater than 0; 0 means greedy (its log-probabilities are those at temperature 1). */
  readonly temperature: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  readonly topK: number;
  /** Keep the smallest set of likeliest tokens with this much probability; 1 keeps all. */
  readonly topP: number;
  readonly maxTokens: number;
}

/** One prompt, sampled once a seed. */
export interface SampleRequest {
  readonly promptIds: Int32Array;
  /** [G] stream keys, one a sample: `randomStream(seed)` draws it. */
  readonly seeds: readonly string[];
}

export interface SampleOptions {
  /** Called as each completion ends, so that it can be verified while others are still sampled. */
  readonly onCompletion?: (requestIndex: number, sampleIndex: number, completion: Completion) => void;
  readonly signal?: AbortSignal;
}

export type { PolicyWeights } from '../core/weights.ts';

export interface ScoreRequest {
  readonly promptIds: Int32Array;
  readonly completionIds: Int32Array;
}

export interface Policy {
  readonly modelId: string;
  /** Version of the weights it samples with now. */
  readonly version: number;
  /** Longest prompt plus completion, in tokens. */
  readonly maxLength: number;
  /** @returns [requests][G] completions, in the order asked; the same requests give the same completions. */
  sample(requests: readonly SampleRequest[], params: SamplingParams, options?: SampleOptions): Promise<Completion[][]>;
  /** @returns for each request the [T] log-probabilities (nats) of its completion's tokens at `temperature`. */
  score(requests: readonly ScoreRequest[], temperature: number): Promise<Float32Array[]>;
  update(weights: PolicyWeights): Promise<void>;
  close(): Promise<void>;
}
