/** What every policy refuses, said the same way. */
import { EvomError } from '../lib/errors.ts';
import type { SampleRequest, SamplingParams, ScoreRequest } from './policy.ts';

export interface PolicyLimits {
  readonly modelId: string;
  readonly maxLength: number;
  readonly vocabSize: number;
}

const refuse = (message: string): never => {
  throw new EvomError('E_POLICY', message);
};

function checkIds(ids: Int32Array, what: string, { vocabSize, modelId }: PolicyLimits): void {
  for (const id of ids)
    if (id < 0 || id >= vocabSize)
      refuse(`${what} has token id ${id}, but ${modelId} has ids 0 to ${vocabSize - 1}; encode it with the model's own tokenizer`);
}

/** @throws {EvomError} `E_POLICY` for parameters out of range, an empty or too long prompt, or an unknown token id. */
export function checkSampleRequests(requests: readonly SampleRequest[], params: SamplingParams, limits: PolicyLimits): void {
  const { temperature, topK, topP, maxTokens } = params;
  if (!(temperature >= 0 && Number.isFinite(temperature))) refuse(`temperature is ${temperature}; give 0 (greedy) or more`);
  if (!(Number.isInteger(topK) && topK >= 0)) refuse(`topK is ${topK}; give a whole number, 0 for no limit`);
  if (!(topP > 0 && topP <= 1)) refuse(`topP is ${topP}; give more than 0 and at most 1`);
  if (!(Number.isInteger(maxTokens) && maxTokens >= 1)) refuse(`maxTokens is ${maxTokens}; give at least 1`);
  for (const [i, { promptIds }] of requests.entries()) {
    if (promptIds.length === 0) refuse(`request ${i} has an empty prompt; give at least one token`);
    if (promptIds.length + maxTokens > limits.maxLength)
      refuse(
        `request ${i}: a prompt of ${promptIds.length} tokens and up to ${maxTokens} new ones exceed the ${limits.maxLength} of ${limits.modelId}; shorten the prompt or lower maxTokens`,
      );
    checkIds(promptIds, `request ${i}`, limits);
  }
}

/** @throws {EvomError} `E_POLICY` for a temperature that is not positive, an empty prompt, or a sequence that is too long. */
export function checkScoreRequests(requests: readonly ScoreRequest[], temperature: number, limits: PolicyLimits): void {
  if (!(temperature > 0 && Number.isFinite(temperature))) refuse(`temperature is ${temperature}; scoring needs more than 0`);
  for (const [i, { promptIds, completionIds }] of requests.entries()) {
    if (promptIds.length === 0) refuse(`request ${i} has an empty prompt; give at least one token`);
    const length = promptIds.length + completionIds.length;
    if (length > limits.maxLength) refuse(`request ${i} has ${length} tokens, more than the ${limits.maxLength} of ${limits.modelId}`);
    checkIds(promptIds, `request ${i}`, limits);
    checkIds(completionIds, `request ${i}`, limits);
  }
}
