/** What is left out of one model because the other implies it, and what a comparison counts: with a solver whose verdicts are given. */
import { parseLp } from 'evom';
import { comparePerturbed, type PerturbationOptions } from 'evom/modeling';
import { describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import type { SolveModel } from '../../src/modeling/robustness.ts';

type Verdict = ReturnType<SolveModel>;
const optimal = (objective: number | null): Verdict => ({ status: 'optimal', objective });

const lp = (rows: string, rest = ''): LinearModel => parseLp(`max\n 3 x + 2 y\nst\n 2 x + y <= 4\n ${rows}\n${rest}\nend`);
const reference = lp('x + 3 y <= 9');

/** The result, and the costs of each question asked; without trials only what is implied is asked. */
function compared(program: LinearModel, other: LinearModel, solve: SolveModel, options: PerturbationOptions = { trials: 0 }) {
  const costs: number[][] = [];
  const models: LinearModel[] = [];
  const result = comparePerturbed(
    program,
    other,
    (model) => {
      models.push(model);
      costs.push(model.variables.map(({ cost }) => cost));
      return solve(model);
    },
    options,
  );
  return { ...result, costs, models };
}

describe('a row that only one model has', () => {
  const more = lp('x + 3 y <= 9\n x + 2 y <= 100'); // canonical: 0.5 x + y <= 50

  it('is measured against the other model: how far can its sum go there?', () => {
    for (const [a, b] of [
      [more, reference],
      [reference, more],
    ] as const) {
      const { costs, models, comparison } = compared(a, b, () => optimal(-50));
      expect(costs).toEqual([[-0.5, -1]]);
      expect(models[0]).toMatchObject({ sense: 'min', offset: 0 });
      expect(models[0]?.constraints.map(({ upper }) => upper)).toEqual([2, 3]);
      expect(comparison).toBe('equivalent');
    }
  });

  it.each([
    [-50.00004, 'equivalent'], // within a millionth of the side
    [-50.0001, 'unmatched'],
    [-7, 'equivalent'],
    [-1000, 'unmatched'],
  ] as const)('is implied by a furthest point of %s: %s', (objective, comparison) => {
    expect(compared(more, reference, () => optimal(objective))).toMatchObject({ comparison, compared: 0, difference: null });
  });

  it('measures a side of 0 by rounding alone', () => {
    const level = lp('x + 3 y <= 9\n x - 2 y <= 0');
    expect(compared(level, reference, () => optimal(-9e-7)).comparison).toBe('equivalent');
    expect(compared(level, reference, () => optimal(-2e-6)).comparison).toBe('unmatched');
  });

  it.each(['infeasible', 'unbounded', 'time_limit', 'error'] as const)('is not implied where the solver says %s', (status) => {
    expect(compared(more, reference, () => ({ status, objective: -1 })).comparison).toBe('unmatched');
  });

  it('is not asked about where it has a variable that the other lacks', () => {
    const other = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 4\n x + 3 y <= 9\n x + 2 z <= 100\nend');
    expect(compared(other, reference, () => optimal(0)).costs).toEqual([]);
  });

  it('is asked about for twelve rows at most, and no more once the solver has no answer', () => {
    const many = lp(`x + 3 y <= 9\n${Array.from({ length: 15 }, (_, i) => ` x + ${i + 4} y <= 100`).join('\n')}`);
    expect(compared(many, reference, () => optimal(-1e9)).costs).toHaveLength(12);
    expect(compared(many, reference, () => ({ status: 'unbounded', objective: null })).costs).toHaveLength(12);
    expect(compared(many, reference, () => ({ status: 'time_limit', objective: null })).costs).toHaveLength(1);
  });

  it('goes alone: others that are not implied stay', () => {
    const two = lp('x + 3 y <= 9\n x + 2 y <= 100\n x + 4 y <= 12');
    const { models } = compared(
      two,
      reference,
      (model) => optimal(model.variables[1]?.cost === -1 && model.variables[0]?.cost === -0.5 ? -50 : -1e9),
      {
        trials: 1,
      },
    );
    // After both questions, the first comparison: the program's rows, then the reference's.
    expect(models.slice(2, 4).map(({ constraints }) => constraints.length)).toEqual([3, 2]);
  });
});

describe('a bound that is tighter in one model', () => {
  it.each([
    ['an upper one', lp('x + 3 y <= 9', 'bounds\n y <= 3'), [0, -1], -3],
    ['a lower one', lp('x + 3 y <= 9', 'bounds\n y >= 1'), [0, 1], 1],
  ] as const)('%s is measured by how far the variable goes in the other', (_, tight, costs, furthest) => {
    for (const [a, b] of [
      [tight, reference],
      [reference, tight],
    ] as const) {
      expect(compared(a, b, () => optimal(furthest))).toMatchObject({ comparison: 'equivalent', costs: [costs] });
      expect(compared(a, b, () => optimal(furthest - 0.01))).toMatchObject({ comparison: 'unmatched', costs: [costs] });
    }
  });

  it('is kept where the types differ, unasked', () => {
    expect(compared(lp('x + 3 y <= 9', 'bounds\n y <= 3\ngen\n y'), reference, () => optimal(0)).costs).toEqual([]);
  });

  it('goes without the other bound of the variable', () => {
    const both = lp('x + 3 y <= 9', 'bounds\n 1 <= y <= 3');
    // The upper one is implied and the lower one is not.
    const { models } = compared(both, reference, (model) => optimal(model.variables[1]?.cost === -1 ? -3 : -1e9), { trials: 1 });
    expect(models[2]?.variables[1]).toMatchObject({ lower: expect.closeTo(1, 0), upper: Infinity });
  });
});

describe('what a comparison counts', () => {
  const program = parseLp('max\n 3 x + 2.5 y\nst\n 2 x + y <= 4\n x + 3 y <= 9\nend');
  const verdicts = (ours: Verdict, theirs: Verdict, options: PerturbationOptions = {}) => {
    let call = 0;
    return comparePerturbed(program, reference, () => (call++ % 2 === 0 ? ours : theirs), options);
  };

  it.each([
    [1e9, 1e9 + 500, true],
    [1e9, 1e9 + 1500, false],
    [-1e9, -1e9 - 500, true],
    [0.001, 0.0010009, true],
    [0.001, 0.0010011, false],
    [0, 1, false],
    [null, null, true],
  ])('optima of %s and %s for equal: %s', (x, y, equal) => {
    expect(verdicts(optimal(x), optimal(y)).comparison).toBe(equal ? 'equivalent' : 'different');
  });

  it('nothing where neither has an optimum', () => {
    const none = { comparison: 'unmatched', compared: 0, difference: null } as const;
    expect(verdicts({ status: 'infeasible', objective: null }, { status: 'unbounded', objective: null })).toEqual(none);
  });

  it('an unbounded model against an optimum', () => {
    expect(verdicts({ status: 'unbounded', objective: null }, optimal(3))).toEqual({
      comparison: 'different',
      compared: 1,
      difference: 'both: unbounded against 3',
    });
  });

  it('no change without a verdict of both, and goes on after two of them', () => {
    let call = 0;
    const { comparison, compared: count } = comparePerturbed(program, reference, () => {
      call += 1;
      return call === 1 || call === 4 ? { status: 'time_limit', objective: 1 } : optimal(1);
    });
    expect([comparison, count]).toEqual(['equivalent', 10 - 2]);
  });

  it('a constant, though all else is equal', () => {
    const shifted = { ...reference, offset: 7 };
    expect(comparePerturbed(shifted, reference, (model) => optimal(model.offset))).toMatchObject({
      comparison: 'different',
      difference: 'both: -7 against 0',
    });
  });

  it('only changes of sides where a variable with a cost has no partner, in either model', () => {
    const surplus = parseLp('max\n 3 x + 2 y + 9 z\nst\n 2 x + y <= 4\n x + 3 y <= 9\nbounds\n z <= 1\nend');
    for (const [a, b] of [
      [surplus, reference],
      [reference, surplus],
    ] as const) {
      expect(comparePerturbed(a, b, () => optimal(1))).toMatchObject({ comparison: 'unmatched', compared: 2 });
      expect(comparePerturbed(a, b, () => optimal(1), { trials: 9 })).toMatchObject({ comparison: 'equivalent', compared: 3 });
    }
  });

  it('all changes where the one without a partner costs nothing', () => {
    const surplus = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 4\n x + 3 y <= 9\n x + z <= 50\nend');
    expect(comparePerturbed(surplus, reference, () => optimal(1)).compared).toBe(8 + 2);
  });
});
