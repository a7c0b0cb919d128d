/** In which order problems are taken over the epochs, as a position that can be saved. */
import { EvomError } from '../../lib/errors.ts';
import { randomStream } from '../../lib/random.ts';

/** Where the next problem comes from; plain data for checkpoints. */
export interface CursorState {
  readonly epoch: number;
  /** Problems of this epoch already taken. */
  readonly position: number;
}

export interface ProblemCursor {
  /** Index of the next problem in [0, length). */
  next(): number;
  /** The next `count` indices, over an epoch's end when needed. */
  take(count: number): number[];
  readonly state: CursorState;
}

/**
 * Takes indices 0 to `length - 1` in an order shuffled anew every epoch by `seed`; every problem comes once an epoch.
 *
 * @param from where to go on; a saved `state` continues exactly.
 * @throws {EvomError} `E_DATA` for an empty list or a state that does not fit it.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { problemCursor } from 'evom/problems';
 * const cursor = problemCursor(3, 7);
 * assert.deepEqual(cursor.take(3).toSorted(), [0, 1, 2]);
 * assert.deepEqual(cursor.state, { epoch: 1, position: 0 });
 * ```
 */
export function problemCursor(length: number, seed: number, from: CursorState = { epoch: 0, position: 0 }): ProblemCursor {
  if (length < 1) throw new EvomError('E_DATA', 'there are no problems to draw from');
  if (from.position < 0 || from.position >= length || from.epoch < 0) {
    throw new EvomError(
      'E_DATA',
      `a saved position (epoch ${from.epoch}, position ${from.position}) does not fit ${length} problems; resume with the dataset of the run`,
    );
  }
  const indices = Array.from({ length }, (_, i) => i);
  const orderOf = (epoch: number): number[] => randomStream(seed, 'epoch', epoch).shuffle(indices);
  let { epoch, position } = from;
  let order = orderOf(epoch);
  const next = (): number => {
    const index = order[position] as number;
    position++;
    if (position === length) {
      epoch++;
      position = 0;
      order = orderOf(epoch);
    }
    return index;
  };
  return {
    next,
    take: (count) => Array.from({ length: count }, next),
    get state() {
      return { epoch, position };
    },
  };
}
