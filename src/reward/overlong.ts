/** DAPO's soft punishment of overlong completions. */
import { EvomError } from '../lib/errors.ts';

export interface OverlongConfig {
  /** Tokens before the limit over which the penalty grows from 0 to `penalty`. */
  readonly buffer: number;
  /** The penalty at the limit, as a positive number. */
  readonly penalty: number;
}

/**
 * Length penalty: 0 up to `maxTokens - buffer` tokens, then linear to `-penalty` at `maxTokens`, and no more beyond.
 *
 * DAPO (arXiv:2503.14476), equation 13; verl does not stop at `-penalty`, which differs only above `maxTokens`.
 *
 * @param tokens length of the completion.
 * @returns a number from `-penalty` to 0.
 * @throws {EvomError} E_CONFIG if the buffer is not between 0 and `maxTokens`, or the penalty is not a number of at least 0.
 * @throws {RangeError} if `tokens` is not a number of at least 0.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { overlongPenalty } from 'evom/reward';
 * assert.equal(overlongPenalty(90, 100, { buffer: 20, penalty: 1 }), -0.5);
 * ```
 */
export function overlongPenalty(tokens: number, maxTokens: number, { buffer, penalty }: OverlongConfig): number {
  if (!(buffer > 0 && buffer <= maxTokens && buffer < Infinity))
    throw new EvomError('E_CONFIG', `the overlong buffer is ${buffer} tokens; it must lie between 1 and the ${maxTokens} of a completion`);
  if (!(penalty >= 0 && penalty < Infinity))
    throw new EvomError('E_CONFIG', `the overlong penalty is ${penalty}; it is a number of at least 0, and is taken off the reward`);
  if (!(tokens >= 0)) throw new RangeError(`a completion of ${tokens} tokens cannot be judged by its length; give a number of at least 0`);
  const exceed = tokens >= maxTokens ? buffer : tokens - (maxTokens - buffer);
  return exceed <= 0 ? 0 : (-exceed / buffer) * penalty;
}
