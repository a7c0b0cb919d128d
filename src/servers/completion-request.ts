/** One completion from a model server: token ids in, token ids and their log-probabilities out, nothing decoded in between. */
import { createHash } from 'node:crypto';
import type { Completion } from '../core/rollout.ts';
import { EvomError } from '../lib/errors.ts';
import { requestJson } from '../lib/http.ts';
import type { SamplingParams } from '../policy/policy.ts';
import type { ServerAccess } from './weight-reload.ts';

export type ServerEngine = 'vllm' | 'sglang';

export interface CompletionRequest {
  readonly engine: ServerEngine;
  /** Model or adapter to ask for. */
  readonly model: string;
  readonly promptIds: Int32Array;
  readonly seed: string;
  readonly params: SamplingParams;
  readonly stopIds: readonly number[];
  /** Version to record where the server names none. */
  readonly version: number;
}

/** A seed as the servers take it: 31 bits of the key's SHA-256. */
export const integerSeed = (key: string): number => createHash('sha256').update(key).digest().readUInt32LE(0) >>> 1;

/**
 * Said in every request, because servers take what is left out from the model's generation_config.json: Qwen2.5 has a repetition
 * penalty of 1.05 there, and what is sampled under it is not sampled by the policy.
 */
const neutral = { repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0, min_p: 0 } as const;

/** @throws {EvomError} `E_POLICY` when the server cannot be reached, refuses, or leaves out ids or log-probabilities. */
export async function requestCompletion(server: ServerAccess, request: CompletionRequest, signal?: AbortSignal): Promise<Completion> {
  const tokens = request.engine === 'vllm' ? await fromVllm(server, request, signal) : await fromSglang(server, request, signal);
  const { ids, logprobs, stopped, version } = tokens;
  if (ids.length === 0 || ids.length !== logprobs.length)
    throw new EvomError(
      'E_POLICY',
      `${server.url} gave ${ids.length} token ids and ${logprobs.length} log-probabilities; it must return both (see docs/guide/gpu.md)`,
    );
  if (stopped && !request.stopIds.includes(ids.at(-1) as number))
    throw new EvomError('E_POLICY', `${server.url} left the stop token out of its ids; the last is ${ids.at(-1)}`);
  // -lp of a drawn token is an unbiased estimate of the entropy that the server does not report.
  const entropy = Math.max(0, -logprobs.reduce((sum, lp) => sum + lp, 0) / logprobs.length);
  return {
    tokenIds: Int32Array.from(ids),
    logprobs: Float32Array.from(logprobs),
    entropy,
    finishReason: stopped ? 'stop' : 'length',
    policyVersion: version ?? request.version,
  };
}

interface Tokens {
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
  readonly stopped: boolean;
  readonly version: number | null;
}

interface VllmAnswer {
  readonly choices: readonly {
    readonly token_ids?: readonly number[] | null;
    readonly logprobs?: { readonly token_logprobs: readonly (number | null)[] } | null;
    readonly finish_reason: string | null;
  }[];
}

async function fromVllm(server: ServerAccess, request: CompletionRequest, signal?: AbortSignal): Promise<Tokens> {
  const { params, promptIds, seed, stopIds, model } = request;
  const { choices } = await ask<VllmAnswer>(server, '/v1/completions', signal, {
    model,
    prompt: [...promptIds],
    n: 1,
    seed: integerSeed(seed),
    temperature: params.temperature,
    top_k: params.topK === 0 ? -1 : params.topK,
    top_p: params.topP,
    max_tokens: params.maxTokens,
    ...neutral,
    stop_token_ids: stopIds,
    logprobs: 0,
    return_token_ids: true,
    skip_special_tokens: false,
  });
  const [choice] = choices;
  return {
    ids: choice?.token_ids ?? [],
    logprobs: (choice?.logprobs?.token_logprobs ?? []).map((lp) => lp ?? Number.NaN),
    stopped: choice?.finish_reason === 'stop',
    version: null,
  };
}

interface SglangAnswer {
  readonly meta_info: {
    readonly output_token_logprobs?: readonly (readonly [number, number, ...unknown[]])[];
    readonly finish_reason: { readonly type: string } | null;
    readonly weight_version?: string;
  };
}

async function fromSglang(server: ServerAccess, request: CompletionRequest, signal?: AbortSignal): Promise<Tokens> {
  const { params, promptIds, seed, stopIds } = request;
  const { meta_info: meta } = await ask<SglangAnswer>(server, '/generate', signal, {
    input_ids: [...promptIds],
    sampling_params: {
      temperature: params.temperature,
      top_k: params.topK === 0 ? -1 : params.topK,
      top_p: params.topP,
      max_new_tokens: params.maxTokens,
      ...neutral,
      stop_token_ids: stopIds,
      sampling_seed: integerSeed(seed),
      skip_special_tokens: false,
    },
    return_logprob: true,
  });
  const tokens = meta.output_token_logprobs ?? [];
  // What it calls `default` are the weights of its start.
  const version = meta.weight_version === 'default' ? 0 : Number(meta.weight_version);
  return {
    ids: tokens.map(([, id]) => id),
    logprobs: tokens.map(([logprob]) => logprob),
    stopped: meta.finish_reason?.type === 'stop',
    version: Number.isSafeInteger(version) && meta.weight_version !== undefined ? version : null,
  };
}

const ask = <T>({ url, token, timeoutMs }: ServerAccess, path: string, signal: AbortSignal | undefined, body: unknown): Promise<T> =>
  requestJson<T>(`${url}${path}`, { body, token, timeoutMs, code: 'E_POLICY', ...(signal ? { signal } : {}) });

/**
 * The log-probabilities that a server gives to the tokens of a text, the first left out.
 *
 * @returns [T-1] nats; bit by bit the same from the same weights on an idle server.
 */
export async function requestPromptLogprobs(
  server: ServerAccess,
  { engine, model, promptIds }: Pick<CompletionRequest, 'engine' | 'model' | 'promptIds'>,
): Promise<number[]> {
  if (engine === 'sglang') {
    const { meta_info: meta } = await ask<{
      readonly meta_info: { readonly input_token_logprobs?: readonly (readonly [number | null, ...unknown[]])[] };
    }>(server, '/generate', undefined, {
      input_ids: [...promptIds],
      sampling_params: { max_new_tokens: 1, temperature: 0, ...neutral },
      return_logprob: true,
      logprob_start_len: 0,
    });
    return (meta.input_token_logprobs ?? []).flatMap(([logprob]) => (logprob === null ? [] : [logprob]));
  }
  const { choices } = await ask<{
    readonly choices: readonly {
      readonly prompt_logprobs?: readonly (Readonly<Record<string, { readonly logprob: number }>> | null)[] | null;
    }[];
  }>(server, '/v1/completions', undefined, {
    model,
    prompt: [...promptIds],
    max_tokens: 1,
    temperature: 0,
    ...neutral,
    prompt_logprobs: 0,
  });
  return (choices[0]?.prompt_logprobs ?? []).flatMap((entry, i) => {
    const logprob = entry?.[String(promptIds[i])]?.logprob;
    return logprob === undefined ? [] : [logprob];
  });
}
