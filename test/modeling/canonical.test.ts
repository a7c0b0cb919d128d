import { parseLp } from 'evom';
import { canonicalModel, identicalModels, modelHash } from 'evom/modeling';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { rounded } from '../../src/modeling/canonical.ts';
import { column, inf, model, row } from '../../src/testing/models.ts';

describe('rounded', () => {
  it.each([
    [0, 0],
    [-0, 0],
    [7, 7],
    [-123456789, -123456789],
    [0.1 + 0.2, 0.3],
    [1 / 3, 0.333333333],
    [2 / 3, 0.666666667],
    [1234567890.4, 1234567890],
    [12345678901, 12345678900],
    [-1e20, -inf],
    [1e20, inf],
    [9.9e19, 9.9e19],
    [1e-30, 1e-30],
  ])('of %s is %s', (value, expected) => {
    expect(Object.is(rounded(value), expected)).toBe(true);
  });

  it('brings together what an error in the last bits parts at a half', () => {
    // 1.0000000005 lies between two roundings to 9 digits.
    expect(rounded(1.0000000005 * (1 - 2 ** -52))).toBe(rounded(1.0000000005 * (1 + 2 ** -52)));
    expect(rounded(0.1000000005 - 2e-17)).toBe(rounded(0.1000000005 + 2e-17));
  });
});

describe('canonicalModel', () => {
  const xy = [column('x', 1), column('y', 2)];
  const rowsOf = (...constraints: LinearModel['constraints']) =>
    canonicalModel(model('min', xy, constraints)).rows.map(({ coefficients, upper, constraint }) => [coefficients, upper, constraint]);
  const terms = (a: number, b: number) =>
    [
      [0, a],
      [1, b],
    ] as const;

  it('minimises: costs and constant of a maximisation change sign', () => {
    const { offset, columns } = canonicalModel(model('max', xy, [row('', -inf, terms(1, 1), 4)], 7));
    expect([offset, ...columns.map(({ cost }) => cost)]).toEqual([-7, -1, -2]);
    expect(canonicalModel(model('min', xy, [], 7)).offset).toBe(7);
    expect(Object.is(canonicalModel(model('max', xy)).offset, 0)).toBe(true);
  });

  it('writes a range as two rows, of one constraint', () => {
    expect(rowsOf(row('', 2, terms(1, 2), 8))).toEqual([
      [[0.5, 1], 4, 0],
      [[-0.5, -1], -1, 0],
    ]);
  });

  it('keeps the tighter of two parallel rows, and says whose it is', () => {
    expect(rowsOf(row('', -inf, terms(1, 1), 8), row('', -inf, terms(3, 3), 12))).toEqual([[[1, 1], 4, 1]]);
    expect(rowsOf(row('', -inf, terms(3, 3), 12), row('', -inf, terms(1, 1), 8))).toEqual([[[1, 1], 4, 0]]);
    expect(rowsOf(row('', -inf, terms(1, 1), 4), row('', -inf, terms(3, 3), 12))).toEqual([[[1, 1], 4, 0]]);
  });

  it('drops rows without a side, whether infinite or so large that a solver takes it for infinite', () => {
    expect(rowsOf(row('', -inf, terms(1, 1), inf), row('', -1e20, terms(1, 1), 1e20), row('', -1e21, terms(1, 2), 8))).toEqual([
      [[0.5, 1], 4, 2],
    ]);
  });

  it('drops entries of rounding dust', () => {
    expect(rowsOf(row('', -inf, [...terms(1, 2)], 8))).toEqual(rowsOf(row('', -inf, [...terms(1, 2)], 8 + 1e-10)));
    const dusty = canonicalModel(model('min', xy, [row('', -inf, terms(2, 1e-10), 8), row('', -inf, terms(2, 1e-8), 8)]));
    expect(dusty.columns[0]).toMatchObject({ upper: 4 }); // one term left: a bound
    expect(dusty.rows).toHaveLength(1);
    expect(rowsOf(row('', -inf, terms(1, 1), 1e-10))).toEqual([[[1, 1], 0, 0]]);
    expect(rowsOf(row('', -inf, terms(1, 1), 1e-8))).toEqual([[[1, 1], 1e-8, 0]]);
  });

  it('puts the terms of a row in the order of the variables', () => {
    const turned = row(
      '',
      -inf,
      [
        [1, 4],
        [0, 1],
      ],
      8,
    );
    expect(canonicalModel(model('min', xy, [turned])).rows[0]).toMatchObject({ columns: [0, 1], coefficients: [0.25, 1] });
  });

  it('turns rows of one variable into bounds, the tightest of all', () => {
    const bounds = (...constraints: LinearModel['constraints']) => {
      const [x] = canonicalModel(model('min', [column('x', 1, 1, 10)], constraints)).columns;
      return [x?.lower, x?.upper];
    };
    expect(bounds(row('', -inf, [[0, 2]], 8))).toEqual([1, 4]);
    expect(bounds(row('', -inf, [[0, -2]], -8))).toEqual([4, 10]);
    expect(bounds(row('', 4, [[0, 2]], 6))).toEqual([2, 3]);
    expect(bounds(row('', 0, [[0, 1]], 30))).toEqual([1, 10]);
    expect(bounds(row('', -inf, [[0, 1]], 5), row('', -inf, [[0, 1]], 4), row('', -inf, [[0, 1]], 6))).toEqual([1, 4]);
  });

  it('rounds bounds of integers inwards, never those of continuous variables', () => {
    const bounds = (lower: number, upper: number, integer: boolean) => {
      const [x] = canonicalModel(model('min', [column('x', 1, lower, upper, integer)])).columns;
      return [x?.lower, x?.upper];
    };
    expect(bounds(1.2, 3.7, true)).toEqual([2, 3]);
    expect(bounds(1.2, 3.7, false)).toEqual([1.2, 3.7]);
    expect(bounds(-3.7, -1.2, true)).toEqual([-3, -2]);
    expect(bounds(2 + 9e-7, 4 - 9e-7, true)).toEqual([2, 4]);
    expect(bounds(-inf, inf, true)).toEqual([-inf, inf]);
    expect(bounds(-1e30, 1e30, false)).toEqual([-inf, inf]);
  });

  it('leaves out variables that cost nothing and stand in no row, and renumbers the others', () => {
    const variables = [column('u', 0, 0, 5), column('x', 1), column('v', 0), column('y', 0)];
    const found = canonicalModel(
      model('min', variables, [
        row(
          '',
          -inf,
          [
            [1, 1],
            [3, 2],
          ],
          4,
        ),
      ]),
    );
    expect(found.columns.map(({ name }) => name)).toEqual(['x', 'y']);
    expect(found.rows[0]?.columns).toEqual([0, 1]);
  });

  it('keeps a row without terms only where it never holds', () => {
    const empty = (lower: number, upper: number) => rowsOf(row('', lower, [], upper)).length;
    expect([empty(-inf, 0), empty(0, 0), empty(-1, 1), empty(0, 1e-10), empty(-inf, -1e-10)]).toEqual([0, 0, 0, 0, 0]);
    expect([empty(1, 2), empty(-inf, -1), empty(1, inf)]).toEqual([1, 1, 1]);
    expect(rowsOf(row('', 1, terms(0, 0), 2), row('', 5, [], 6))).toEqual([[[], -1, 1]]);
  });
});

