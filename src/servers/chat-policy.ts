/** A policy behind any OpenAI-compatible `/v1/chat/completions`: messages in, text out; to be evaluated, not trained. */
import { createHash } from 'node:crypto';
import type { Completion, Prompt, TokenUsage } from '../core/rollout.ts';
import { HttpFault, requestJson, withRetries } from '../lib/http.ts';
import { forEachAtOnce } from '../lib/in-order.ts';
import { sharedSignal } from '../lib/shared-signal.ts';
import { checkSampleRequests } from '../policy/check-requests.ts';
import type { Policy, SamplingParams } from '../policy/policy.ts';
import { textCompletion, withoutWeights } from '../policy/text-policy.ts';
import { integerSeed } from './completion-request.ts';

/** A message of a chat, as the API takes it. */
export interface ApiMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatPolicyOptions {
  /** Address under which `/chat/completions` lies, e.g. `https://api.example.com/v1`. */
  readonly url: string;
  readonly model: string;
  readonly token: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Said in every request beside or instead of what we say; null leaves a key of ours out. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Requests in flight. */
  readonly concurrency: number;
  /** Tries after the first. */
  readonly retries: number;
  readonly timeoutMs: number;
  /** Text to ids and back: the API takes no tokens, so these are bytes. */
  readonly encode: (text: string) => Int32Array;
  readonly decode: (ids: Int32Array) => string;
  readonly stopId: number;
}

/** The prompt of some messages: what `sample` sends again as messages. */
export function chatPrompt(messages: readonly ApiMessage[], encode: (text: string) => Int32Array): Prompt {
  const text = JSON.stringify(messages);
  return { text, tokenIds: encode(text) };
}

interface ChatAnswer {
  readonly error?: { readonly message?: unknown; readonly code?: unknown } | null;
  readonly choices?: readonly {
    readonly finish_reason?: string | null;
    readonly message?: {
      readonly content?: string | readonly { readonly text?: unknown }[] | null;
      readonly refusal?: string | null;
    } | null;
    readonly logprobs?: { readonly content?: readonly { readonly logprob?: unknown }[] | null } | null;
  }[];
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null;
}

/**
 * One request a sample. What the model does is data: a refusal is the completion's text, no content an empty one, `length` a cut-off one.
 *
 * Nothing is known of its distribution, and the tokens that it counts are not ours: completions have no log-probabilities and no
 * entropy, their ids are the bytes of their text, and `usage` has what the API counted. Their mean log-probability is known where the body
 * says `logprobs: true` and the API follows. It can be neither scored nor trained.
 *
 * @throws {EvomError} `E_POLICY` from `sample` when the API cannot be reached, refuses or answers in another form, after the retries of
 *   `withRetries`; from `score` and `update` always.
 */
export function createChatPolicy(options: ChatPolicyOptions): Policy {
  const { model, concurrency, retries, encode, decode, stopId } = options;
  const url = `${options.url.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}/chat/completions`;
  const limits = { modelId: model, maxLength: Number.MAX_SAFE_INTEGER, vocabSize: stopId + 1 };
  const complete = async (promptIds: Int32Array, seed: string, params: SamplingParams, signal: AbortSignal): Promise<Completion> => {
    const messages = JSON.parse(decode(promptIds)) as readonly ApiMessage[];
    const { token, headers, timeoutMs } = options;
    const body = requestBody(options, messages, seed, params);
    return withRetries(
      async () =>
        completionOf(await requestJson<ChatAnswer | null>(url, { body, token, headers, timeoutMs, signal, code: 'E_POLICY' }), url),
      retries,
      signal,
    );
  };
  const completionOf = (answer: ChatAnswer | null, from: string): Completion => {
    const { text, ...about } = readAnswer(answer, from);
    return textCompletion(encode(text), stopId, about);
  };
  return {
    modelId: model,
    version: 0,
    maxLength: limits.maxLength,
    sample: async (requests, params, { onCompletion, signal } = {}) => {
      checkSampleRequests(requests, params, limits);
      signal?.throwIfAborted();
      const stop = new AbortController();
      const shared = sharedSignal(signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
      const jobs = requests.flatMap(({ promptIds, seeds }, i) => seeds.map((seed, k) => ({ promptIds, seed, i, k })));
      const groups = requests.map((): Completion[] => []);
      const work = async ({ promptIds, seed, i, k }: (typeof jobs)[number]): Promise<void> => {
        const completion = await complete(promptIds, seed, params, shared);
        (groups[i] as Completion[])[k] = completion;
        onCompletion?.(i, k, completion);
      };
      await forEachAtOnce(jobs, work, concurrency).catch((error: unknown) => {
        stop.abort(error); // the others are not wanted any more
        throw error;
      });
      return groups;
    },
    ...withoutWeights(`${model} answers chats at ${url}`),
  };
}

/** Names what the answers of a policy depend on, for a file of outcomes. */
export const chatFingerprint = ({ url, model, body }: Pick<ChatPolicyOptions, 'url' | 'model' | 'body'>): string =>
  createHash('sha256')
    .update(JSON.stringify([url, model, body]))
    .digest('hex');

function requestBody(
  { model, body }: ChatPolicyOptions,
  messages: readonly ApiMessage[],
  seed: string,
  { temperature, topK, topP, maxTokens }: SamplingParams,
): Record<string, unknown> {
  const said = {
    model,
    messages,
    n: 1,
    temperature,
    max_tokens: maxTokens,
    seed: integerSeed(seed),
    // Not every API takes them, and these values mean nothing.
    ...(topP === 1 ? {} : { top_p: topP }),
    ...(topK === 0 ? {} : { top_k: topK }),
    ...body,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}

interface ReadAnswer {
  readonly text: string;
  readonly isCut: boolean;
  readonly usage: TokenUsage | null;
  readonly meanLogprob: number | null;
}

function readAnswer(answer: ChatAnswer | null, url: string): ReadAnswer {
  if (answer?.error) {
    // Brokers of other APIs answer 200 and put the fault of the one behind them here.
    const { message, code } = answer.error;
    const status = typeof code === 'number' ? code : null;
    throw new HttpFault('E_POLICY', `${url} answered with an error: ${String(message).slice(0, 500)}`, { failure: 'refused', status });
  }
  const choice = answer?.choices?.[0];
  const { message } = choice ?? {};
  if (choice === undefined || message === undefined || message === null)
    throw new HttpFault('E_POLICY', `${url} answered without a message: ${JSON.stringify(answer).slice(0, 200)}`, {
      failure: 'unreadable',
    });
  const { content, refusal } = message;
  const text = Array.isArray(content)
    ? content.map((part: { readonly text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('')
    : typeof content === 'string' && content !== ''
      ? content
      : (refusal ?? '');
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = answer?.usage ?? {};
  const isCounted = typeof promptTokens === 'number' && typeof completionTokens === 'number';
  const nats = (choice.logprobs?.content ?? []).map(({ logprob }) => (typeof logprob === 'number' ? logprob : Number.NaN));
  const mean = nats.reduce((sum, value) => sum + value, 0) / nats.length;
  return {
    text,
    isCut: choice.finish_reason === 'length',
    usage: isCounted ? { promptTokens, completionTokens } : null,
    meanLogprob: Number.isFinite(mean) ? mean : null,
  };
}
