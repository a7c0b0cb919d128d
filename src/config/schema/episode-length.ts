/** How long an episode may get, from `sampling` and `rollout`: what memory, batches and servers have to have room for. */
import type { z } from 'zod';
import type { rollout, sampling } from './train-schema.ts';

export interface EpisodeKeys {
  readonly sampling: Pick<z.output<typeof sampling>, 'max_tokens'>;
  /** Left out: one turn, as of `kind: sft`. */
  readonly rollout?: z.output<typeof rollout> | undefined;
}

/** Fewest characters that a token of English or code has on the average; less only in bytes. */
const charsOfToken = 2;

/** Tokens after the prompt, at most: the turns, and what is told between them. */
export function longestEpisode({ sampling: { max_tokens: maxTokens }, rollout }: EpisodeKeys): number {
  if (rollout === undefined || rollout.turns === 1) return maxTokens;
  const told = Math.ceil(rollout.feedback_chars / charsOfToken);
  return Math.min(rollout.turns * maxTokens + (rollout.turns - 1) * told, rollout.episode_tokens ?? Infinity);
}

/** Tokens of its own that the policy may write in an episode. */
export const mostOwnTokens = (keys: EpisodeKeys): number =>
  Math.min((keys.rollout?.turns ?? 1) * keys.sampling.max_tokens, longestEpisode(keys));
