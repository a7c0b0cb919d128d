import { compileHighs, createHighs, type HighsReader, parseLp, type SolverBackend } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeBackend } from '../../src/testing/backend-suite.ts';
import { column, inf, marketSplit, model, row } from './models.ts';

describeBackend('highs', () => createHighs());

describe('createHighs', () => {
  let highs: SolverBackend & HighsReader & { settled(): Promise<void> };
  beforeAll(async () => {
    highs = await createHighs();
  });
  afterAll(() => highs.close());

  it('stops at a counted number of nodes, not by the clock, with its best point so far', () => {
    const solution = highs.solve(marketSplit(), { timeLimitMs: 60_000, nodes: 20 });
    expect(solution.status).toBe('time_limit');
    expect(solution.wallLimited).toBe(false);
    expect(solution.objective).toBeGreaterThan(0);
    expect(highs.solve(marketSplit(), { timeLimitMs: 60_000, nodes: 20 }).objective).toBe(solution.objective);
  });

  it('stops at a counted number of simplex iterations', () => {
    const n = 30;
    const rows = Array.from({ length: 25 }, (_, i) =>
      row(
        `r${i}`,
        -inf,
        Array.from({ length: n }, (__, j) => [j, ((i * 7 + j * 11) % 13) + 1] as const),
        100 + i,
      ),
    );
    const lp = model(
      'max',
      Array.from({ length: n }, (_, j) => column(`x${j}`, (j % 5) + 1)),
      rows,
    );
    expect(highs.solve(lp, { timeLimitMs: 60_000 }).status).toBe('optimal');
    expect(highs.solve(lp, { timeLimitMs: 60_000, simplexIterations: 1 })).toMatchObject({ status: 'time_limit', wallLimited: false });
    expect(highs.solve(lp, { timeLimitMs: 60_000 }).status).toBe('optimal');
  });

  it('does not believe presolve that a MIP is infeasible', () => {
    const text = `min
 obj: - x0 + x1 + 3.5 x2
st
 r0: 7 x0 >= 2
 r1: 1000 <= -0.3 x1 + 2 x2 <= 1000.5
bounds
 x0 <= 7.5
 x1 >= -5
 x2 >= -5
gen
 x0 x1 x2
end`;
    // By hand: x2 = 500 allows -1.67 <= x1 <= 0, x2 = 499 needs x1 <= -6.67.
    const solution = highs.solve(parseLp(text), { timeLimitMs: 5000 });
    expect(solution).toMatchObject({ status: 'optimal', objective: -7 - 1 + 1750 });
    expect([...(solution.values ?? [])]).toEqual([7, -1, 500]);
  });

  it('rounds the bounds of integers, which presolve takes for whole numbers', () => {
    // By hand: x2 = 7 needs x1 <= -1, which costs 2 and leaves -19; x2 = 6 allows x1 = 0 and leaves -18. Given 7.5, HiGHS says -18.5.
    const text = 'min\n obj: - 2 x1 - 3 x2\nst\n r0: x1 + 3 x2 <= 20\nbounds\n -inf <= x1 <= 0\n x2 <= 7.5\ngen\n x2\nend';
    const solution = highs.solve(parseLp(text), { timeLimitMs: 5000 });
    expect(solution).toMatchObject({ status: 'optimal', objective: -19 });
    expect([...(solution.values ?? [])]).toEqual([-1, 7]);
  });

  it('solves without presolve what presolve fails on', () => {
    const text = `min
 obj: 0 x0
st
 r: 0.00001 <= 0.0001 x0 + 0.5 x3 + 10000 x6 <= 50.00001
 s: 10000 x0 + 2 x3 + 0.3333333333333333 x5 <= 10
bounds
 x3 <= 1
 -inf <= x5 <= 7.5
 -inf <= x6 <= 7.5
gen
 x0 x6
end`;
    expect(highs.solve(parseLp(text), { timeLimitMs: 5000 })).toMatchObject({ status: 'optimal', objective: 0 });
  });

  it('is replaced after an abort and solves the same again', async () => {
    const capped = await createHighs({ wasmModule: await compileHighs(32) });
    const small = model('max', [column('x', 3, 0, 4, true)]);
    const before = capped.solve(small, { timeLimitMs: 1000 });
    const n = 60_000;
    const large = model(
      'min',
      Array.from({ length: n }, (_, j) => column(`x${j}`, 1, 0, 10)),
      Array.from({ length: n - 5 }, (_, i) =>
        row(
          `r${i}`,
          3,
          [0, 1, 2, 3, 4].map((k) => [i + k, 1 + k] as const),
          inf,
        ),
      ),
    );
    expect(capped.solve(large, { timeLimitMs: 20_000 })).toMatchObject({
      status: 'error',
      objective: null,
      message: expect.stringMatching(/Aborted|memory/),
    });
    await capped.settled();
    expect({ ...capped.solve(small, { timeLimitMs: 1000 }), ms: 0 }).toEqual({ ...before, ms: 0 });
    capped.close();
  });

  it('still solves after more failed reads than one engine survives', async () => {
    const worn = await createHighs();
    // About 2,080 aborts of HiGHS's parser kill an engine for good.
    for (let i = 0; i < 2500; i++) {
      expect(() => worn.readByHighs('mps', 'ROWS\n Q obj\nCOLUMNS\n x y z\n')).toThrow(/MPS/);
      if (i % 100 === 0) await worn.settled();
    }
    expect(worn.solve(model('max', [column('x', 3, 0, 4)]), { timeLimitMs: 1000 }).objective).toBe(12);
    worn.close();
  });

  it('refuses to solve once closed', async () => {
    const closed = await createHighs();
    closed.close();
    expect(() => closed.solve(model('min', [column('x', 1)]), { timeLimitMs: 1000 })).toThrow(/closed; create another/);
  });

  it('reads MPS text', () => {
    const text =
      'NAME m\nOBJSENSE\n  MAX\nROWS\n N obj\n L c\nCOLUMNS\n x obj 3 c 1\n y obj 2 c 1\nRHS\n RHS c 4\nBOUNDS\n UP BND x 2.5\nENDATA\n';
    expect(highs.solve(highs.readMps(text), { timeLimitMs: 1000 }).objective).toBe(10.5);
    expect(() => highs.readMps('prose')).toThrow(/MPS/);
  });
});

