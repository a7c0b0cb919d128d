/** A policy that answers from a script: for tests and demonstrations that need no model. */
import type { Completion } from '../core/rollout.ts';
import { checkSampleRequests, checkScoreRequests } from './check-requests.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from './policy.ts';

/** What the policy answers to a prompt's sample: token ids, cut at `maxTokens`. */
export type Script = (promptIds: Int32Array, seed: string) => readonly number[];

export interface ScriptedPolicyOptions {
  readonly script: Script;
  readonly stopIds: readonly number[];
  readonly vocabSize: number;
  readonly maxLength?: number;
  /** Log-probability (nats) given to every token; default -0.5. */
  readonly logprob?: number;
}

/**
 * A policy whose completions are given. It draws nothing, so temperature, top-k and top-p are only checked.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createScriptedPolicy } from 'evom/policy';
 * const policy = createScriptedPolicy({ script: () => [7, 1], stopIds: [1], vocabSize: 10 });
 * const request = { promptIds: Int32Array.of(5), seeds: ['a'] };
 * const [[completion] = []] = await policy.sample([request], { temperature: 1, topK: 0, topP: 1, maxTokens: 4 });
 * assert.equal(completion?.finishReason, 'stop');
 * ```
 */
export function createScriptedPolicy(options: ScriptedPolicyOptions): Policy {
  const { script, stopIds, vocabSize, maxLength = 1_000_000, logprob = -0.5 } = options;
  const limits = { modelId: 'scripted', maxLength, vocabSize };
  let version = 0;
  const complete = (promptIds: Int32Array, seed: string, maxTokens: number): Completion => {
    const ids = script(promptIds, seed).slice(0, maxTokens);
    const stop = ids.findIndex((id) => stopIds.includes(id));
    const tokenIds = Int32Array.from(stop === -1 ? ids : ids.slice(0, stop + 1));
    return {
      tokenIds,
      logprobs: new Float32Array(tokenIds.length).fill(logprob),
      entropy: -logprob,
      finishReason: stop === -1 ? 'length' : 'stop',
      policyVersion: version,
    };
  };
  return {
    modelId: limits.modelId,
    maxLength,
    get version() {
      return version;
    },
    sample: async (requests: readonly SampleRequest[], params: SamplingParams, { onCompletion, signal }: SampleOptions = {}) => {
      checkSampleRequests(requests, params, limits);
      signal?.throwIfAborted();
      return requests.map(({ promptIds, seeds }, requestIndex) =>
        seeds.map((seed, sampleIndex) => {
          const completion = complete(promptIds, seed, params.maxTokens);
          onCompletion?.(requestIndex, sampleIndex, completion);
          return completion;
        }),
      );
    },
    score: async (requests: readonly ScoreRequest[], temperature: number) => {
      checkScoreRequests(requests, temperature, limits);
      return requests.map(({ completionIds }) => new Float32Array(completionIds.length).fill(logprob));
    },
    update: async (weights: PolicyWeights) => {
      version = weights.version;
    },
    close: async () => {},
  };
}
