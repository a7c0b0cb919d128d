/** A policy that answers with completions from a file: stored outputs of any model, verified and scored like sampled ones. */

import { EvomError } from '../lib/errors.ts';
import { checkSampleRequests } from './check-requests.ts';
import type { Policy } from './policy.ts';
import { textCompletion, withoutWeights } from './text-policy.ts';

/** Finds the completions recorded for a prompt, in the order of samples; empty when there are none. */
export type Recall = (promptText: string) => readonly string[];

export interface RecordedPolicyOptions {
  readonly recall: Recall;
  /** Text to tokens and back; a completion's tokens are those of its recorded text and a stop token. */
  readonly encode: (text: string) => Int32Array;
  readonly decode: (ids: Int32Array) => string;
  readonly stopId: number;
  /** Names the recording in messages. */
  readonly name: string;
}

/**
 * Sample k of a prompt is its k-th recorded completion, whole: temperature, top-k, top-p and `maxTokens` had their say when it was
 * recorded. Nothing is known of its distribution: there are no log-probabilities and no entropy, and it can be neither scored nor trained.
 *
 * @throws {EvomError} `E_POLICY` from `sample` when fewer completions are recorded than asked for, from `score` and `update` always.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createRecordedPolicy } from 'evom/policy';
 * import { byteTokenizer } from 'evom/tokenizer';
 * const { encode, decode, padId: stopId } = byteTokenizer();
 * const policy = createRecordedPolicy({ recall: (prompt) => (prompt === 'q' ? ['ab'] : []), encode, decode, stopId, name: 'test' });
 * const [[completion] = []] = await policy.sample([{ promptIds: encode('q'), seeds: ['s'] }], { temperature: 1, topK: 0, topP: 1, maxTokens: 1 });
 * assert.deepEqual([...(completion?.tokenIds ?? [])], [97, 98, stopId]);
 * ```
 */
export function createRecordedPolicy({ recall, encode, decode, stopId, name }: RecordedPolicyOptions): Policy {
  const limits = { modelId: name, maxLength: Number.MAX_SAFE_INTEGER, vocabSize: stopId + 1 };
  return {
    modelId: name,
    version: 0,
    maxLength: limits.maxLength,
    sample: async (requests, params, { onCompletion, signal } = {}) => {
      checkSampleRequests(requests, params, limits);
      signal?.throwIfAborted();
      return requests.map(({ promptIds, seeds }, requestIndex) => {
        const texts = recall(decode(promptIds));
        if (texts.length < seeds.length) {
          const what = texts.length === 0 ? 'no completion' : `${texts.length} completions and not ${seeds.length}`;
          throw new EvomError('E_POLICY', `${name} holds ${what} for ${decode(promptIds).slice(0, 120)}...`);
        }
        return seeds.map((_, sampleIndex) => {
          const completion = textCompletion(encode(texts[sampleIndex] ?? ''), stopId);
          onCompletion?.(requestIndex, sampleIndex, completion);
          return completion;
        });
      });
    },
    ...withoutWeights(`${name} is recorded`),
  };
}
