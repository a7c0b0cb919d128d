/** A completion of several turns: what the policy wrote, what it was told, what it wrote then, and so on. Shapes: T tokens, N turns. */
import type { Completion, Rollout } from './rollout.ts';

/** Tokens `start` to `end` (exclusive) of a completion, all of them the policy's own or all of them told to it. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isOwn: boolean;
}

type Written = Pick<Completion, 'tokenIds' | 'turnLengths'>;

/**
 * The stretches of a completion in their order, own and told by turns; one of one turn is one stretch.
 *
 * @returns [2 N - 1]
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { ownTokens, stretchesOf } from 'evom/train';
 * const completion = { tokenIds: new Int32Array(9), turnLengths: Int32Array.of(3, 2, 4) };
 * assert.deepEqual(stretchesOf(completion)[1], { start: 3, end: 5, isOwn: false });
 * assert.equal(ownTokens(completion), 7);
 * ```
 */
export function stretchesOf({ tokenIds, turnLengths }: Written): Stretch[] {
  let end = 0;
  return [...(turnLengths ?? [tokenIds.length])].map((length, i) => {
    const start = end;
    end += length;
    return { start, end, isOwn: i % 2 === 0 };
  });
}

/** Number of tokens that the policy drew itself: all, but for what it was told between turns. */
export const ownTokens = (completion: Written): number =>
  stretchesOf(completion).reduce((sum, { start, end, isOwn }) => sum + (isOwn ? end - start : 0), 0);

/** What a person reads of an episode: its one text, or all turns with what was told in between. */
export function episodeText({ completionText, turns }: Pick<Rollout, 'completionText' | 'turns'>): string {
  if (turns === undefined) return completionText;
  return turns
    .flatMap(({ text, status, told }, i) => [
      `--- turn ${i + 1}: ${status}\n${text.trimEnd()}`,
      ...(told === null ? [] : [`--- told\n${told}`]),
    ])
    .join('\n');
}
