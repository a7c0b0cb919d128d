import { createGlpk, createHighs, evaluatePoint, type LinearModel, parseLp, type Solution, type SolverBackend } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certifiedBackend, secondSolver } from '../../../src/solvers/certify/certify.ts';
import { column, inf, model, row } from '../models.ts';

const limits = { timeLimitMs: 20_000, nodes: 10_000 };

/** A backend that says what it is told to, of whatever model. */
function liar(said: Partial<Solution>): SolverBackend {
  const solution: Solution = { status: 'optimal', objective: 0, values: null, message: null, wallLimited: false, ms: 0, ...said };
  return { name: 'liar', version: '0', capabilities: { lp: true, milp: true }, solve: () => solution, close: () => undefined };
}
/** Believes the first look alone where our own proofs do not reach. */
const certified = (said: Partial<Solution>, second?: SolverBackend): SolverBackend =>
  certifiedBackend(liar(said), second === undefined ? [] : [secondSolver(second)]);

/** Equality that defines a continuous total by whole numbers, and a row with a large coefficient on it: HiGHS 1.15's presolve rounds it. */
const totals: readonly { readonly text: string; readonly objective: number }[] = [
  // x0 + x1 = t. By hand: 40 t + x0 >= 230 needs t >= 6 with x0 = 0 .. or t = 5 with x0 >= 30, which is too many.
  {
    text: 'min\n 5 t + x0 + 2 x1\nst\n def: t - x0 - x1 = 0\n a: 40 t + x0 >= 230\nbounds\n x0 <= 4\n x1 <= 9\ngen\n x0\n x1\nend',
    objective: 38,
  },
];

describe('an optimum of whole numbers with a continuous total', () => {
  let backends: SolverBackend[];
  beforeAll(async () => {
    backends = [await createHighs(), await createGlpk()];
  });
  afterAll(() => backends.map((backend) => backend.close()));

  it('is the one that enumeration finds, over 400 drawn models, and is certified', () => {
    let drawn = 1;
    const next = (below: number): number => {
      drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((drawn / 2 ** 32) * below);
    };
    let solved = 0;
    for (let i = 0; i < 400; i++) {
      const sizes = [3 + next(6), 2 + next(9), 2 + next(5)];
      const large = [25, 50, 68, 100][next(4)] ?? 25;
      const capped = next(2) === 0;
      const one = model(
        next(2) === 0 ? 'min' : 'max',
        [column('t', next(13) - 6, capped ? 0 : -inf, inf), ...sizes.map((size, j) => column(`x${j}`, next(11) - 5, 0, size, true))],
        [
          row(
            'def',
            next(3) - 1,
            [
              [0, 1],
              [1, -1],
              [2, -(1 + next(3))],
              [3, -1],
            ],
            0,
          ),
          row(
            'cap',
            -inf,
            [
              [0, large],
              [1, next(4) - 1],
              [3, -1],
            ],
            large * (2 + next(8)) - next(large),
          ),
          row(
            'need',
            next(large),
            [
              [0, large],
              [2, next(3)],
            ],
            inf,
          ),
        ].map((given) => (given.name === 'def' ? { ...given, upper: given.lower } : given)),
      );
      const best = enumerated(one);
      for (const backend of backends) {
        const { status, objective, certificate } = backend.solve(one, limits);
        expect(certificate, `${backend.name} on model ${i}`).not.toBe('none');
        expect(status).toBe(best === null ? 'infeasible' : 'optimal');
        if (best !== null) expect(objective).toBeCloseTo(best, 5);
      }
      if (best !== null) solved++;
    }
    expect(solved).toBeGreaterThan(200);
  });

  it.each(totals)('is $objective', ({ text, objective }) => {
    for (const backend of backends) expect(backend.solve(parseLp(text), limits)).toMatchObject({ status: 'optimal', objective });
  });
});

