/** What is changed in both models, and what is left as it is: read off the models that a solver is handed. */
import { parseLp } from 'evom';
import { comparePerturbed, type PerturbationOptions } from 'evom/modeling';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import type { SolveModel } from '../../src/modeling/robustness.ts';

/** Too good to be implied by anything, and the same of every model. */
const unmoved: SolveModel = () => ({ status: 'optimal', objective: -1e12 });

/** The pairs of changed models that are compared: of the program and of the reference. */
function changedPairs(program: string, reference: string, options: PerturbationOptions = {}) {
  const asked = (chosen: PerturbationOptions): LinearModel[] => {
    const models: LinearModel[] = [];
    const solve: SolveModel = (model) => {
      models.push(model);
      return unmoved(model);
    };
    comparePerturbed(parseLp(program), parseLp(reference), solve, chosen);
    return models;
  };
  // What is asked before the first change is whether rows and bounds are implied.
  const models = asked(options).slice(asked({ ...options, trials: 0 }).length);
  return Array.from({ length: models.length / 2 }, (_, i) => ({
    ours: models[2 * i] as LinearModel,
    theirs: models[2 * i + 1] as LinearModel,
  }));
}

const of = (model: LinearModel, name: string) => {
  const variable = model.variables.find((one) => one.name === name);
  if (variable === undefined) throw new Error(`no ${name}`);
  return variable;
};
const sidesOf = ({ constraints }: LinearModel): number[] => constraints.map(({ upper }) => upper);

describe('the changes', () => {
  // y costs something else; the program names its variables and rows in another order.
  const program = 'max\n 2.5 y + 3 x\nst\n x + 3 y <= 9\n 2 x + y <= 4\nend';
  const reference = 'max\n 3 x + 2 y\nst\n 2 x + y <= 4\n x + 3 y <= 9\nend';
  const pairs = changedPairs(program, reference);
  const random = pairs.slice(0, 8);

  it('are eight drawn ones, of all, of the objective and of the sides in turn, and two for each place where the models differ', () => {
    const changed = pairs.map(({ theirs }) => [of(theirs, 'x').cost !== -3, sidesOf(theirs)[0] !== 2]);
    const [all, objective, sides] = [
      [true, true],
      [true, false],
      [false, true],
    ];
    expect(changed).toEqual([all, objective, sides, all, objective, sides, all, objective, objective, all]);
  });

  it('are as many as asked for, and none without trials', () => {
    expect(changedPairs(program, reference, { trials: 1 })).toHaveLength(1 + 2);
    expect(changedPairs(program, reference, { trials: 20 })).toHaveLength(20 + 2);
    expect(comparePerturbed(parseLp(program), parseLp(reference), unmoved, { trials: 0 })).toEqual({
      comparison: 'unmatched',
      compared: 0,
      difference: null,
    });
  });

  it('multiply costs of twins by one factor, from a third to three', () => {
    const factors = random.flatMap(({ ours, theirs }) => {
      const x = of(theirs, 'x').cost / -3;
      const y = of(theirs, 'y').cost / -2;
      expect(of(ours, 'x').cost).toBeCloseTo(-3 * x, 9);
      expect(of(ours, 'y').cost).toBeCloseTo(-2.5 * y, 9);
      return [x, y];
    });
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(1 / 3);
    expect(Math.max(...factors)).toBeLessThanOrEqual(3);
    expect(Math.min(...factors)).toBeLessThan(0.8);
    expect(Math.max(...factors)).toBeGreaterThan(1.25);
  });

  it('multiply sides of twins by one factor, from a half to two', () => {
    const factors = random.flatMap(({ ours, theirs }) => {
      const [first = 0, second = 0] = sidesOf(theirs);
      expect(sidesOf(ours)).toEqual([second, first]);
      return [first / 2, second / 3];
    });
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...factors)).toBeLessThanOrEqual(2);
    expect(Math.min(...factors)).toBeLessThan(0.9);
    expect(Math.max(...factors)).toBeGreaterThan(1.1);
  });

  it('are drawn by the seed', () => {
    expect(changedPairs(program, reference)).toEqual(pairs);
    expect(changedPairs(program, reference, { seed: 'evom' })).toEqual(pairs);
    expect(changedPairs(program, reference, { seed: 2 })).not.toEqual(pairs);
  });

  describe('that push the optimum', () => {
    /** Factors of the costs of x and y in the first push, which leaves the sides alone. */
    const push = (ours: string, theirs: string, costs: [number, number]) => {
      const pushed = changedPairs(ours, theirs)[8]?.theirs;
      return pushed === undefined ? [] : [of(pushed, 'x').cost / costs[0], of(pushed, 'y').cost / costs[1]];
    };
    const within = (factor: number | undefined, middle: number) => {
      expect(factor).toBeGreaterThanOrEqual(middle / 1.5);
      expect(factor).toBeLessThanOrEqual(middle * 1.5);
    };

    it('make the variable that differs worth eight times as much, or as dear', () => {
      const [x, y] = push(program, reference, [-3, -2]);
      within(x, 1);
      within(y, 8);
      const least = (cost: number) => `min\n 3 x + ${cost} y\nst\n 2 x + y >= 4\n x + 3 y >= 9\nend`;
      const [u, v] = push(least(2.5), least(2), [3, 2]);
      within(u, 1);
      within(v, 1 / 8);
    });

    it('go towards another upper bound and another type, and away from another lower bound', () => {
      const least = (rest = '') => `min\n 3 x + 2 y\nst\n 2 x + y >= 4\n x + 3 y >= 9\n${rest}\nend`;
      within(push(least('bounds\n y <= 7'), least('bounds\n y <= 8'), [3, 2])[1], 1 / 8);
      within(push(least('gen\n y'), least(), [3, 2])[1], 1 / 8);
      within(push(least('bounds\n y >= 1'), least(), [3, 2])[1], 8);
    });

    it('go against a row that differs, by as much as each of its coefficients', () => {
      const most = (row: string) => `max\n 3 x + 2 y\nst\n 2 x + y <= 4\n ${row}\nend`;
      const [x, y] = push(most('x + 4 y <= 9'), most('2 x + 4 y <= 9'), [-3, -2]);
      within(x, 8 ** 0.25);
      within(y, 8);
      // After the program's row, the reference's; each in two changes.
      const pairs = changedPairs(most('x + 4 y <= 9'), most('2 x + 4 y <= 9'));
      expect(pairs).toHaveLength(8 + 4);
      within(of(pairs[10]?.theirs as LinearModel, 'x').cost / -3, 8 ** 0.5);
    });
  });
});

