/** Random streams named by what they are for, so that a run replays exactly. */
import { createHash } from 'node:crypto';

/** A stream of pseudo-random numbers (sfc32; period about 2^128). Not for secrets. */
export interface RandomStream {
  /** The next number in [0, 1), with 32 bits of resolution. */
  next(): number;
  /** The next whole number in [low, high], both included. */
  int(low: number, high: number): number;
  /** One element of a non-empty list. */
  pick<T>(items: readonly T[]): T;
  /** A new list in random order. */
  shuffle<T>(items: readonly T[]): T[];
}

/**
 * The stream that belongs to a key such as `(seed, 'sample', step, problemId, sample)`.
 *
 * The state is SHA-256 of the joined key: consecutive seeds give unrelated streams, which simple seeding of
 * xoroshiro does not (its first draws for seeds 1 to 5 are all 1.0).
 *
 * @param key parts that name the stream; joined with `/`.
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { randomStream } from 'evom/lib';
 * assert.equal(randomStream(7, 'sample', 0).next(), randomStream(7, 'sample', 0).next());
 * assert.notEqual(randomStream(7, 'sample', 0).next(), randomStream(7, 'sample', 1).next());
 * ```
 */
export function randomStream(...key: readonly (string | number)[]): RandomStream {
  const digest = createHash('sha256').update(key.join('/')).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = digest.readUInt32LE(12) | 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick from an empty list');
      return items[int(0, items.length - 1)] as (typeof items)[number];
    },
    shuffle: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(0, i);
        [out[i], out[j]] = [out[j] as (typeof out)[number], out[i] as (typeof out)[number]];
      }
      return out;
    },
  };
}
