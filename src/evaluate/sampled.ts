/** What one sample of a problem came to, whether it was just drawn or stored before. */

import type { Outcome } from '../core/outcome.ts';
import { outcomeFromJson, outcomeToJson } from '../core/outcome-json.ts';
import type { Problem } from '../core/problem.ts';
import type { RolloutGroup } from '../core/rollout.ts';
import { ownTokens } from '../core/turns.ts';
import type { StoredSample } from '../runs/outcome-file.ts';

export type SampledOutcome = Omit<StoredSample, 'outcome'> & {
  readonly outcome: Outcome;
  /** The live judge's verdict; undefined for a stored sample, which is judged anew. */
  readonly correct?: boolean | null;
};

/** Samples that were drawn before, so that only missing ones are drawn. */
export interface OutcomeMemory {
  /** All samples of a problem in their order; null when there are none, too few, or a fault of ours among them. */
  recall(set: string, problem: Problem, samples: number): readonly StoredSample[] | null;
  /** Keeps the samples of problems that were drawn together. */
  keep(set: string, sampled: readonly { readonly problem: Problem; readonly samples: readonly StoredSample[] }[]): Promise<void>;
}

export function sampledOf(group: RolloutGroup): SampledOutcome[] {
  return group.rollouts.map(({ outcome, reward, completion, completionText, turns }) => ({
    outcome,
    correct: reward.value === null ? null : reward.correct,
    flags: reward.flags,
    identical: reward.identical,
    tokens: completion.usage?.completionTokens ?? ownTokens(completion),
    ...(completion.usage === undefined ? {} : { promptTokens: completion.usage.promptTokens }),
    entropy: completion.entropy,
    truncated: completion.finishReason === 'length',
    completion: completionText,
    ...(turns === undefined ? {} : { turns: turns.length }),
  }));
}

export function toStored({ correct: _, outcome, ...sample }: SampledOutcome): StoredSample {
  return { ...sample, outcome: outcomeToJson(outcome) };
}

/** Flags that say what a right answer lacks: they hang on the judge that found it right. */
export const luckFlags: ReadonlySet<string> = new Set(['value_only', 'unmatched_model']);

/**
 * A stored sample without the flags that the judge of then decided.
 *
 * @throws {EvomError} `E_DATA` when the outcome is not one.
 */
export function fromStored(sample: StoredSample): SampledOutcome {
  return { ...sample, flags: sample.flags.filter((flag) => !luckFlags.has(flag)), outcome: outcomeFromJson(sample.outcome) };
}
