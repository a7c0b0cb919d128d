/** A policy that can be asked in messages, what one call asks of it, and what that cost. */
import type { Completion, Prompt } from '../core/rollout.ts';
import type { ChatMessage, PromptTemplate } from '../dialects/prompt.ts';
import { EvomError } from '../lib/errors.ts';
import { largest } from '../lib/extremes.ts';
import type { Policy, SamplingParams } from '../policy/policy.ts';
import { sampleTexts } from './candidates.ts';

/** A policy with the way to ask it. */
export interface Speaker {
  readonly policy: Policy;
  readonly encode: (messages: readonly ChatMessage[]) => Prompt;
  readonly decode: (tokenIds: Int32Array) => string;
  /** `bare`: it was trained on a problem and a mark alone, and writes programs and nothing else. */
  readonly template: PromptTemplate;
}

/** What was asked of policies for one problem: as their servers count, where they do. */
export interface TokenCount {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Adds up what is asked. */
export interface TokenMeter {
  readonly count: () => TokenCount;
  add(prompt: Prompt, completion: Completion): void;
}

export function createTokenMeter(): TokenMeter {
  let [requests, promptTokens, completionTokens] = [0, 0, 0];
  return {
    count: () => ({ requests, promptTokens, completionTokens }),
    add: (prompt, { usage, tokenIds }) => {
      requests += 1;
      promptTokens += usage?.promptTokens ?? prompt.tokenIds.length;
      completionTokens += usage?.completionTokens ?? tokenIds.length;
    },
  };
}

/** One thing to ask: its messages, once a seed, and who hears each answer. */
export interface Question {
  readonly messages: readonly ChatMessage[];
  readonly seeds: readonly string[];
  readonly onText: (sample: number, text: string, completion: Completion) => void;
}

export interface AskOptions {
  /** Without `maxTokens`: 200 for bare prompts, whose programs are short, else 2048. */
  readonly sampling: Omit<SamplingParams, 'maxTokens'> & { readonly maxTokens: number | null };
  readonly signal?: AbortSignal | undefined;
  readonly meter: TokenMeter;
}

/** Tokens that are left for an answer after these messages. */
export const roomAfter = ({ policy, encode }: Speaker, messages: readonly ChatMessage[]): number =>
  policy.maxLength - encode(messages).tokenIds.length;

/** Fewer tokens than this hold no program. */
export const leastRoom = 16;

/**
 * Asks several things side by side, in one call of the policy.
 *
 * @throws {EvomError} `E_DATA` if the longest prompt leaves no room for an answer; a fault of the policy otherwise.
 */
export async function ask(speaker: Speaker, questions: readonly Question[], { sampling, signal, meter }: AskOptions): Promise<void> {
  const asked = questions.filter(({ seeds }) => seeds.length > 0);
  if (asked.length === 0) return;
  const { policy, encode, template } = speaker;
  const asks = asked.map(({ messages, seeds }) => ({ prompt: encode(messages), seeds }));
  const room = policy.maxLength - largest(asks.map(({ prompt }) => prompt.tokenIds.length));
  if (room < leastRoom)
    throw new EvomError(
      'E_DATA',
      `the problem and its prompt leave ${Math.max(0, room)} of the ${policy.maxLength} tokens of ${policy.modelId}; shorten the problem`,
    );
  const maxTokens = Math.min(sampling.maxTokens ?? (template === 'bare' ? 200 : 2048), room);
  await sampleTexts(
    speaker,
    asks,
    { ...sampling, maxTokens },
    {
      signal,
      onText: (i, sample, text, completion) => {
        meter.add(asks[i]?.prompt as Prompt, completion);
        asked[i]?.onText(sample, text, completion);
      },
    },
  );
}