/** The optimum of a model whose first column is continuous and all others are whole numbers in a box: the column is as its rows leave it. */
function enumerated({ sense, variables, constraints }: LinearModel): number | null {
  const sign = sense === 'max' ? -1 : 1;
  let best: number | null = null;
  const whole = variables.slice(1);
  const values = whole.map(({ lower }) => lower);
  for (;;) {
    let low = variables[0]?.lower ?? 0;
    let high = variables[0]?.upper ?? 0;
    for (const { columns, coefficients, lower, upper } of constraints) {
      let rest = 0;
      let slope = 0;
      for (const [k, j] of columns.entries()) {
        if (j === 0) slope = coefficients[k] ?? 0;
        else rest += (coefficients[k] ?? 0) * (values[j - 1] ?? 0);
      }
      if (slope === 0) {
        if (rest < lower || rest > upper) [low, high] = [1, 0];
        continue;
      }
      const ends = [(lower - rest) / slope, (upper - rest) / slope].sort((a, b) => a - b);
      low = Math.max(low, ends[0] ?? 0);
      high = Math.min(high, ends[1] ?? 0);
    }
    if (low <= high + 1e-9) {
      const cost = variables[0]?.cost ?? 0;
      const t = sign * cost > 0 ? low : sign * cost < 0 ? high : low;
      const objective = (cost === 0 ? 0 : cost * t) + whole.reduce((sum, v, j) => sum + v.cost * (values[j] ?? 0), 0);
      if (Number.isFinite(objective) && (best === null || sign * objective < sign * best)) best = objective;
    }
    let j = 0;
    while (j < whole.length && (values[j] ?? 0) >= (whole[j]?.upper ?? 0)) values[j] = whole[j++]?.lower ?? 0;
    if (j === whole.length) return best;
    values[j] = (values[j] ?? 0) + 1;
  }
}

describe('an unbounded MIP', () => {
  // z may fall for ever while y rises: 2 y + 3 z stays, and the objective gains 1 each time; x is a whole number in the way.
  const text = 'max\n 4 y + 5 z - x\nst\n a: 2 y + 3 z + x <= 12.5\n b: 7 x - 2 y <= 30\nbounds\n z free\n -4 <= x <= 3\ngen\n x\n y\nend';
  it('is unbounded by a ray, whatever a solver says', async () => {
    const one = parseLp(text);
    const said: Partial<Solution>[] = [{ status: 'infeasible' }, { status: 'unbounded' }, { status: 'infeasible_or_unbounded' }];
    const values = Float64Array.from(one.variables, () => 0);
    for (const lie of [...said, { status: 'optimal' as const, values }])
      expect(certified({ objective: null, ...lie }).solve(one, limits)).toMatchObject({
        status: 'unbounded',
        certificate: 'ray',
        objective: null,
      });
    const highs = await createHighs();
    expect(highs.solve(one, limits)).toMatchObject({ status: 'unbounded', certificate: 'ray' });
    highs.close();
  });
});

describe('an infeasible MIP whose objective could run away', () => {
  // Only y = -3 is left by b, and 3 z then lies between 16.5 and 17.5; x is free to grow. GLPK calls the like unbounded.
  const text = 'max\n x\nst\n a: 15 <= 0.5 y + 3 z <= 16\n b: 10.5 <= - 3.5 y <= 13\nbounds\n -9 <= y <= 0\n x free\ngen\n x\n y\n z\nend';

  it('is infeasible by enumeration, whatever a solver says', async () => {
    for (const backend of [await createHighs(), await createGlpk(), certified({ status: 'unbounded', objective: null })]) {
      expect(backend.solve(parseLp(text), limits)).toMatchObject({ status: 'infeasible', certificate: 'enumeration' });
      backend.close();
    }
  });
});

