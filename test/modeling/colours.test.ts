import { parseLp } from 'evom';
import { canonicalModel } from 'evom/modeling';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialColours, markedColours, refineColours } from '../../src/modeling/colours.ts';
import { randomModels } from '../solvers/models.ts';
import { rewritten } from './rewritten.ts';

const canonical = (text: string) => canonicalModel(parseLp(text));
/** Columns and rows by class, numbered as they appear: `0 1 0` says that the first and the third are alike. */
const classesOf = (colours: Float64Array): string => {
  const order = [...new Set(colours)];
  return [...colours].map((colour) => order.indexOf(colour)).join(' ');
};

/** A chain of five variables; rows between neighbours. */
const chain = canonical('min\n a + b + c + d + e\nst\n a + b >= 1\n b + c >= 1\n c + d >= 1\n d + e >= 1\nend');

describe('colours', () => {
  it('of variables by themselves are their cost, bounds and type', () => {
    const variables = canonical(
      'min\n 2 a + 2 b + 3 c + 2 d + 2 e + 2 f\nst\n a + b + c + d + e + f >= 1\nbounds\n d >= 1\n e <= 9\ngen\n f\nend',
    );
    expect(classesOf(initialColours(variables).columns)).toBe('0 0 1 2 3 4');
    expect(initialColours(variables).numClasses).toBe(5 + 1);
  });

  it('tell a lower bound from an upper bound, and a cost from a bound', () => {
    const swapped = canonical('min\n 2 a + 5 b + 5 c\nst\n a + b + c >= 1\nbounds\n 3 <= a <= 5\n 2 <= b <= 3\n 3 <= c <= 5\nend');
    expect(new Set(initialColours(swapped).columns).size).toBe(3);
  });

  it('of rows by themselves are their side and how many variables they have', () => {
    const rows = canonical('min\n a + b + c\nst\n a + 2 b <= 4\n 2 a + c <= 4\n a + 2 b + 2 c <= 4\n b + 2 c <= 6\nend');
    expect(classesOf(initialColours(rows).rows)).toBe('0 0 1 2');
  });

  it('tell after each round what lies one step further, from a variable to its rows or back', () => {
    const columnsAfter = (rounds: number) => classesOf(refineColours(chain, initialColours(chain), -1, rounds).columns);
    expect([0, 1, 2, 3].map(columnsAfter)).toEqual(['0 0 0 0 0', '0 1 1 1 0', '0 1 1 1 0', '0 1 2 1 0']);
    const refined = refineColours(chain, initialColours(chain));
    expect(classesOf(refined.columns)).toBe('0 1 2 1 0');
    expect(classesOf(refined.rows)).toBe('0 1 1 0');
    expect(refined.numClasses).toBe(3 + 2);
  });

  it('part by a marked variable, which keeps none like it', () => {
    const marked = refineColours(chain, initialColours(chain), 0);
    expect(classesOf(marked.columns)).toBe('0 1 2 3 4');
    expect(classesOf(refineColours(chain, initialColours(chain), 0, 0).columns)).toBe('0 1 1 1 1');
    expect(refineColours(chain, initialColours(chain), 0, 0).numClasses).toBe(2 + 1);
    expect(classesOf(refineColours(chain, initialColours(chain), 2).columns)).toBe('0 1 2 1 0');
  });

  it('of matched variables are the numbers of their pairs, whatever they cost', () => {
    const [one, other] = [canonical('min\n 2 a + 3 b\nst\n a + b >= 1\nend'), canonical('min\n 3 u + 7 v\nst\n u + v >= 1\nend')];
    const [x, y] = [markedColours(one, Int32Array.of(0, 4)), markedColours(other, Int32Array.of(0, 4))];
    expect(x.columns[1]).toBe(y.columns[1]);
    expect(x.columns[0]).not.toBe(y.columns[0]);
    expect(markedColours(other, Int32Array.of(0, 5)).columns[1]).not.toBe(y.columns[1]);
    expect(markedColours(one, Int32Array.of(0, 0)).columns).toEqual(initialColours(one).columns);
    expect(markedColours(one, Int32Array.of(4, 4)).numClasses).toBe(1 + 1);
  });

  it('tell coefficients apart, and which variable has which', () => {
    const shape = (first: string, second: string) =>
      refineColours(
        canonical(`min\n a + b\nst\n ${first} >= 1\n ${second} >= 1\nend`),
        initialColours(canonical(`min\n a + b\nst\n ${first} >= 1\n ${second} >= 1\nend`)),
      );
    expect(classesOf(shape('a + 2 b', '2 a + b').columns)).toBe('0 0');
    expect(classesOf(shape('a + 2 b', 'a + 2 b').columns)).toBe('0 1');
    expect(classesOf(shape('a + 2 b', '2 a + 3 b').columns)).toBe('0 1');
  });

  it('do not change the colours they start from', () => {
    const start = initialColours(chain);
    const before = { columns: start.columns.slice(), rows: start.rows.slice() };
    refineColours(chain, start, 0);
    expect({ columns: start.columns, rows: start.rows }).toEqual(before);
  });

  it('are whole numbers that a float holds, and the same however a model is written', () => {
    fc.assert(
      fc.property(randomModels(), fc.string(), (original, seed) => {
        const [a, b] = [canonicalModel(original), canonicalModel(rewritten(original, seed))];
        const [x, y] = [refineColours(a, initialColours(a)), refineColours(b, initialColours(b))];
        for (const colour of [...x.columns, ...x.rows]) expect(Number.isSafeInteger(colour) && colour >= 0).toBe(true);
        expect(y.columns.sort()).toEqual(x.columns.sort());
        expect(y.rows.sort()).toEqual(x.rows.sort());
        expect(y.numClasses).toBe(x.numClasses);
      }),
      { numRuns: 50 },
    );
  });
});
