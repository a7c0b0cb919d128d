/** Counts as people write them. */

/**
 * A count and what is counted: "1 variable", "3 variables".
 *
 * @param one the word for one.
 * @param several the word for any other number; default the word and an s.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { counted } from '../../../src/lib/counted.ts';
 * assert.deepEqual([0, 1, 2].map((n) => counted(n, 'row')), ['0 rows', '1 row', '2 rows']);
 * ```
 */
export const counted = (count: number, one: string, several = `${one}s`): string => `${count} ${count === 1 ? one : several}`;