describe('a backend that lies', () => {
  // Optimum 19 at x = 2, y = 3, z = 0.5; its relaxation has 20.5.
  const one = parseLp('max\n 5 x + 3 y\nst\n a: 2 x + y + 2 z <= 8\n b: x + 3 y <= 11\n c: z >= 0.5\nbounds\n x <= 2.5\ngen\n x\n y\nend');
  const best = { status: 'optimal', objective: 19 };

  it.each([
    ['a fractional point', [2.5, 2.8, 0.5], 20.9],
    ['a point that breaks a row', [2, 4, 0.5], 22],
    ['a point that breaks a bound', [3, 1, 0.5], 18],
    ['a worse point', [1, 3, 0.5], 14],
    ['another objective than its point has', [2, 3, 0.5], 25],
    ['a point with NaN', [2, Number.NaN, 0.5], 19],
    ['a point that is too short', [2, 3], 19],
  ])('is put right where it calls optimal %s', (_, values, objective) => {
    const solution = certified({ objective, values: Float64Array.from(values) }).solve(one, limits);
    expect(solution).toMatchObject(best);
    expect(['dual', 'enumeration']).toContain(solution.certificate);
    expect(evaluatePoint(one, solution.values ?? [])).toMatchObject({ objective: 19, fraction: 0 });
  });

  it.each(['infeasible', 'unbounded', 'infeasible_or_unbounded', 'optimal'] as const)(
    'is put right where it says %s without a point',
    (status) => {
      expect(certified({ status, objective: null }).solve(one, limits)).toMatchObject(best);
    },
  );

  it('is put right where it calls an infeasible model optimal', () => {
    const none = parseLp('min\n x + y\nst\n a: 2 x + 2 y = 7\nbounds\n x <= 9\n y <= 9\ngen\n x\n y\nend');
    expect(certified({ objective: 4, values: Float64Array.of(2, 2) }).solve(none, limits)).toMatchObject({
      status: 'infeasible',
      certificate: 'enumeration',
      values: null,
    });
  });

  it('keeps a point that a budget ended with only where it is one', () => {
    const stopped = { status: 'time_limit' as const, objective: 22, values: Float64Array.of(2, 4, 0.5) };
    expect(certified(stopped).solve(one, limits)).toMatchObject({
      status: 'time_limit',
      objective: null,
      values: null,
      certificate: 'none',
    });
  });

  describe('on a model too large for a search of our own', () => {
    // 100 copies: rows times columns are past what the search begins with.
    const large: LinearModel = {
      ...one,
      variables: Array.from({ length: 100 }, (_, c) => one.variables.map((v) => ({ ...v, name: `${v.name}${c}` }))).flat(),
      constraints: Array.from({ length: 100 }, (_, c) =>
        one.constraints.map((r) => ({ ...r, name: `${r.name}${c}`, columns: r.columns.map((j) => j + c * one.variables.length) })),
      ).flat(),
    };
    const repeat = (values: readonly number[]): Float64Array => Float64Array.from({ length: 300 }, (_, j) => values[j % 3] ?? 0);
    let highs: SolverBackend;
    beforeAll(async () => {
      highs = await createHighs();
    });
    afterAll(() => highs.close());

    it('has no certificate for want of a second look', () => {
      const solution = certified({ objective: 1400, values: repeat([1, 3, 0.5]) }).solve(large, limits);
      expect(solution).toMatchObject({ status: 'optimal', objective: 1400, certificate: 'none' });
    });

    it('is refuted by a point that somebody else knows', () => {
      const solution = certified({ objective: 1400, values: repeat([1, 3, 0.5]) }).solve(large, limits, repeat([2, 3, 0.5]));
      expect(solution).toMatchObject({ status: 'error', isRefuted: true, certificate: 'none', values: null });
      expect(solution.message).toMatch(/1900/);
    });

    it('is not refuted by a point that breaks the model', () => {
      const solution = certified({ objective: 1400, values: repeat([1, 3, 0.5]) }).solve(large, limits, repeat([2, 4, 0.5]));
      expect(solution).toMatchObject({ status: 'optimal', objective: 1400 });
    });

    it('is refuted by a second solver, and taken back where no two agree', () => {
      const solution = certified({ objective: 1400, values: repeat([1, 3, 0.5]) }, highs).solve(large, limits);
      expect(solution).toMatchObject({ status: 'error', isRefuted: true });
    });

    it('is confirmed by a second solver', () => {
      const solution = certified({ objective: 1900, values: repeat([2, 3, 0.5]) }, highs).solve(large, limits);
      expect(solution).toMatchObject({ status: 'optimal', objective: 1900, certificate: 'second_solver' });
    });

    it('is certified by HiGHS alone, by two looks', () => {
      const { certificate, ...solution } = highs.solve(large, limits);
      expect(solution).toMatchObject({ status: 'optimal', objective: 1900 });
      expect(['dual', 'second_look']).toContain(certificate);
    });
  });
});

