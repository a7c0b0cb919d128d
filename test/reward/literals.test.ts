import { literalTrace } from 'evom/reward';
import { describe, expect, it } from 'vitest';
import { coverageOf, literalShares, numbersOf, quadraticNumbersOf } from '../../src/reward/literals.ts';
import { column, model, row } from '../solvers/models.ts';

const boats = model(
  'max',
  [column('boots', 68, 0, 40), column('mugs', 62, 3, 50)],
  [
    row(
      'hours',
      -Infinity,
      [
        [0, 17],
        [1, 22],
      ],
      99,
    ),
    row('', 5, [[0, 1]], Infinity),
  ],
  12,
);

describe('literalTrace', () => {
  it('names the objective, the row or the variable that holds a number of its own, once each, without 0, 1 and infinity', () => {
    expect(literalTrace(boats, 'Nothing is told but 17 and 68.')).toEqual({
      unused: [],
      foreign: [
        { where: 'objective', numbers: [12, 62] },
        { where: 'hours', numbers: [99, 22] },
        { where: 'row 2', numbers: [5] },
        { where: 'bounds of boots', numbers: [40] },
        { where: 'bounds of mugs', numbers: [3, 50] },
      ],
    });
  });

  it('finds nothing strange in a model whose numbers are all told, in figures, in words or as shares', () => {
    const text = 'Boots earn 68, mugs 62 and a bonus of a dozen. They take 17 and twenty-two of 99 hours; three to 50 mugs, 5 to 40 boots.';
    expect(literalTrace(boats, text)).toEqual({ unused: [], foreign: [] });
    const share = model('min', [column('x', 0.2)], [row('left', 0.8, [[0, 1]], 1)]);
    expect(literalTrace(share, 'Of 20 % nothing is left.')).toEqual({ unused: [], foreign: [] });
  });

  it('names the figures of the text that stand nowhere', () => {
    expect(literalTrace(boats, '488 hours, 17 of them for boots, and 488 again, 0 or 1').unused).toEqual([488]);
  });
});

describe('coverageOf', () => {
  const text = 'Of 10, 20, 30 and 40.';
  it('is the share of the figures that are among the numbers', () => {
    expect(coverageOf([10, -20, 7], text, 3)).toBe(0.5);
    expect(coverageOf([], text, 3)).toBe(0);
    expect(coverageOf([10, 20, 30, 40], text, 4)).toBe(1);
  });
  it('is not known where the text has few figures', () => {
    expect(coverageOf([10], text, 5)).toBeNull();
    expect(coverageOf([10], text, 4)).toBe(0.25);
  });
});

describe('the numbers of a model', () => {
  it('are all that is written in it', () => {
    expect([...numbersOf(boats)]).toEqual([12, 68, 0, 40, 62, 3, 50, -Infinity, 99, 17, 22, 5, Infinity, 1]);
  });
  it('are the coefficients of products too, where there are any', () => {
    const linear = model('min', [column('x', 2, 0, 9)], []);
    const curved = { name: 'c', lower: 3, upper: 4, columns: [0], coefficients: [5], products: [[0, 0, 6]] } as const;
    expect([...quadraticNumbersOf({ linear, products: [[0, 0, 7]], rows: [curved] })]).toEqual([0, 2, 0, 9, 7, 3, 4, 5, 6]);
  });
});

describe('literalShares', () => {
  it('says nothing of a text without figures', () => {
    expect(literalShares(boats, [0, 0], 'Boots and mugs.')).toMatchObject({ coverage: null, attached: null, numFigures: 0 });
  });

  it('takes a number for attached that is tied to the objective by a chain of rows, and not one that stands apart', () => {
    const link = (name: string, i: number, j: number, upper: number) =>
      row(
        name,
        -Infinity,
        [
          [i, 1],
          [j, 1],
        ],
        upper,
      );
    // x earns 7 and hangs together with y (33) and by it with z (44); u and v (55) stand apart.
    const chain = model(
      'max',
      [column('x', 7), column('y', 0), column('z', 0), column('u', 0), column('v', 0)],
      [link('a', 0, 1, 33), link('b', 1, 2, 44), link('c', 3, 4, 55)],
    );
    expect(literalShares(chain, [0, 0, 0, 0, 0], 'Of 7, 33, 44 and 55.')).toMatchObject({ coverage: 1, attached: 0.75, numFigures: 4 });
  });

  it('counts for deciding the bounds that hold and the costs of what is used, and no others', () => {
    // Of x = 4 its cost and its upper bound decide; of y = 0 its lower bound of 0, and neither its cost nor its upper bound.
    const bounded = model('max', [column('x', 7, 2, 4), column('y', 9, 0, 30)], []);
    const native = (text: string) => literalShares(bounded, [4, 0], text).native;
    expect(native('7 and 4')).toBe(1);
    expect(native('7 and 30')).toBe(0.5);
    expect(native('9, 2 and 30')).toBe(0);
  });
});
