/** KL on the program alone: weights a token that leave the reasoning before it free. */
import type { Rollout, Turn } from '../core/rollout.ts';
import { stretchesOf } from '../core/turns.ts';

/**
 * KL weights of a completion under partial KL (Solver-Informed RL, arXiv:2505.11792, 4.3): 0 before the program, 1 from the
 * token in which it begins to the end. Without a program every token weighs 1, as there. Of several turns each is weighed by itself.
 *
 * The weights are a column of their own: the loss mask, and with it the policy gradient, stays as it is.
 *
 * @param decode text of token ids, as the completion's text was made.
 * @returns [T]
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { partialKlWeights } from 'evom/train';
 * const letters = (ids: Int32Array) => Buffer.from(ids).toString();
 * const completion = { tokenIds: Int32Array.from(Buffer.from('so: x=1')) };
 * const weights = partialKlWeights({ completion, completionText: 'so: x=1', program: { dialect: 'highs-js', code: 'x=1' } }, letters);
 * assert.deepEqual([...weights], [0, 0, 0, 0, 1, 1, 1]);
 * ```
 */
export function partialKlWeights(
  {
    completion,
    completionText,
    program,
    turns = [{ text: completionText, program }],
  }: { readonly completion: Pick<Rollout['completion'], 'tokenIds' | 'turnLengths'> } & Pick<Rollout, 'completionText' | 'program'> & {
      readonly turns?: readonly Pick<Turn, 'text' | 'program'>[];
    },
  decode: (tokenIds: Int32Array) => string,
): Float32Array {
  const { tokenIds } = completion;
  const weights = new Float32Array(tokenIds.length).fill(1);
  for (const [i, { start, end, isOwn }] of stretchesOf(completion).entries()) {
    const turn = isOwn ? turns[i / 2] : undefined;
    // What was told between turns is in no loss.
    const free = turn === undefined ? end - start : tokensBefore(turn, tokenIds.subarray(start, end), decode);
    weights.fill(0, start, start + free);
  }
  return weights;
}

/** Tokens of one answer before that in which its program begins; 0 without a program. */
function tokensBefore(
  { text, program }: Pick<Turn, 'text' | 'program'>,
  tokenIds: Int32Array,
  decode: (tokenIds: Int32Array) => string,
): number {
  const begins = program === null ? -1 : text.indexOf(program.code);
  if (begins <= 0) return 0;
  // The first token after which the text reaches into the program: text only grows with tokens, so halving finds it.
  let [low, high] = [0, tokenIds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (decode(tokenIds.subarray(0, middle + 1)).length > begins) high = middle;
    else low = middle + 1;
  }
  return low;
}
