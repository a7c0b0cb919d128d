/** Sampling in the process that also trains: completions stream back as they end, weights never move. */

import type { Completion } from '../core/rollout.ts';
import { EvomError } from '../lib/errors.ts';
import { checkSampleRequests, checkScoreRequests, type PolicyLimits } from '../policy/check-requests.ts';
import type { Policy, PolicyWeights, SampleOptions, SampleRequest, SamplingParams, ScoreRequest } from '../policy/policy.ts';
import type { HostCompletion, TorchHost } from './torch-host.ts';

/**
 * A policy on a running host. The same requests at the same weights give the same tokens on one machine; its draws are
 * those of the embedded engine.
 *
 * @param owned whether closing the policy ends the host; a learner that shares it ends it itself.
 */
export function createColocatedPolicy(host: TorchHost, { owned, version }: { readonly owned: boolean; readonly version: number }): Policy {
  const { model, max_length: maxLength, vocab_size: vocabSize } = host.health;
  const limits: PolicyLimits = { modelId: model, maxLength, vocabSize };
  let current = version;
  return {
    modelId: model,
    maxLength,
    get version() {
      return current;
    },
    sample: (requests, params, options = {}) => sample(host, limits, requests, params, options),
    score: (requests, temperature) => score(host, limits, requests, temperature),
    update: async (weights: PolicyWeights) => {
      if (weights.type !== 'shared')
        throw new EvomError('E_POLICY', 'a colocated policy follows the learner in its own process; set learner.type: torch');
      current = weights.version;
    },
    close: async () => {
      if (owned) await host.close();
    },
  };
}

async function sample(
  host: TorchHost,
  limits: PolicyLimits,
  requests: readonly SampleRequest[],
  params: SamplingParams,
  { onCompletion, signal }: SampleOptions,
): Promise<Completion[][]> {
  checkSampleRequests(requests, params, limits);
  signal?.throwIfAborted();
  const completions: Completion[][] = requests.map(() => []);
  if (requests.length === 0) return completions;
  const body = {
    requests: requests.map(({ promptIds, seeds }) => ({ prompt_ids: [...promptIds], seeds })),
    temperature: params.temperature,
    top_k: params.topK,
    top_p: params.topP,
    max_tokens: params.maxTokens,
  };
  await host.generate(
    body,
    (one) => {
      const completion = completionOf(one);
      (completions[one.request] as Completion[])[one.sample] = completion;
      onCompletion?.(one.request, one.sample, completion);
    },
    signal,
  );
  for (const [i, request] of requests.entries()) {
    const got = Object.keys(completions[i] ?? []).length;
    if (got !== request.seeds.length)
      throw new EvomError('E_POLICY', `the host gave ${got} of ${request.seeds.length} completions of request ${i}`);
  }
  return completions;
}

const completionOf = (one: HostCompletion): Completion => ({
  tokenIds: Int32Array.from(one.token_ids),
  logprobs: Float32Array.from(one.logprobs),
  entropy: one.entropy,
  finishReason: one.finish_reason,
  policyVersion: one.policy_version,
});

async function score(
  host: TorchHost,
  limits: PolicyLimits,
  requests: readonly ScoreRequest[],
  temperature: number,
): Promise<Float32Array[]> {
  checkScoreRequests(requests, temperature, limits);
  if (requests.length === 0) return [];
  const body = {
    requests: requests.map(({ promptIds, completionIds }) => ({ prompt_ids: [...promptIds], completion_ids: [...completionIds] })),
    temperature,
  };
  const { logprobs } = await host.post<{ logprobs: number[][] }>('/score', body);
  return logprobs.map((row) => Float32Array.from(row));
}