describe('a lie that only tolerances would let pass', () => {
  // z - t is held to 0 from both sides, and both may go on for ever.
  const sides = [
    row(
      'a',
      0,
      [
        [0, 1],
        [1, -1],
      ],
      inf,
    ),
    row(
      'b',
      -inf,
      [
        [0, 1],
        [1, -1],
      ],
      0,
    ),
  ];
  const duals = (...rows: number[]) => ({ rows: Float64Array.from(rows), columns: new Float64Array(3) });

  it.each([1e3, 1e8, 1e10, 1e12, 1e16, 1e17, inf, Number.NaN])(
    'is no dual bound where multipliers of %d cancel and hide a cost',
    (size) => {
      const said = { objective: 0, values: Float64Array.of(0, 0), duals: duals(size, -size) };
      const open = model('max', [column('z', 1, -inf), column('t', 0, -inf)], sides);
      expect(certified(said).solve(open, limits)).toMatchObject({ status: 'unbounded', certificate: 'ray' });
      const boxed = model('max', [column('z', 1, 0, 1e6), column('t', 0, 0, 1e6)], sides);
      expect(certified(said).solve(boxed, limits)).toMatchObject({ status: 'optimal', objective: 1e6 });
    },
  );

  // y = z, so that x may be 5; beside terms of 1e15 a point with x = 1e8 misses the row by 1e-7 of its size.
  const giant = (isInteger: boolean) =>
    model(
      'max',
      [column('x', 1, 0, inf, isInteger), column('y', 0, -inf), column('z', 0, -inf)],
      [
        row(
          'a',
          -inf,
          [
            [0, 1],
            [1, -1],
            [2, 1],
          ],
          5,
        ),
        row(
          'b',
          0,
          [
            [1, 1],
            [2, -1],
          ],
          0,
        ),
      ],
    );
  const forged = Float64Array.of(1e8, 1e15, 1e15);
  it.each([false, true])('is put right where giant terms hide what a row is missed by (integer: %s)', async (isInteger) => {
    const said = { objective: 1e8, values: forged, duals: isInteger ? null : duals(1, 1) };
    expect(certified(said).solve(giant(isInteger), limits)).toMatchObject({ status: 'optimal', objective: 5 });
    const highs = await createHighs();
    expect(highs.solve(giant(isInteger), limits, forged)).toMatchObject({ status: 'optimal', objective: 5 });
    highs.close();
  });

  it('is put right where a point owes its objective to what a row may be missed by', () => {
    const one = model(
      'max',
      [column('a', 1e6, 0, 1), column('b', -1e6, 0, 1)],
      [
        row(
          'r',
          -inf,
          [
            [0, 1],
            [1, -1],
          ],
          0,
        ),
      ],
    );
    const said = { objective: 1, values: Float64Array.of(1, 1 - 1e-6), duals: duals(1e6) };
    expect(certified(said).solve(one, limits)).toMatchObject({ status: 'optimal', objective: 0, certificate: 'dual' });
  });

  it('is no point where a value is infinite', () => {
    const one = model('max', [column('a', 1, 0, 1), column('b', 0)], [row('r', 0, [[1, 1]], inf)]);
    const { values } = certified({ objective: 1, values: Float64Array.of(1, inf), duals: duals(0) }).solve(one, limits);
    expect([...(values ?? [inf])].every(Number.isFinite)).toBe(true);
  });

  it('is no ray where a direction leaves a row behind by little', () => {
    // x (100000 + 1e-5) <= 5 + 1e5 y and y <= x hold x below 5e5.
    const one = model(
      'max',
      [column('x', 1), column('y', 0)],
      [
        row(
          'a',
          -inf,
          [
            [0, 1e5 + 1e-5],
            [1, -1e5],
          ],
          5,
        ),
        row(
          'b',
          -inf,
          [
            [1, 1],
            [0, -1],
          ],
          0,
        ),
      ],
    );
    const solution = certified({ status: 'unbounded', objective: null }).solve(one, limits);
    expect(solution.status).toBe('optimal');
    expect(solution.objective).toBeCloseTo(5e5, -1);
  });

  it('has no objective where two looks agree that a model is unbounded', () => {
    // Too large for a search, and no direction helps a look that names no point.
    const one = model(
      'max',
      Array.from({ length: 90 }, (_, j) => column(`x${j}`, 1, 0, 1)),
      Array.from({ length: 90 }, (_, j) => row(`r${j}`, -inf, [[j, 1]], 1)),
    );
    const lie = { status: 'unbounded' as const, objective: null, values: new Float64Array(90) };
    expect(certified(lie, liar(lie)).solve(one, limits)).toMatchObject({ objective: null, values: null });
  });
});