describe('what stays as it is', () => {
  /** Pairs in which sides and bounds are changed, under a difference of one cost. */
  const pairs = (rows: string, rest = '') => {
    const model = (cost: number) => `max\n 3 x + ${cost} y\nst\n 2 x + y <= 40\n ${rows}\n${rest}\nend`;
    const found = changedPairs(model(2.5), model(2), { trials: 30 }).filter(({ theirs }) => sidesOf(theirs)[0] !== 20);
    expect(found.length).toBeGreaterThan(15);
    return found.flatMap(({ ours, theirs }) => [ours, theirs]);
  };

  it('is a row that counts ones, and only such a row', () => {
    const counting = pairs('x + y <= 1\n x - y <= 0\n x + y >= 1\n x + y >= -1');
    expect(new Set(counting.map((model) => sidesOf(model).slice(1).join()))).toEqual(new Set(['1,0,-1']));
    for (const row of ['x + y <= 2', 'x + 2 y <= 2', 'x - 2 y <= 0', 'x + y >= 2'])
      expect(new Set(pairs(row).map((model) => sidesOf(model)[1])).size).toBeGreaterThan(10);
  });

  it('is a bound of 0 or 1 of an integer; other bounds of integers stay whole', () => {
    const bounds = (rest: string) => pairs('x + 3 y <= 90', rest).map((model) => [of(model, 'y').lower, of(model, 'y').upper]);
    expect(new Set(bounds('bin\n y').map(String))).toEqual(new Set(['0,1']));
    expect(new Set(bounds('gen\n y').map(String))).toEqual(new Set(['0,Infinity']));
    const whole = bounds('bounds\n 5 <= y <= 100\ngen\n y');
    expect(whole.flat().every(Number.isInteger)).toBe(true);
    expect(new Set(whole.map(String)).size).toBeGreaterThan(5);
    for (const [lower = 0, upper = 0] of whole) expect(upper / lower).toBeCloseTo(20, -1);
  });

  it('is the kind of a continuous bound: each is multiplied, and none appears', () => {
    const bounds = pairs('x + 3 y <= 90', 'bounds\n 0.5 <= y <= 1').map((model) => [of(model, 'y').lower, of(model, 'y').upper]);
    expect(new Set(bounds.map(String)).size).toBeGreaterThan(10);
    for (const [lower = 0, upper = 0] of bounds) expect(upper).toBeCloseTo(2 * lower, 9);
    expect(pairs('x + 3 y <= 90').every((model) => of(model, 'y').upper === Infinity && of(model, 'y').lower === 0)).toBe(true);
  });

  it('is the sign of a side', () => {
    for (const model of pairs('x + 3 y >= 5\n x + 4 y <= 6\n x - 5 y <= -2')) expect(sidesOf(model).map(Math.sign)).toEqual([1, -1, 1, -1]);
  });

  it('is an equality: its two sides move as one, from 0 too', () => {
    for (const row of ['x + 3 y = 9', 'x - 3 y = 0', '3 y - 2 x = 0', 'x + 3 y = -6']) {
      const sides = pairs(row).map((model) => sidesOf(model).slice(1));
      for (const [one = 0, other = 1] of sides) expect(one + other).toBeCloseTo(0, 12);
      expect(new Set(sides.map(([one]) => one)).size).toBeGreaterThan(10);
    }
  });

  it('is not a side of 0: it moves by as much as a coefficient is worth, to either side', () => {
    for (const row of ['x - 3 y <= 0', '3 y - x <= 0', 'x - 3 y = 0']) {
      const sides = pairs(row).map((model) => sidesOf(model)[1] ?? 0);
      expect(Math.max(...sides.map(Math.abs))).toBeLessThanOrEqual(1);
      expect(Math.min(...sides)).toBeLessThan(-0.05);
      expect(Math.max(...sides)).toBeGreaterThan(0.05);
    }
    // It is the first coefficient of a row that says which way.
    const sideOf = (row: string) => sidesOf(pairs(row)[0] as LinearModel)[1] ?? 0;
    expect(sideOf('- x + 3 y <= 0')).toBe(-sideOf('x - 3 y <= 0'));
  });

  it('is that an equality of integers has a solution', () => {
    const integers = pairs('2 x + 3 y = 12', 'gen\n x y');
    for (const model of integers) {
      const side = 3 * (sidesOf(model)[1] ?? 0);
      expect(side).toBeCloseTo(Math.round(side), 9);
      expect(side).toBeGreaterThanOrEqual(6);
      expect(side).toBeLessThanOrEqual(24);
    }
    // In thirds of the largest coefficient, not in whole ones.
    expect(integers.some((model) => Math.round(3 * (sidesOf(model)[1] ?? 0)) % 3 !== 0)).toBe(true);
    const free = pairs('2 x + 3 y = 12', 'gen\n x').map((model) => 3 * (sidesOf(model)[1] ?? 0));
    expect(free.some((side) => Math.abs(side - Math.round(side)) > 0.01)).toBe(true);
    const inequality = pairs('2 x + 3 y <= 12', 'gen\n x y').map((model) => 3 * (sidesOf(model)[1] ?? 0));
    expect(inequality.some((side) => Math.abs(side - Math.round(side)) > 0.01)).toBe(true);
  });

  it.each([
    ['x + 3 y >= 9', 'x + 3 y = 9'],
    ['x - 3 y <= 0', 'x - 3 y = 0'],
    ['3 y - x >= 0', '3 y - x = 0'],
  ])('is an equality that only one of the models has, for %s', (inequality, equality) => {
    const model = (row: string) => `max\n 3 x + 2 y\nst\n 2 x + y <= 40\n ${row}\nend`;
    const both = [
      ...changedPairs(model(equality), model(inequality)).map(({ ours, theirs }) => [ours, theirs] as const),
      ...changedPairs(model(inequality), model(equality)).map(({ ours, theirs }) => [theirs, ours] as const),
    ];
    expect(both.length).toBeGreaterThan(16);
    for (const [equal, unequal] of both) {
      const [, one = 0, other = 1] = sidesOf(equal);
      expect(one + other).toBeCloseTo(0, 12);
      expect([one, other]).toContain(sidesOf(unequal)[1]);
    }
    expect(new Set(both.map(([, unequal]) => sidesOf(unequal)[1])).size).toBeGreaterThan(4);
  });
});
