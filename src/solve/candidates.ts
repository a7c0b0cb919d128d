/** Samples of a policy as candidate programs: verified, and those equal up to naming counted as one. */
import type { Outcome } from '../core/outcome.ts';
import type { Program } from '../core/program.ts';
import type { Completion, Prompt } from '../core/rollout.ts';
import { modelHashOf } from '../decode/self-consistency.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Policy, SamplingParams } from '../policy/policy.ts';
import { completionOutcome } from '../verify/completion-outcome.ts';

/** One sampled program and what came of it. */
export interface SampledProgram {
  readonly completion: Completion;
  readonly text: string;
  readonly program: Program | null;
  readonly outcome: Outcome;
}

/** Programs with the same model, or the same text where there is no model. */
export interface Candidate {
  readonly key: string;
  /** Indices of its samples; the first stands for all. */
  readonly samples: readonly number[];
  /** Share of the samples that count. */
  readonly share: number;
}

export interface SampleParts {
  readonly policy: Policy;
  readonly decode: (tokenIds: Int32Array) => string;
  readonly verify: (program: Program) => Promise<Outcome>;
}

/** One thing to ask of the policy, `seeds.length` times. */
export interface Ask {
  readonly prompt: Prompt;
  readonly seeds: readonly string[];
}

/** What was asked for as text, before anything is made of it. */
export async function sampleTexts(
  parts: Pick<SampleParts, 'policy' | 'decode'>,
  asks: readonly Ask[],
  sampling: SamplingParams,
  about: {
    readonly signal?: AbortSignal | undefined;
    readonly onText: (ask: number, sample: number, text: string, completion: Completion) => void;
  },
): Promise<void> {
  await parts.policy.sample(
    asks.map(({ prompt, seeds }) => ({ promptIds: prompt.tokenIds, seeds })),
    sampling,
    {
      onCompletion: (ask, sample, completion) => about.onText(ask, sample, parts.decode(completion.tokenIds), completion),
      ...(about.signal ? { signal: about.signal } : {}),
    },
  );
}

/** The program of a completion, run. */
export async function verified(
  parts: Pick<SampleParts, 'verify'>,
  dialect: Dialect,
  backend: string,
  text: string,
  completion: Completion,
): Promise<SampledProgram> {
  const program = dialect.extract(text);
  const isTruncated = completion.finishReason === 'length';
  const outcome = await completionOutcome({ text, program, isTruncated }, { dialect: dialect.name, backend }, parts.verify);
  return { completion, text, program, outcome };
}

/** Mean log-probability of a completion's tokens, in nats; null of a policy that does not tell. */
export function meanLogprobOf({ logprobs, meanLogprob }: Pick<Completion, 'logprobs' | 'meanLogprob'>): number | null {
  if (logprobs.length === 0) return meanLogprob ?? null;
  return logprobs.reduce((sum, value) => sum + value, 0) / logprobs.length;
}

/** Samples that count: all but those that a fault of ours kept from a verdict. */
export const countedSamples = <Sample extends Pick<SampledProgram, 'outcome'>>(samples: readonly Sample[]): Sample[] =>
  samples.filter(({ outcome }) => outcome.status !== 'infra_error');

/** @returns candidates in the order of their first samples; samples without a program and those that do not count are left out. */
export function candidatesOf(samples: readonly Pick<SampledProgram, 'program' | 'outcome'>[]): Candidate[] {
  const counted = countedSamples(samples).length;
  const groups = new Map<string, number[]>();
  for (const [i, { program, outcome }] of samples.entries()) {
    if (program === null || outcome.status === 'infra_error') continue;
    const hash = modelHashOf(outcome);
    const key = hash === null ? `text:${program.code.trim()}` : `model:${hash}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  return [...groups].map(([key, members]) => ({ key, samples: members, share: members.length / counted }));
}