describe('a fixed charge under a large coefficient', () => {
  // x <= 1e7 z: HiGHS takes z = 7e-7 for whole, and then nothing is paid.
  const charged = (n: number): LinearModel =>
    model('min', Array.from({ length: n }, (_, i) => [column(`x${i}`, 0, 0, 10), column(`z${i}`, 100 + i, 0, 1, true)]).flat(), [
      ...Array.from({ length: n }, (_, i) =>
        row(
          `link${i}`,
          -inf,
          [
            [2 * i, 1],
            [2 * i + 1, -1e7],
          ],
          0,
        ),
      ),
      row(
        'need',
        7,
        Array.from({ length: n }, (_, i) => [2 * i, 1] as [number, number]),
        inf,
      ),
    ]);
  it.each([1, 5, 70])('is paid whole, of %d', async (n) => {
    const highs = await createHighs();
    const { status, objective, certificate } = highs.solve(charged(n), limits);
    expect([status, objective]).toEqual(['optimal', 100]);
    expect(certificate).not.toBe('none');
    highs.close();
  });
});

describe('the certificate of a backend', () => {
  let highs: SolverBackend;
  let glpk: SolverBackend;
  beforeAll(async () => {
    [highs, glpk] = [await createHighs(), await createGlpk()];
  });
  afterAll(() => {
    highs.close();
    glpk.close();
  });

  it.each([
    ['dual', 'optimal', 'max\n 3 x + 2 y\nst\n a: x + y <= 4\n b: x + 3 y <= 6\nend'],
    ['farkas', 'infeasible', 'min\n x\nst\n a: x + y >= 5\n b: x + 2 y <= 3\n c: x >= 1\nend'],
    ['ray', 'unbounded', 'max\n x + y\nst\n a: x - y <= 2\nend'],
    ['dual', 'optimal', 'max\n 3 x + 2 y\nst\n a: x + y <= 4\ngen\n x\n y\nend'],
    ['enumeration', 'optimal', 'max\n x + y\nst\n a: 2 x + 2 y <= 7\n b: 3 x + y <= 7.5\ngen\n x\n y\nend'],
    ['farkas', 'infeasible', 'min\n x\nst\n a: x + y >= 5\n b: x + 2 y <= 3\ngen\n x\n y\nend'],
    ['enumeration', 'infeasible', 'min\n x\nst\n a: 3 x + 3 y = 10\nbounds\n x <= 5\n y <= 5\ngen\n x\n y\nend'],
  ] as const)('is %s where a verdict is %s by it', (certificate, status, text) => {
    for (const backend of [highs, glpk]) {
      const solution = backend.solve(parseLp(text), limits);
      expect(solution.status, backend.name).toBe(status);
      expect(solution.certificate === certificate || (certificate === 'enumeration' && solution.certificate === 'dual')).toBe(true);
    }
  });

  it('is none of what is no verdict', () => {
    const lp = parseLp('max\n x\nst\n a: x <= 4\nend');
    const variables = lp.variables.map((v) => ({ ...v, cost: Number.NaN }));
    expect(highs.solve({ ...lp, variables }, limits)).toMatchObject({ status: 'error', certificate: 'none' });
  });

  it('leaves an engine as it was: the same model solved again gives the same solution', () => {
    const text =
      'min\n - x0 + x1 + 3.5 x2\nst\n a: 7 x0 >= 2\n b: 1000 <= -0.3 x1 + 2 x2 <= 1000.5\nbounds\n x0 <= 7.5\n x1 >= -5\ngen\n x0\n x1\n x2\nend';
    const solve = () => highs.solve(parseLp(text), limits);
    const { ms: _, ...first } = solve();
    const { ms: __, ...again } = solve();
    expect(again).toEqual(first);
  });
});