describe('identicalModels', () => {
  const triangles = (order: readonly number[], numRings: number): LinearModel => {
    // Rings of three under equal costs; the columns come in the order given, with the same names.
    const place = new Map(order.map((j, at) => [j, at]));
    const at = (j: number) => place.get(j) ?? 0;
    return model(
      'min',
      order.map((j) => column(`x${j}`, 1)),
      Array.from({ length: 3 * numRings }, (_, j) =>
        row(
          '',
          1,
          [
            [at(j), 1],
            [at(3 * Math.floor(j / 3) + ((j + 1) % 3)), 1],
          ],
          inf,
        ),
      ),
    );
  };

  it('goes by the names where they are the same, so that symmetry costs nothing', () => {
    const numRings = 600;
    const inOrder = [...Array(3 * numRings).keys()];
    // The residues one after the other: columns in their order pair with those of other rings.
    const mixed = [0, 1, 2].flatMap((r) => inOrder.filter((j) => j % 3 === r));
    expect(identicalModels(triangles(inOrder, numRings), triangles(mixed, numRings))).toBe(true);
  });

  it('finds the structure where names are the same but stand for other things, or stand twice', () => {
    const a = parseLp('max\n 3 x + 2 y\nst\n x + 5 y <= 4\nend');
    const swapped = parseLp('max\n 2 x + 3 y\nst\n 5 x + y <= 4\nend');
    expect(identicalModels(a, swapped)).toBe(true);
    const twice = (model: LinearModel) => ({ ...model, variables: model.variables.map((variable) => ({ ...variable, name: 'x' })) });
    expect(identicalModels(twice(a), twice(swapped))).toBe(true);
    expect(identicalModels(twice(a), a)).toBe(true);
    expect(identicalModels(a, twice(a))).toBe(true);
    expect(identicalModels(twice(a), twice(parseLp('max\n 3 x + 2 y\nst\n x + 4 y <= 4\nend')))).toBe(false);
  });

  it('tries the ways to break a tie, deeper than one', () => {
    const order = [0, 3, 6, 1, 4, 7, 2, 5, 8];
    const renamed = (one: LinearModel) => ({ ...one, variables: one.variables.map((variable, j) => ({ ...variable, name: `y${j}` })) });
    expect(identicalModels(triangles([0, 1, 2, 3, 4, 5, 6, 7, 8], 3), renamed(triangles(order, 3)))).toBe(true);
  });

  it('does not try what the colours rule out: rings of three for rings of six', () => {
    const order = [...Array(12).keys()];
    const threes = triangles(order, 4);
    const sixes = {
      ...threes,
      constraints: threes.constraints.map((_, j) =>
        row(
          '',
          1,
          [
            [j, 1],
            [6 * Math.floor(j / 6) + ((j + 1) % 6), 1],
          ],
          inf,
        ),
      ),
    };
    expect(identicalModels(threes, sixes)).toBe(false);
    expect(identicalModels(sixes, threes)).toBe(false);
  });

  it.each([
    ['a lower bound', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\nbounds\n y >= 0.5\nend'],
    ['an upper bound', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\nbounds\n y <= 0.5\nend'],
    ['a type', 'max\n 3 x + 2 y\nst\n x + 5 y <= 4\ngen\n y\nend'],
    ['a row of other variables', 'max\n 3 x + 2 y\nst\n 5 x + y <= 4\nend'],
    ['a variable more', 'max\n 3 x + 2 y + z\nst\n x + 5 y <= 4\nend'],
    ['a constant', 'max\n 3 x + 2 y + 1\nst\n x + 5 y <= 4\nend'],
  ])('refuses %s under the same names', (_, other) => {
    const one = parseLp('max\n 3 x + 2 y\nst\n x + 5 y <= 4\nend');
    expect(identicalModels(one, parseLp(other))).toBe(false);
    expect(modelHash(one)).not.toBe(modelHash(parseLp(other)));
  });

  it('hashes to 32 hexadecimal digits', () => {
    expect(modelHash(parseLp('max\n 3 x + 2 y\nst\n x + 5 y <= 4\nend'))).toMatch(/^[0-9a-f]{32}$/);
  });
});