describe('readLp', () => {
  let highs: SolverBackend & HighsReader;
  beforeAll(async () => {
    highs = await createHighs();
  });
  afterAll(() => highs.close());

  it('reads what people write', () => {
    const text =
      '\\ a comment\nMaximize\n obj: 3x + 2 y - -1 z + 4\nSubject To\n c1: x + y\n   + z <= 10\n x - y >= -2\nBounds\n -3 <= y <= 8\n z free\n x <= 1e30\nGeneral\n x\nBinaries\n b\nEnd\n';
    const read = highs.readLp(text);
    expect(read.sense).toBe('max');
    expect(read.offset).toBe(4);
    expect(read.variables).toEqual([
      column('x', 3, 0, inf, true),
      column('y', 2, -3, 8),
      column('z', 1, -inf, inf),
      column('b', 0, 0, 1, true),
    ]);
    expect(read.constraints.map(({ lower, upper, columns, coefficients }) => [lower, upper, columns, coefficients])).toEqual([
      [-inf, 10, [0, 1, 2], [1, 1, 1]],
      [-2, inf, [0, 1], [1, -1]],
    ]);
  });

  const rows = 'st\n c: a + b >= 2\nend\n';
  // Each of the first group is a text that HiGHS takes without a word, for another model than it says.
  it.each<[string, string, RegExp]>([
    ['an empty text', '', /begins with nothing/],
    ['prose', 'hello world', /begins with "hello"/],
    ['end only', 'End', /begins with "End"/],
    ['a program', 'const x = 3;', /begins with "const"/],
    ['brackets', `min\n obj: 3 (a + b)\n${rows}`, /line 2: "\(a" is not a name: multiply brackets out/],
    ['undefined', `min\n obj: undefined a + b\n${rows}`, /line 2: "a" follows without|"undefined" stands/],
    ['undefined as a variable', `min\n obj: 2 undefined + b\n${rows}`, /"undefined" stands where/],
    ['NaN', `min\n obj: NaN a + b\n${rows}`, /"NaN" stands where|follows without/],
    ['not equal', 'min\n obj: a\nst\n c: a != 5\nend', /line 4: "!" follows without/],
    ['two objectives', `min\n obj: a\nmax\n obj: b\n${rows}`, /line 3: a second objective/],
    ['a variable twice in the objective', `min\n obj: 2 a + 3 a + b\n${rows}`, /"a" stands twice in the objective/],
    ['a constant on the left', 'min\n obj: a\nst\n c: a + 3 >= 5\nend', /constant 3 stands left of >=/],
    ['a label without its colon', 'min\n obj: a\nst\n c1 a - b <= 3\nend', /line 4: "a" follows without/],
    ['two numbers in a row', `min\n obj: 2 3 a\n${rows}`, /"3" follows without|"a" follows without/],
    ['a colon after min', `min: 3 a\n${rows}`, /no colon may follow "min"/],
    ['semicolons', 'min\n a;\nst\n c: a >= 5;\nend', /"a;" is not a name/],
    [
      'a list with commas',
      'min\n a\nst\n c: a + b >= 5\ngen\n a,b\nend',
      /"a,b" is the name of no variable; part the names of a list with blanks/,
    ],
    ['a quadratic term', 'min\n obj: a + [ a^2 ]/2\nst\n c: a >= 5\nend', /powers and products/],
    ['a semi-continuous section', 'min\n a\nst\n c: a >= 5\nbounds\n a <= 9\nsemi\n a\nend', /line 7: a section "semi"/],
    ['a binary with a wider bound', 'min\n a\nst\n c: a >= 0\nbin\n a\nbounds\n a <= 4\nend', /HiGHS would read "a" otherwise/],
    // The second group aborts inside HiGHS; here it has a reason.
    ['a strict comparison', 'min\n a\nst\n c: a < 5\nend', /line 4, column 7: cannot read "< 5"; write <=/],
    ['a product sign', 'min\n 3 * a\nst\n c: a >= 5\nend', /line 2, column 4: cannot read "\* a"/],
    ['a fraction', 'min\n 1/2 a\nst\n c: a >= 5\nend', /line 2, column 3: cannot read "\/2 a"/],
    ['square brackets in a name', 'min\n x[1,2]\nst\n c: a >= 5\nend', /powers and products/],
    ['a comment of another language', 'min\n a // c\nst\n c: a >= 5\nend', /line 2/],
    ['a colon after the section', 'min\n a\nSubject To:\n c: a >= 5\nend', /line 3/],
    ['a row between two numbers', 'min\n a\nst\n c: 1 <= a + b <= 5\nend', /begins with its variables/],
    ['a variable on the right', 'min\n a\nst\n c: a >= 5 b\nend', /line \d/],
    ['an expression on the right', 'min\n a\nst\n c: a >= 5 + 3\nend', /line \d/],
    ['a missing end', 'min\n a\nst\n c: a >= 5\n', /does not finish with end/],
    ['text after the end', 'min\n a\nst\n c: a >= 5\nend\nmore', /after end/],
    ['a variable named free', 'min\n free\nst\n c: free >= 5\nend', /"free" is a word/],
    ['a variable named end', 'min\n end\nst\n c: end >= 5\nend', /after end/],
    ['a name that begins like infinity', 'min\n inflow\nst\n c: inflow >= 5\nend', /begins like infinity/],
    ['an unlike comparison', 'min\n a\nst\n c: a =< 5\nend', /line 4/],
    ['an infinite side', 'min\n a\nst\n c: a >= inf\nend', /line 4: a row ends with a finite number/],
  ])('refuses %s', (_, text, message) => {
    expect(() => highs.readLp(text)).toThrow(message);
    expect(() => highs.readLp(text)).toThrow(expect.objectContaining({ code: 'E_DATA' }));
  });

  it('leaves an infeasible reading to the solver: an upper bound below 0 keeps the lower bound 0', () => {
    const read = highs.readLp('min\n a\nst\n c: a <= 5\nbounds\n a <= -3\nend\n');
    expect(highs.solve(read, { timeLimitMs: 1000 }).status).toBe('infeasible');
  });

  it('keeps names that JavaScript objects treat apart', () => {
    expect(highs.readLp('min\n __proto__ + constructor\nst\n c: __proto__ >= 2\nend\n').variables.map((v) => v.name)).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});
