/** What defines an auxiliary variable, what is left of its bounds, and where the search ends. */
import { parseLp } from 'evom';
import { equalUpToAuxiliaries } from 'evom/modeling';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { column, inf, model, row } from '../../src/testing/models.ts';

const equal = (named: string, plain: string): boolean => equalUpToAuxiliaries(parseLp(named), parseLp(plain));

describe('an equation defines a variable', () => {
  const plain = 'max\n 3 x + 2 y + 7\nst\n x + y <= 4\n x - 2 y <= 2\nend';
  it.each([
    ['of the objective, with a constant', 'profit - 3 x - 2 y = 7'],
    ['scaled', '2 profit - 6 x - 4 y = 14'],
    ['turned round', '6 x + 4 y - 2 profit = -14'],
  ])('%s', (_, equation) => {
    const named = (text: string) => `max\n profit\nst\n ${text}\n x + y <= 4\n x - 2 y <= 2\nbounds\n profit free\nend`;
    expect(equal(named(equation), plain)).toBe(true);
    expect(equal(named(equation.replace(/7$|14$/, '8')), plain)).toBe(false);
    expect(equal(named(equation.replace('=', '<=')), plain)).toBe(equation !== '6 x + 4 y - 2 profit = -14');
  });

  it('whose constant moves the sides of other rows, both of a range', () => {
    const named = (rest: string) => `max\n 3 x + 2 y\nst\n t - x - y = 5\n ${rest}\nbounds\n t free\nend`;
    expect(equal(named('2 t + x <= 20'), 'max\n 3 x + 2 y\nst\n 3 x + 2 y <= 10\nend')).toBe(true);
    expect(equal(named('8 <= 2 t + x <= 20'), 'max\n 3 x + 2 y\nst\n -2 <= 3 x + 2 y <= 10\nend')).toBe(true);
    expect(equal(named('2 t + x <= 20'), 'max\n 3 x + 2 y\nst\n 3 x + 2 y <= 30\nend')).toBe(false);
    expect(equal(named('t - x <= 8'), 'max\n 3 x + 2 y\nst\n y <= 3\nend')).toBe(true); // x falls out
  });

  it('that is an integer only if the equation makes it whole', () => {
    const named = (equation: string, integers: string) =>
      equal(
        `max\n 3 x + 2 y\nst\n ${equation}\n t <= 9\n x + 3 y <= 7\ngen\n t ${integers}\nend`,
        `max\n 3 x + 2 y\nst\n ${plainOf[equation]} <= 9\n x + 3 y <= 7\n${integers === '' ? '' : `gen\n ${integers}\n`}end`,
      );
    const plainOf: Record<string, string> = {
      't - x - y = 0': 'x + y',
      't - x - 2 y = 0': 'x + 2 y',
      't - x - 0.5 y = 0': 'x + 0.5 y',
      '2 t - 2 x - 4 y = 0': 'x + 2 y',
    };
    expect(named('t - x - y = 0', 'x y')).toBe(true);
    expect(named('t - x - 2 y = 0', 'x y')).toBe(true);
    expect(named('2 t - 2 x - 4 y = 0', 'x y')).toBe(true);
    expect(named('t - x - 0.5 y = 0', 'x y')).toBe(false);
    expect(named('t - x - y = 0', 'x')).toBe(false);
    expect(named('t - x - y = 0', 'y')).toBe(false);
    const shifted = (side: number) =>
      equal(
        `max\n 3 x + 2 y\nst\n t - x - y = ${side}\n t <= 9\ngen\n t x y\nend`,
        `max\n 3 x + 2 y\nst\n x + y <= ${9 - side}\ngen\n x y\nend`,
      );
    expect(shifted(3)).toBe(true);
    expect(shifted(0.5)).toBe(false);
  });
});

describe('an inequality defines a variable that the objective pushes against it', () => {
  const rows = 'x + y <= 4\n x + 3 y >= 2';
  const named = (sense: string, row: string, bounds = 'profit free', more = '') =>
    `${sense}\n profit\nst\n ${row}\n ${rows}\n${more}\nbounds\n ${bounds}\nend`;
  const plain = (sense: string, objective = '3 x + 2 y') => `${sense}\n ${objective}\nst\n ${rows}\nend`;

  it.each([
    ['max', 'profit - 3 x - 2 y <= 0', true],
    ['max', '3 x + 2 y - profit >= 0', true],
    ['max', 'profit - 3 x - 2 y >= 0', false],
    ['max', '3 x + 2 y - profit <= 0', false],
    ['min', 'profit - 3 x - 2 y >= 0', true],
    ['min', '3 x + 2 y - profit <= 0', true],
    ['min', 'profit - 3 x - 2 y <= 0', false],
    ['min', '3 x + 2 y - profit >= 0', false],
  ] as const)('%s under %s: %s', (sense, row, defines) => {
    expect(equal(named(sense, row), plain(sense))).toBe(defines);
  });

  it.each([
    ['max', '- profit', 'profit + 3 x + 2 y >= 0', true],
    ['max', '- profit', 'profit + 3 x + 2 y <= 0', false],
    ['min', '- profit', 'profit + 3 x + 2 y <= 0', true],
    ['min', '- profit', 'profit + 3 x + 2 y >= 0', false],
  ] as const)('%s of %s under %s: %s', (sense, objective, row, defines) => {
    expect(equal(named(sense, row).replace(' profit\n', ` ${objective}\n`), plain(sense))).toBe(defines);
  });

  it('not where a bound of its own may stop it before', () => {
    const most = 'profit - 3 x - 2 y <= 0';
    expect(equal(named('max', most, '-inf <= profit <= 10'), plain('max'))).toBe(false);
    expect(equal(named('max', most, 'profit >= 0'), plain('max'))).toBe(true); // 3 x + 2 y is no less
    const least = 'profit - 3 x + 2 y >= 0';
    expect(equal(named('min', least, 'profit >= 1'), plain('min', '3 x - 2 y'))).toBe(false);
    expect(equal(named('min', least, 'profit free'), plain('min', '3 x - 2 y'))).toBe(true);
  });

  it('not where it stands in another row, or is an integer of fractions', () => {
    const most = 'profit - 3 x - 2 y <= 0';
    const other = 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y >= 2\n 4 x + 2 y <= 5\nend';
    expect(equal(named('max', most, 'profit free', ' profit + x <= 5'), other)).toBe(false);
    expect(equal(named('max', most.replace('<=', '='), 'profit free', ' profit + x <= 5'), other)).toBe(true);
    expect(equal(`${named('max', 'profit - 1.5 x <= 0').slice(0, -3)}gen\n profit\nend`, plain('max', '1.5 x'))).toBe(false);
  });
});

