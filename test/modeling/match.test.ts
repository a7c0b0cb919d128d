import { parseLp } from 'evom';
import { type CanonicalModel, canonicalModel, matchModels } from 'evom/modeling';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column, model, row } from '../../src/testing/models.ts';
import { randomModels } from '../solvers/models.ts';
import { rewritten } from './rewritten.ts';

/** The pairs by name, e.g. `x=u`, the rows' places and the agreement of two models. */
function match(a: string, b: string) {
  const [first, second] = [canonicalModel(parseLp(a)), canonicalModel(parseLp(b))];
  const { columns, rows, agreement } = matchModels(first, second);
  const pairs = first.columns.map(({ name }, j) => `${name}=${second.columns[columns[j] ?? -1]?.name ?? ''}`);
  return { pairs, rows: [...rows], agreement };
}

describe('matchModels', () => {
  const plain = 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\n 3 x + y <= 9\nend';

  it('pairs equal names, wherever they stand, and rows that say the same', () => {
    expect(match('max\n 2 y + 3 x\nst\n 6 x + 2 y <= 18\n 5 y + x <= 4\nend', plain)).toEqual({
      pairs: ['y=y', 'x=x'],
      rows: [1, 0],
      agreement: 1,
    });
  });

  it('pairs by structure what has other names', () => {
    expect(match('max\n 2 p + 3 q\nst\n q + 5 p <= 4\n 3 q + p <= 9\nend', plain)).toEqual({
      pairs: ['p=y', 'q=x'],
      rows: [0, 1],
      agreement: 1,
    });
  });

  it('follows the structure where it agrees more than the names do', () => {
    expect(match('max\n 2 x + 3 y\nst\n y + 5 x <= 4\n 3 y + x <= 9\nend', plain)).toMatchObject({ pairs: ['x=y', 'y=x'], agreement: 1 });
  });

  it('knows a name again without its case and marks, though its cost is wrong', () => {
    // By structure, equal costs would pair the wrong way round, and the row would not agree.
    const found = match('max\n 3 x_1 + 2 x_2\nst\n 5 x_1 + x_2 <= 7\nend', 'max\n 2 X1 + 3 X2\nst\n 5 X1 + X2 <= 7\nend');
    expect(found).toMatchObject({ pairs: ['x_1=X1', 'x_2=X2'], rows: [0] });
    expect(found.agreement).toBeCloseTo((1 + 2 * 0.75) / 3, 12);
  });

  it('breaks a tie by the names, else in order', () => {
    const alike = (names: string[]) => `max\n ${names.join(' + ')}\nst\n ${names.join(' + ')} <= 4\nend`;
    expect(match(alike(['p', 'q', 'r']), alike(['r', 's', 'p']))).toEqual({ pairs: ['p=p', 'q=s', 'r=r'], rows: [0], agreement: 1 });
    expect(match(alike(['a', 'b']), alike(['c', 'd']))).toEqual({ pairs: ['a=c', 'b=d'], rows: [0], agreement: 1 });
  });

  it('breaks the smallest tie first, which tells the larger ones apart', () => {
    // Each of two centres, known by their names, has two arms that are not.
    const stars = (first: string, second: string, arms: string[]) =>
      `min\n ${arms.join(' + ')} + 5 ${first} + 5 ${second}\nst\n ${arms.map((arm, i) => `${i < 2 ? first : second} + ${arm} >= 1`).join('\n ')}\nend`;
    const found = match(stars('left', 'right', ['a', 'b', 'c', 'd']), stars('right', 'left', ['p', 'q', 'r', 's']));
    expect(found.pairs).toEqual(expect.arrayContaining(['left=left', 'right=right', 'a=r', 'b=s', 'c=p', 'd=q']));
    expect(found.agreement).toBe(1);
  });

  it('breaks a tie though another variable has no partner', () => {
    const found = match('max\n p + q + 9 z\nst\n p + q <= 4\nend', 'max\n c + d + 40 e\nst\n c + d <= 4\nbounds\n e <= 3\nend');
    expect(found.pairs.slice(0, 2)).toEqual(['p=c', 'q=d']);
  });

  it('lets each pair tell its neighbours apart', () => {
    // A chain whose one end is known by its cost.
    const chain = (names: string[]) =>
      `min\n 5 ${names[0]}\nst\n ${names
        .slice(1)
        .map((name, i) => `${names[i]} + ${name} >= 1`)
        .join('\n ')}\nend`;
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(match(chain(names), chain(['u', 'v', 'w', 'x', 'y', 'z'])).pairs).toEqual(['a=u', 'b=v', 'c=w', 'd=x', 'e=y', 'f=z']);
  });

  describe('of unlike variables', () => {
    const withLast = (name: string, cost: number, rest = '') =>
      `max\n 3 x + 2 y + ${cost} ${name}\nst\n 10 x + 7 y + ${name} <= 4\n 10 x + y <= 9\n${rest}\nend`;

    it('pairs two that are alike but for a mistake', () => {
      expect(match(withLast('z', 7), withLast('w', 8)).pairs).toEqual(['x=x', 'y=y', 'z=w']);
      expect(match(withLast('z', 7), withLast('w', 7, 'gen\n w')).pairs).toEqual(['x=x', 'y=y', 'z=w']);
    });

    it('pairs none that have nothing but their surroundings in common', () => {
      const found = match(withLast('z', 7), withLast('w', 8, 'bounds\n 1 <= w <= 5\ngen\n w'));
      expect(found.pairs).toEqual(['x=x', 'y=y', 'z=']);
      expect(found.rows).toEqual([0, 1]);
    });

    it('takes the same name for a reason to pair them', () => {
      expect(match(withLast('z', 7), withLast('z', 8, 'bounds\n 1 <= z <= 5\ngen\n z')).pairs).toEqual(['x=x', 'y=y', 'z=z']);
    });

    it('chooses the likest of several', () => {
      // Each has another cost than z; the second stands in a row as z does, and the first as an integer.
      const other = 'max\n 3 x + 2 y + 8 v + 9 w\nst\n 10 x + 7 y + w <= 4\n 10 x + y + 4 v <= 9\ngen\n v\nend';
      expect(match(withLast('z', 7), other).pairs).toEqual(['x=x', 'y=y', 'z=w']);
    });

    it('counts how much of the rows they stand in is the same', () => {
      const inRows = (name: string, cost: number, coefficients: number[]) =>
        `max\n 3 x + ${cost} ${name}\nst\n ${coefficients.map((a, i) => `${10 * (i + 1)} x + ${10 * a * (i + 1)} ${name} <= ${10 * (i + 1)}`).join('\n ')}\nend`;
      // Beside equal bounds and types, three of three and two of four coefficients are enough, and one of five is too few.
      expect(match(inRows('z', 7, [0.1, 0.2, 0.3]), inRows('w', 8, [0.1, 0.2, 0.3])).pairs).toEqual(['x=x', 'z=w']);
      expect(match(inRows('z', 7, [0.1, 0.2, 0.3]), inRows('w', 8, [0.1, 0.2, 0.4])).pairs).toEqual(['x=x', 'z=w']);
      expect(match(inRows('z', 7, [0.1, 0.2, 0.3]), inRows('w', 8, [0.1, 0.4, 0.5])).pairs).toEqual(['x=x', 'z=']);
    });
  });

  describe('of unlike rows', () => {
    const rows = (...list: string[]) => `max\n 3 x + 2 y + 4 z + 5 v\nst\n ${list.join('\n ')}\n 9 x + 8 y + 7 z + 6 v <= 90\nend`;
    const rowsOf = (a: string, b: string) => match(a, b).rows;

    it('pairs rows that have most of their terms in common', () => {
      expect(rowsOf(rows('x + 2 y <= 4'), rows('x + 3 y <= 4'))).toEqual([0, 1]); // other coefficient
      expect(rowsOf(rows('x + 2 y + z <= 4'), rows('x + 2 y <= 4'))).toEqual([0, 1]); // a term more
      expect(rowsOf(rows('x + 2 y <= 4'), rows('x + 2 z <= 4'))).toEqual([-1, 1]); // one of three
      expect(rowsOf(rows('x + 2 y <= 4'), rows('z + 2 v <= 4'))).toEqual([-1, 1]); // none
    });

    it('takes variables without a partner for different ones, wherever they stand', () => {
      const found = match(
        'max\n 3 x + 2 y + 7 z\nst\n x + z <= 4\n 5 x + y <= 9\nend',
        'max\n 3 x + 8 w + 2 y\nst\n x + w <= 4\n 5 x + y <= 9\nbounds\n 1 <= w <= 5\ngen\n w\nend',
      );
      expect(found).toMatchObject({ pairs: ['x=x', 'y=y', 'z='], rows: [-1, 1] });
    });

    it('pairs the likest first, and none twice', () => {
      expect(rowsOf(rows('x + 2 y + z <= 4', 'x + 3 y <= 5'), rows('x + 4 y <= 6', 'x + 2 y + 5 z <= 7'))).toEqual([1, 0, 2]);
      expect(rowsOf(rows('x + 2 y <= 4', 'x + 3 y <= 5'), rows('x + 4 y <= 6'))).toEqual([0, -1, 1]);
    });

    it('among equals, pairs rows whose coefficients stand in one ratio', () => {
      // The reverse of the second row, and the second with one coefficient changed.
      expect(rowsOf(rows('x + 2 y - 5 z <= 4'), rows('x + 3 y - 4 z >= 8', 'x + 2 y - 5 z >= 8'))).toEqual([1, 2]);
    });
  });

  describe('agreement', () => {
    const base = 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\n 3 x + y <= 9\nend';
    it.each([
      ['a side', 'max\n 3 x + 2 y\nst\n x + 5 y <= 5\n 3 x + y <= 9\nend', 3.5 / 4],
      ['a row left out', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\nend', 3 / 4],
      ['a coefficient', 'max\n 3 x + 2 y\nst\n x + 6 y <= 4\n 3 x + y <= 9\nend', 3 / 4],
      ['a cost', 'max\n 3 x + 4 y\nst\n x + 5 y <= 4\n 3 x + y <= 9\nend', 3.75 / 4],
      ['a lower bound', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\n 3 x + y <= 9\nbounds\n y >= 1\nend', 3.75 / 4],
      ['an upper bound', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\n 3 x + y <= 9\nbounds\n y <= 1\nend', 3.75 / 4],
      ['a type', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\n 3 x + y <= 9\ngen\n y\nend', 3.75 / 4],
      ['a variable more', 'max\n 3 x + 2 y + z\nst\n x + 5 y <= 4\n 3 x + y <= 9\nend', 4 / 5],
    ])('loses %s', (_, other, agreement) => {
      expect(match(base, other).agreement).toBeCloseTo(agreement, 12);
      expect(match(other, base).agreement).toBeCloseTo(agreement, 12);
    });

    it('is 1 of two models with nothing in them', () => {
      const empty = canonicalModel(model('min', []));
      expect(matchModels(empty, empty)).toMatchObject({ agreement: 1 });
    });
  });

  it('finds every variable and row of a model again that is written in another way', () => {
    fc.assert(
      fc.property(randomModels(), fc.string(), (original, seed) => {
        const [a, b] = [canonicalModel(rewritten(original, seed)), canonicalModel(original)];
        const { columns, rows, agreement } = matchModels(a, b);
        expect(agreement).toBe(1);
        expect([...columns].sort((x, y) => x - y)).toEqual([...b.columns.keys()]);
        expect([...rows].sort((x, y) => x - y)).toEqual([...b.rows.keys()]);
        for (const [j, { name: _, ...data }] of a.columns.entries()) expect(b.columns[columns[j] ?? -1]).toMatchObject(data);
      }),
      { numRuns: 100 },
    );
  });

  it('pairs nothing twice, and agrees by a share', () => {
    fc.assert(
      fc.property(randomModels(), randomModels(), (first, second) => {
        const { columns, rows, agreement } = matchModels(canonicalModel(first), canonicalModel(second));
        for (const places of [columns, rows]) {
          const paired = [...places].filter((place) => place >= 0);
          expect(new Set(paired).size).toBe(paired.length);
        }
        expect(agreement).toBeGreaterThanOrEqual(0);
        expect(agreement).toBeLessThanOrEqual(1);
      }),
      { numRuns: 100 },
    );
  });

  it('gives up on a hostile symmetry within its budget', () => {
    // 900 interchangeable pairs under other names: each would be a refinement of 3600 entries.
    const symmetric = (name: string): CanonicalModel =>
      canonicalModel(
        model(
          'min',
          Array.from({ length: 1800 }, (_, j) => column(`${name}${j}`, 1)),
          Array.from({ length: 900 }, (_, i) =>
            row(
              '',
              1,
              [
                [2 * i, 1],
                [2 * i + 1, 1],
              ],
              Infinity,
            ),
          ),
        ),
      );
    const { columns, agreement } = matchModels(symmetric('x'), symmetric('y'));
    expect(agreement).toBeLessThan(1);
    expect([...columns].filter((twin) => twin >= 0).length).toBeLessThan(200);
  });
});
