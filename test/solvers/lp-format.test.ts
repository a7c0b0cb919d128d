import { createHighs, evaluatePoint, type HighsReader, type LinearModel, parseLp, type SolverBackend, writeLp } from 'evom';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { column, inf, model, randomModels, row } from './models.ts';

describe('writeLp', () => {
  let highs: SolverBackend & HighsReader;
  beforeAll(async () => {
    highs = await createHighs();
  });
  afterAll(() => highs.close());

  const mixed = model(
    'min',
    [column('x', 3, 0, inf, true), column('y', -1, -inf, 8), column('z', 0, 0, 1, true), column('w', 1.5, 2, 2), column('unused', 0)],
    [
      row(
        'cap',
        1,
        [
          [0, 2],
          [1, -1],
        ],
        9,
      ),
      row(
        'link',
        0,
        [
          [0, 1],
          [2, -10],
        ],
        0,
      ),
    ],
    -4,
  );

  it('writes a model for people', () => {
    expect(writeLp(mixed)).toBe(
      `min
 obj: 3 x - y + 0 z + 1.5 w + 0 unused - 4
st
 cap: 2 x - y >= 1
 cap_upper: 2 x - y <= 9
 link: x - 10 z = 0
bounds
 -inf <= y <= 8
 w = 2
gen
 x
bin
 z
end
`,
    );
  });

  it('writes a compact model', () => {
    expect(writeLp(mixed, { compact: true })).toBe(
      'min\n3 x - y + 1.5 w + 0 unused - 4\nst\n2 x - y >= 1\n2 x - y <= 9\nx - 10 z = 0\nbounds\n-inf <= y <= 8\nw = 2\ngen\nx\nbin\nz\nend\n',
    );
  });

  it('gives back the model through HiGHS, name by name', () => {
    const split = (m: LinearModel): string[] =>
      m.constraints.flatMap((c) => {
        const terms = c.columns
          .flatMap((j, k) => (c.coefficients[k] === 0 ? [] : [`${m.variables[j]?.name}:${c.coefficients[k]}`]))
          .sort()
          .join(' ');
        if (c.lower === c.upper) return [`${terms} = ${c.lower}`];
        return [...(c.lower === -inf ? [] : [`${terms} >= ${c.lower}`]), ...(c.upper === inf ? [] : [`${terms} <= ${c.upper}`])];
      });
    const byName = (m: LinearModel) => [...m.variables].sort((a, b) => (a.name < b.name ? -1 : 1));
    fc.assert(
      fc.property(randomModels(), fc.boolean(), (written, compact) => {
        const text = writeLp(written, { compact });
        const read = highs.readLp(text);
        expect(byName(read)).toEqual(byName(written));
        expect(split(read)).toEqual(split(written));
        expect([read.sense, read.offset]).toEqual([written.sense, written.offset]);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps numbers to the last bit', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-8, max: 1e14, noNaN: true }), (a) => {
        const read = parseLp(writeLp(model('min', [column('x', a, 0, a)], [row('c', -a, [[0, -a]], inf)])));
        expect(read.variables[0]).toEqual(column('x', a, 0, a));
        expect(read.constraints[0]).toMatchObject({ lower: -a, coefficients: [-a] });
      }),
    );
  });

  it('replaces names that LP text cannot hold, each by one of its own', () => {
    const names = ['x[1]', 'x 1', 'x_1_', 'end', '2nd', '', 'inflow', 'e5', 'free', 'naïve', 'x'];
    const model_ = model(
      'min',
      names.map((name, j) => column(name, j + 1, 1)),
      names.map((name, j) => row(name, j, [[j, 1]], inf)),
    );
    const read = highs.readLp(writeLp(model_));
    expect(new Set(read.variables.map((v) => v.name)).size).toBe(names.length);
    expect(highs.solve(read, { timeLimitMs: 1000 }).objective).toBe(highs.solve(model_, { timeLimitMs: 1000 }).objective);
  });
});

describe('evaluatePoint', () => {
  it('needs one value a variable', () => {
    expect(() => evaluatePoint(model('min', [column('x', 1)]), [])).toThrow(RangeError);
  });
  it('measures a breach against the largest of bound, term and 1', () => {
    const rows = [row('c', 100, [[0, 1]], inf)];
    expect(evaluatePoint(model('min', [column('x', 1)], rows), [90]).violation).toBeCloseTo(0.1);
    expect(evaluatePoint(model('min', [column('x', 1, 0, 0.5)]), [0.75])).toEqual({ objective: 0.75, violation: 0.25, fraction: 0 });
  });
  it('gives NaN to a point that is not one', () => {
    expect(evaluatePoint(model('min', [column('x', 1)]), [Number.NaN]).violation).toBeNaN();
  });
});
