/** An inverted index of word 8-grams: which texts of a fixed set share how much with any other text, one look-up a gram. */

const gramSize = 8;

/** Words of any script, Han characters one by one, and numbers with their separators, in lower case. */
const wordPattern = /\p{Script=Han}|[\p{L}\p{M}]+|\d+(?:[.,]\d+)*/gu;

/** Gives words small numbers, the same in every text of an index. */
class Vocabulary {
  #ids = new Map<string, number>();

  idsOf(text: string): number[] {
    const words = text.toLowerCase().match(wordPattern) ?? [];
    return words.map((word) => {
      const known = this.#ids.get(word);
      if (known !== undefined) return known;
      this.#ids.set(word, this.#ids.size + 1);
      return this.#ids.size;
    });
  }
}

/** 53 bits of two multiplicative hashes: two grams of a million collide once in a thousand files. */
function gramKey(ids: readonly number[], from: number, to: number): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b1;
  for (let i = from; i < to; i++) {
    const id = ids[i] ?? 0;
    a = Math.imul(a ^ id, 0x01000193) ^ (a >>> 15);
    b = Math.imul(b + id, 0x85ebca6b) ^ (b >>> 13);
  }
  return (a >>> 0) * 2_097_152 + ((b >>> 0) & 0x1f_ffff);
}

/** A text of the index that shares grams with a looked-up one. */
export interface GramMatch {
  /** Position in the indexed texts. */
  readonly index: number;
  readonly shared: number;
}

export interface GramLookup {
  /** Distinct grams of the text. */
  readonly grams: number;
  readonly matches: readonly GramMatch[];
}

export interface GramIndex {
  /** Distinct grams of each indexed text. */
  readonly sizes: readonly number[];
  /** Every indexed text that shares a gram with `text`. */
  lookUp(text: string): GramLookup;
}

/**
 * Indexes texts by their distinct 8-grams of words and numbers; a shorter text is one gram.
 *
 * Memory is that of the indexed texts alone, so a large file is streamed past a small benchmark.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { gramIndex } from 'evom/problems';
 * const index = gramIndex(['one two three four five six seven eight nine']);
 * assert.deepEqual(index.sizes, [2]);
 * const { grams, matches } = index.lookUp('Two three four five six seven eight NINE ten!');
 * assert.deepEqual({ grams, matches }, { grams: 2, matches: [{ index: 0, shared: 1 }] });
 * ```
 */
export function gramIndex(texts: Iterable<string>): GramIndex {
  const vocabulary = new Vocabulary();
  const gramsOf = (text: string): Set<number> => {
    const ids = vocabulary.idsOf(text);
    if (ids.length === 0) return new Set();
    if (ids.length <= gramSize) return new Set([gramKey(ids, 0, ids.length)]);
    return new Set(Array.from({ length: ids.length - gramSize + 1 }, (_, i) => gramKey(ids, i, i + gramSize)));
  };
  const holders = new Map<number, number | number[]>(); // most grams stand in one text: no list for those
  const sizes: number[] = [];
  for (const text of texts) {
    const at = sizes.length;
    const grams = gramsOf(text);
    sizes.push(grams.size);
    for (const gram of grams) {
      const held = holders.get(gram);
      if (held === undefined) holders.set(gram, at);
      else if (typeof held === 'number') holders.set(gram, [held, at]);
      else held.push(at);
    }
  }
  return {
    sizes,
    lookUp: (text) => {
      const grams = gramsOf(text);
      const counts = new Map<number, number>();
      const count = (index: number): void => void counts.set(index, (counts.get(index) ?? 0) + 1);
      for (const gram of grams) {
        const held = holders.get(gram);
        if (held === undefined) continue;
        if (typeof held === 'number') count(held);
        else for (const index of held) count(index);
      }
      return { grams: grams.size, matches: [...counts].map(([index, shared]) => ({ index, shared })) };
    },
  };
}
