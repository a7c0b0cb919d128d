import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embeddingSimilarity, lexicalSimilarity, retrieve } from '../../src/decode/memory.ts';

const matrix =
  (toQuery: readonly number[], between: readonly (readonly number[])[]) =>
  (a: number, b: number | 'query'): number =>
    (b === 'query' ? toQuery[a] : between[a]?.[b]) ?? 0;

describe('retrieve', () => {
  it('trades likeness to the problem against likeness to what it has', () => {
    // Candidates 0 and 1 are twins. Scores of the second pick: 1: 0.9 - 0.5 * 1 = 0.4; 2: 0.6 - 0.5 * 0 = 0.6.
    const similarity = matrix(
      [1, 0.9, 0.6],
      [
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 1],
      ],
    );
    expect(retrieve(3, similarity, { count: 3, lambda: 0.5 })).toEqual([0, 2, 1]);
    expect(retrieve(3, similarity, { count: 3, lambda: 0 })).toEqual([0, 1, 2]);
  });

  it('picks from the most similar alone, and from none below the threshold', () => {
    // 3 is unlike the others, and so the second choice wherever it may be one.
    const toQuery = [0.9, 0.8, 0.7, 0.3];
    const similarity = (a: number, b: number | 'query'): number => (b === 'query' ? (toQuery[a] ?? 0) : a === 3 || b === 3 ? 0 : 0.9);
    expect(retrieve(4, similarity, { count: 2, lambda: 1 })).toEqual([0, 3]);
    expect(retrieve(4, similarity, { count: 2, lambda: 1, pool: 3 })).toEqual([0, 1]);
    expect(retrieve(4, similarity, { count: 4, lambda: 1, threshold: 0.7 })).toEqual([0, 1]);
    expect(retrieve(4, similarity, { count: 4, threshold: 0.95 })).toEqual([]);
  });

  it('takes each candidate once, and no more than there are', () =>
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 12 }), fc.nat(20), (toQuery, count) => {
        const picked = retrieve(toQuery.length, (a, b) => (b === 'query' ? (toQuery[a] ?? 0) : 0.5), { count });
        expect(new Set(picked).size).toBe(Math.min(count, toQuery.length));
        expect(picked[0]).toBe(toQuery.length === 0 || count === 0 ? undefined : toQuery.indexOf(Math.max(...toQuery)));
      }),
    ));
});

describe('lexicalSimilarity', () => {
  const memory = ['A bakery makes rye and oat bread for 480 dollars.', 'A shipper sends trucks from depots to stores.', 'rye'];
  const similarity = lexicalSimilarity(memory, 'A bakery makes oat and rye bread; each of 12 loaves needs flour.');

  it('finds the text of the same kind', () => {
    expect(similarity(0, 'query')).toBeGreaterThan(similarity(1, 'query'));
    expect(similarity(0, 'query')).toBeGreaterThan(similarity(2, 'query'));
  });

  it('is 1 for a text and itself, symmetric, and does not read numbers', () => {
    expect(similarity(0, 0)).toBeCloseTo(1, 12);
    expect(similarity(0, 1)).toBeCloseTo(similarity(1, 0), 12);
    expect(lexicalSimilarity(['for 3 mugs'], 'for 99 mugs')(0, 'query')).toBeCloseTo(1, 12);
  });

  it('is 0 for an empty text', () => expect(lexicalSimilarity([''], 'mugs')(0, 'query')).toBe(0));
});

it('embeddingSimilarity is the cosine', () => {
  const similarity = embeddingSimilarity([Float32Array.of(1, 0), Float32Array.of(3, 4), Float32Array.of(0, 2)]);
  expect(similarity(0, 'query')).toBe(0);
  expect(similarity(1, 'query')).toBeCloseTo(0.8, 6);
  expect(similarity(0, 1)).toBeCloseTo(0.6, 6);
});