describe('the bounds of a variable that is put out', () => {
  /** Whether t, with its bounds, says nothing more; and whether it says the row. */
  const says = (equation: string, bounds: string, row: string) => {
    const named = `max\n 3 x + 2 y\nst\n ${equation}\n x + 9 y <= 50\nbounds\n 1 <= x <= 4\n y <= 6\n ${bounds}\nend`;
    const plain = (more: string) => `max\n 3 x + 2 y\nst\n x + 9 y <= 50\n ${more}\nbounds\n 1 <= x <= 4\n y <= 6\nend`;
    return [equal(named, plain('')), equal(named, plain(row))];
  };
  const [nothing, more] = [
    [true, false],
    [false, true],
  ];

  it.each([
    ['t - x - y = 0', 't <= 10', 'x + y <= 10', nothing],
    ['t - x - y = 0', 't <= 9', 'x + y <= 9', more],
    ['t - 2 x - 3 y = 0', 't <= 26', '2 x + 3 y <= 26', nothing],
    ['t - 2 x - 3 y = 0', 't <= 25', '2 x + 3 y <= 25', more],
    ['t - 2 x - 3 y = 4', 't <= 30', '2 x + 3 y <= 26', nothing],
    ['t - 2 x - 3 y = 4', 't <= 29', '2 x + 3 y <= 25', more],
    ['t - 2 x - 3 y = 0', 't >= 2', '2 x + 3 y >= 2', nothing],
    ['t - 2 x - 3 y = 0', 't >= 3', '2 x + 3 y >= 3', more],
    ['t - x + y = 0', '-5 <= t <= 4', 'x - y >= -5', nothing],
    ['t - x + y = 0', '-4 <= t <= 4', 'x - y >= -4', more],
    ['t - x + y = 0', '-5 <= t <= 3', 'x - y <= 3', more],
    ['t - x + y = 0', 't free', 'x - y >= 0', nothing],
    ['t - x + y = 0', 't >= 0', 'x - y >= 0', more],
  ] as const)('of %s and %s are kept as far as the others do not imply them', (equation, bounds, row, expected) => {
    expect(says(equation, bounds, row)).toEqual(expected);
  });

  it('are kept where another variable of the equation has none', () => {
    const named = 'max\n 3 x + 2 y\nst\n t - x - y = 0\n x + 9 y <= 50\nbounds\n x free\n t <= 80\nend';
    const plain = (row: string) => `max\n 3 x + 2 y\nst\n x + 9 y <= 50\n ${row}\nbounds\n x free\nend`;
    expect(equal(named, plain('0 <= x + y <= 80'))).toBe(true);
    expect(equal(named, plain('x + y <= 80'))).toBe(false);
    expect(equal(named, plain('x + y >= 0'))).toBe(false);
  });
});

it('gives up after three hundred variables put out', () => {
  const plain = model(
    'max',
    [column('x', 1), column('y', 2)],
    [
      row(
        '',
        -inf,
        [
          [0, 1],
          [1, 1],
        ],
        4,
      ),
    ],
  );
  /** Totals of totals, the last of which has the side. */
  const chain = (length: number): LinearModel => ({
    ...plain,
    variables: [...plain.variables, ...Array.from({ length }, (_, k) => column(`t${k}`, 0, -inf))],
    constraints: [
      ...Array.from({ length }, (_, k) =>
        row(
          '',
          0,
          k === 0
            ? [
                [2, 1],
                [0, -1],
                [1, -1],
              ]
            : [
                [k + 2, 1],
                [k + 1, -1],
              ],
          0,
        ),
      ),
      row('', -inf, [[length + 1, 1]], 4),
    ],
  });
  expect([equalUpToAuxiliaries(chain(60), plain), equalUpToAuxiliaries(chain(301), plain)]).toEqual([true, false]);
});
