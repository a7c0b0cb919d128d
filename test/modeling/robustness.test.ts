import {
  comparePerturbed,
  createHighs,
  families,
  generateProblem,
  type HighsReader,
  type LinearModel,
  parseLp,
  randomStream,
  type SolverBackend,
  solvesReference,
  variantHints,
} from 'evom';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomModels } from '../solvers/models.ts';
import { rewritten } from './rewritten.ts';

let highs: SolverBackend & HighsReader;
const solve = (model: LinearModel) => highs.solve(model, { timeLimitMs: 5000, simplexIterations: 20_000, nodes: 2000 });
beforeAll(async () => {
  highs = await createHighs();
});
afterAll(() => highs.close());

const reference = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nend'); // (4, 0): 12
const compare = (program: string) => comparePerturbed(parseLp(program), reference, solve).comparison;

describe('comparePerturbed', () => {
  it.each([
    ['a row left out that does not bind', 'max\n 3 x + 2 y\nst\n x + y <= 4\nend'],
    ['a row added that does not bind', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\n 2 x + 5 y <= 12\nend'],
    ['a bound added that does not bind', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nbounds\n y <= 1\nend'],
    ['a wrong coefficient of what is not used', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 2 y <= 9\nend'],
    ['a wrong profit of what is not made', 'max\n 3 x + 2.5 y\nst\n x + y <= 4\n x + 3 y <= 9\nend'],
    ['whole numbers that come out whole by chance', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\ngen\n x y\nend'],
    ['both sides of a row that binds, where it need not', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\n x = 4\nend'],
  ])('tells apart: %s', (_, program) => {
    expect(compare(program)).toBe('different');
  });

  it.each([
    ['names and order', 'max\n 2 b + 3 a\nst\n a + 3 b <= 9\n a + b <= 4\nend'],
    ['a row twice', 'max\n 3 x + 2 y\nst\n x + y <= 4\n 2 x + 2 y <= 8\n x + 3 y <= 9\nend'],
  ])('calls identical: %s', (_, program) => {
    expect(compare(program)).toBe('identical');
  });

  it.each([
    ['a row that others imply', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\n 2 x + 4 y <= 13\nend'],
    ['a bound that a row implies', 'max\n 3 x + 2 y\nst\n x + y <= 4\n x + 3 y <= 9\nbounds\n x <= 4\nend'],
  ])('calls equivalent: %s', (_, program) => {
    expect(compare(program)).toBe('equivalent');
  });

  describe('with a solver whose verdicts are given', () => {
    // The cost of y differs: no row and no bound does, so that every solve is one of the comparison.
    const program = parseLp('max\n 3 x + 2.5 y\nst\n x + y <= 4\n x + 3 y <= 9\nend');
    const verdicts = (of: (call: number) => ReturnType<typeof solve>['status']) => {
      let call = 0;
      const result = comparePerturbed(program, reference, () => ({ status: of(call++), objective: 1 }));
      return { ...result, calls: call };
    };

    it.each([
      [0, 'unmatched'],
      [2, 'unmatched'],
      [3, 'equivalent'],
    ] as const)('takes %d equal optima for too few, or enough (%s)', (pairs, comparison) => {
      expect(verdicts((call) => (call < 2 * pairs ? 'optimal' : 'time_limit'))).toMatchObject({ comparison, compared: pairs });
    });

    it('gives up after three changes without a verdict', () => {
      expect(verdicts(() => 'error').calls).toBe(6);
    });

    it('holds an infeasible reference against a program only where the objective alone was changed', () => {
      // The reference is solved second.
      expect(verdicts((call) => (call % 2 === 0 ? 'optimal' : 'infeasible'))).toMatchObject({
        comparison: 'different',
        compared: 1,
        difference: 'objective: 1 against infeasible',
      });
      expect(verdicts((call) => (call % 2 === 0 ? 'infeasible' : 'optimal'))).toMatchObject({
        comparison: 'different',
        difference: 'both: infeasible against 1',
      });
    });
  });

  it('calls equivalent a demand met exactly where more would only cost more', () => {
    const least = parseLp('min\n 2 x + 3 y\nst\n x + y >= 5\n x <= 3\nend');
    expect(comparePerturbed(parseLp('min\n 2 x + 3 y\nst\n x + y = 5\n x <= 3\nend'), least, solve).comparison).toBe('equivalent');
  });

  it('knows nothing of a model with no variable in common', () => {
    expect(compare('min\n z\nst\n z >= 12\nend')).toBe('unmatched');
  });

  it('does not tell a model from itself, however it is written', () => {
    fc.assert(
      fc.property(randomModels(), fc.string(), (model, seed) => {
        expect(comparePerturbed(rewritten(model, seed), model, solve, { trials: 3 }).comparison).not.toBe('different');
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same word every time', () => {
    const lucky = parseLp('max\n 3 x + 2 y\nst\n x + y <= 4\nend');
    expect(comparePerturbed(lucky, reference, solve)).toEqual(comparePerturbed(lucky, reference, solve));
  });

  it('catches what programs add to problems of every family, unless the problem implies it', () => {
    let [caught, all] = [0, 0];
    const passed: string[] = [];
    for (const { name } of families) {
      const spec = { family: name, seed: 11, index: 1, difficulty: 2, wordings: 'seen', check: 'none', split: 'any' } as const;
      const model = generateProblem(spec, { solve })?.model;
      const base = model && solve(model);
      if (model === undefined || base?.status !== 'optimal' || base.values === null) continue;
      for (const [kind, added] of additions(model, base.values, name)) {
        const other = solve(added);
        if (
          other.status !== 'optimal' ||
          Math.abs((other.objective ?? 0) - (base.objective ?? 0)) > 1e-6 * Math.max(1, Math.abs(base.objective ?? 0))
        )
          continue;
        const { comparison, compared } = comparePerturbed(rewritten(added, `${name}/${kind}`), model, solve);
        // Nothing compared: the addition was found to be implied.
        if (comparison === 'identical' || (comparison === 'equivalent' && compared === 0)) continue;
        all += 1;
        if (comparison === 'different') caught += 1;
        else passed.push(`${name} ${kind}`);
      }
    }
    console.log(`additions that cut the problem: ${caught} of ${all} caught; not: ${passed.join(', ')}`);
    expect(all).toBeGreaterThan(30);
    expect(caught / all).toBeGreaterThan(0.9);
  });
});

/** Models with something added that leaves the optimum where it is. */
function* additions(model: LinearModel, values: Float64Array, seed: string): Generator<[string, LinearModel]> {
  const random = randomStream('additions', seed);
  const columns = random.shuffle([...model.variables.keys()]).slice(0, Math.max(2, Math.ceil(model.variables.length / 3)));
  const coefficients = columns.map(() => random.int(1, 9));
  const activity = columns.reduce((sum, j, k) => sum + (coefficients[k] ?? 0) * (values[j] ?? 0), 0);
  const withRow = (upper: number): LinearModel => ({
    ...model,
    constraints: [...model.constraints, { name: 'added', lower: -Infinity, upper, columns, coefficients }],
  });
  yield ['a row that binds', withRow(activity)];
  yield ['a row with room', withRow(Math.ceil(1.2 * activity + 1))];
  const whole = model.variables.map((v, j) => !v.integer && Math.abs((values[j] ?? 0) - Math.round(values[j] ?? 0)) < 1e-9);
  if (whole.includes(true))
    yield ['spare General', { ...model, variables: model.variables.map((v, j) => ({ ...v, integer: v.integer || whole[j] === true })) }];
  const open = model.variables.findIndex((v) => v.upper === Infinity);
  if (open >= 0)
    yield [
      'a bound',
      { ...model, variables: model.variables.map((v, j) => (j === open ? { ...v, upper: Math.ceil(values[j] ?? 0) } : v)) },
    ];
}

describe('solvesReference', () => {
  const program = parseLp('max\n 2 b + 3 a\nst\n a + 3 b <= 9\n a + b <= 4\nend');
  it('reads a point as one of the reference, whatever its variables are called', () => {
    expect(solvesReference(program, { a: 4, b: 0 }, reference, 12)).toBe(true);
    expect(solvesReference(program, { a: 0, b: 4 }, reference, 12)).toBe(false); // exchanged: SIRL's multiset takes it
    expect(solvesReference(program, { a: 4 }, reference, 12)).toBe(false); // half the variables
    expect(solvesReference(program, null, reference, 12)).toBeNull();
  });
  it('refuses a point that is not whole where the reference asks for whole numbers, or breaks a row by more than rounding', () => {
    const whole = parseLp('max\n x + y\nst\n x + y <= 4\ngen\n x y\nend');
    expect(solvesReference(whole, { x: 3, y: 1 }, whole, 4)).toBe(true);
    expect(solvesReference(whole, { x: 2.5, y: 1.5 }, whole, 4)).toBe(false);
    expect(solvesReference(whole, { x: 4, y: 1 }, whole, 5)).toBe(false);
    expect(solvesReference(whole, { x: 3, y: 1.0000001 }, whole, 4)).toBe(true);
  });
  it('takes any of several optima', () => {
    const level = parseLp('max\n x + y\nst\n x + y <= 4\nend');
    for (const x of [0, 1, 4]) expect(solvesReference(level, { x, y: 4 - x }, level, 4)).toBe(true);
  });
});

describe('variantHints', () => {
  it('says which change gives the label', () => {
    const model = parseLp('max\n 3 x + 2 y\nst\n 2 x + y <= 5\n x + y <= 3.5\ngen\n x y\nend');
    expect(variantHints(model, 8, [8.5], solve)).toEqual(['hint_relaxation']);
    expect(variantHints(model, 8, [0], solve)).toEqual(['hint_sense']);
    expect(variantHints(model, 8, [99], solve)).toEqual([]);
  });
});
