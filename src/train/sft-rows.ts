/** Supervised examples to training rows: cross-entropy on the program's tokens, none on the prompt's. */

import { tokenRow } from '../batch/rows.ts';
import type { TrainingRow } from '../core/training.ts';
import { EvomError } from '../lib/errors.ts';

/** A prompt with the completion that it should get, as token ids; the completion ends with the stop token. */
export interface SftExample {
  readonly id: string;
  readonly source: string;
  readonly promptIds: Int32Array;
  readonly completionIds: Int32Array;
}

/** One row of a cross-entropy batch: weight on every completion token, advantage 1, no sampler. */
export function sftRow(example: SftExample, version: number): TrainingRow {
  return {
    ...tokenRow(example.promptIds, example.completionIds),
    sampleId: example.id,
    groupId: example.id,
    rolloutIndex: 0,
    taskKey: example.id,
    env: example.source,
    solver: '',
    weightVersionMin: version,
    weightVersionMax: version,
    advantage: 1,
    lossWeight: 1,
    reward: null,
    correct: null,
    rewardParts: {},
    status: 'reference',
    temperature: 1,
    topP: 1,
    topK: 0,
    seed: '',
    finishReason: 'stop',
  };
}

/** Indices in a row without an example after which the stream is taken for dry. */
const missesAllowed = 2000;
const noExample = `${missesAllowed} problems in a row gave no example: they have no program in the dialects of dataset.train, prompt and program exceed model.max_length, or no part's examples reach so far`;

/**
 * The next batch: whole examples from `start` on until their padded size reaches `batchTokens`.
 *
 * @param example the example at an index of an endless stream.
 * @returns at least one example and the index after the last.
 * @throws {EvomError} `E_DATA` when the stream gives no usable example for a long stretch.
 */
export function takeExamples(
  example: (index: number) => SftExample | null,
  start: number,
  batchTokens: number,
): { examples: SftExample[]; next: number } {
  const examples: SftExample[] = [];
  let tokens = 0;
  let next = start;
  let missed = 0;
  while (tokens < batchTokens) {
    const one = example(next);
    next += 1;
    if (one === null) {
      missed += 1;
      if (missed >= missesAllowed) throw new EvomError('E_DATA', noExample);
      continue; // too long for the model, or without a program: the stream goes on without it
    }
    missed = 0;
    examples.push(one);
    tokens += one.promptIds.length + one.completionIds.length;
  }
  return { examples, next };
}
