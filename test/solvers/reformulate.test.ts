import { createHighs, type HighsReader, parseLp, parseMps, type SolverBackend } from 'evom';
import fc from 'fast-check';
import loadHighs, { type Highs } from 'highs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const limits = { timeLimitMs: 5000 };

describe('what LP text says beyond rows and bounds', () => {
  let highs: SolverBackend & HighsReader;
  let native: Highs;
  beforeAll(async () => {
    highs = await createHighs();
    native = await (loadHighs as unknown as () => Promise<Highs>)();
  });
  afterAll(() => highs.close());
  const best = (text: string): number | null => highs.solve(parseLp(text), limits).objective;
  /** The best of several models, each for one way in which the logic can hold. */
  const bestOf = (sense: 'min' | 'max', texts: readonly string[]): number | null => {
    const found = texts.map(best).filter((objective) => objective !== null);
    return found.length === 0 ? null : sense === 'min' ? Math.min(...found) : Math.max(...found);
  };
  const isSame = (a: number | null, b: number | null): boolean =>
    a === b || (a !== null && b !== null && Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(b)));

  it('takes a semi-continuous variable: 0, or between its bounds', () => {
    const text = (x: number) => `min\n 5 x + 4 y\nst\n c: x + y >= ${x}\nbounds\n 2 <= x <= 10\n y <= 1\nsemi-continuous\n x\nend`;
    expect(best(text(1))).toBe(4); // x = 0, y = 1
    expect(best(text(1.5))).toBe(10); // y alone does not reach, and x is at least 2
    expect(parseLp(text(1)).variables.map((v) => v.name)).toEqual(['x', 'y', 'x_on']);
  });

  it('takes what HiGHS takes as semi-continuous, and finds its optimum', () => {
    const number = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ cost: number, a: number, lower: fc.integer({ min: 0, max: 4 }), width: fc.integer({ min: 0, max: 6 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        (columns, side, isInteger) => {
          const sum = (key: 'cost' | 'a') => columns.map((c, j) => `${c[key] < 0 ? '-' : '+'} ${Math.abs(c[key])} x${j}`).join(' ');
          const list = columns.map((_, j) => `x${j}`).join(' ');
          const text = [
            `min\n obj: ${sum('cost')}\nst\n c: ${sum('a')} >= ${side}\n d: x0 <= 100\nbounds`,
            ...columns.map((c, j) => ` ${c.lower} <= x${j} <= ${c.lower + c.width}`),
            ...(isInteger ? [`general\n ${list}`] : []),
            `semi\n ${list}\nend`,
          ].join('\n');
          const theirs = native.solve(text, { mip_rel_gap: 0, presolve: 'off' });
          const ours = highs.solve(parseLp(text), limits);
          expect(ours.status).toBe(theirs.Status === 'Optimal' ? 'optimal' : 'infeasible');
          if (ours.status === 'optimal') expect(isSame(ours.objective, theirs.ObjectiveValue), text).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes bounds from the rows where a variable has none', () => {
    // x <= 3 and y <= 3 follow from c, 2 x >= 1 and z >= -7 from d and e.
    const text = (rest: string) =>
      `max\n 2 x + 3 y - z\nst\n c: x + y <= 3\n d: -2 x <= -1\n e: x - z <= 10\nbounds\n z free\n${rest}\nend`;
    expect(best(text('SOS\n s: S1:: x:1 y:2'))).toBe(2 * 3 + 7); // x is at least 0.5, so that y is 0
    expect(best('max\n x\nst\n c: x + y <= 8\n d: y >= 1\nbounds\n x >= 5\nsemi\n x\nend')).toBe(7);
    expect(best('max\n x + b\nst\n c: x + y <= 8\n i: b = 1 -> x - y <= 3\nbinary\n b\nend')).toBe(8);
  });

  const costs = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 4 });
  it('takes special ordered sets: what the best choice of variables gives', () => {
    fc.assert(
      fc.property(costs, fc.constantFrom(1, 2), fc.integer({ min: 1, max: 12 }), (cost, kind, side) => {
        const names = cost.map((_, j) => `x${j}`);
        const body = (bounds: readonly string[], rest: string): string =>
          `max\n ${cost.map((c, j) => `${c < 0 ? '-' : '+'} ${Math.abs(c)} x${j}`).join(' ')}\nst\n c: ${names.join(' + ')} <= ${side}\nbounds\n ${bounds.join('\n ')}\n${rest}end`;
        const bounds = names.map((name, j) => `${j % 2 === 0 ? 0 : -3} <= ${name} <= ${4 + j}`);
        // Weights against the order of appearance.
        const set = `SOS\n s: S${kind}:: ${names.map((name, j) => `${name}:${10 - j}`).join(' ')}\n`;
        const choices = names.map((_, k) =>
          body(
            bounds.map((b, j) => (j >= k && j < k + kind ? b : `x${j} = 0`)),
            '',
          ),
        );
        expect(isSame(best(body(bounds, set)), bestOf('max', choices))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('takes indicator constraints: what the better value of the binary gives', () => {
    const row = fc.record({
      value: fc.constantFrom(0, 1),
      a: fc.integer({ min: -5, max: 5 }),
      side: fc.integer({ min: -6, max: 12 }),
      comparison: fc.constantFrom('<=', '>=', '='),
    });
    fc.assert(
      fc.property(row, costs, ({ value, a, side, comparison }, [p = 0, q = 0]) => {
        const sum = `x ${a < 0 ? '-' : '+'} ${Math.abs(a)} y`;
        const text = (logic: string, fixed: string): string =>
          `min\n ${p} x + ${q} y + b\nst\n cap: x + y <= 9\n ${logic}\nbounds\n x <= 5\n -2 <= y <= 6\n ${fixed}\nbinary\n b\nend`;
        const choices = [0, 1].map((b) => text(b === value ? `r: ${sum} ${comparison} ${side}` : '', `b = ${b}`));
        expect(isSame(best(text(`r: b = ${value} -> ${sum} ${comparison} ${side}`, '')), bestOf('min', choices))).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  it('takes them from MPS text as well', () => {
    const text = (bounds: string, rest: string) =>
      `ROWS\n N obj\n G c\n L r\nCOLUMNS\n x obj 5 c 1\n x r 1\n y obj 4 c 1\n b obj 1\nRHS\n RHS c 1.5\n RHS r 1\nBOUNDS\n UP B y 1\n BV B b\n${bounds}${rest}ENDATA`;
    expect(highs.solve(parseMps(text(' LO B x 0.2\n SC B x 1\n', '')), limits).objective).toBe(4 + 2.5);
    expect(highs.solve(parseMps(text(' LO B x 0.7\n SC B x 1\n', '')), limits).objective).toBeCloseTo(4 * 0.8 + 3.5);
    const twice = text(' UP B x 3\n', 'INDICATORS\n IF r b 0\n').replace('c 1.5', 'c 4');
    expect(highs.solve(parseMps(twice), limits).objective).toBe(5 * 3 + 4 + 1); // x <= 1 is left only where b = 1
  });

  it.each<[string, string, RegExp]>([
    [
      'a semi-continuous variable without an upper bound',
      'bounds\n x >= 2\nsemi\n x',
      /line 8: "x" needs a finite lower and upper bound here/,
    ],
    ['an ordered set of a free variable', 'bounds\n x free\nSOS\n s: S1:: x:1 y:2', /line 8: "x" needs a finite lower and upper bound/],
    ['an ordered set of another kind', 'SOS\n s: S3:: x:1', /line 6: a special ordered set reads/],
    ['a member without a weight', 'SOS\n s: S1:: x y', /line 6: each variable of a special ordered set has a weight/],
  ])('refuses %s', (_, sections, message) => {
    expect(() => parseLp(`min\n x + y\nst\n c: x + y >= 1\n${sections}\nend`)).toThrow(message);
  });

  it('refuses indicators that are not binary, and rows without bounds', () => {
    const text = (row: string) => `min\n x\nst\n ${row}\nbounds\n y <= 3\nbinary\n b\nend`;
    expect(() => parseLp(text('r: y = 1 -> x <= 3'))).toThrow(/line 4: "y" decides over a row and has to be binary/);
    expect(() => parseLp(text('r: b = 2 -> x <= 3'))).toThrow(/line 4: an indicator constraint begins with "b = 1 ->"/);
    expect(() => parseLp(text('r: b = 1 -> x <= 3'))).toThrow(/line 4: the row that "b" decides over needs bounds/);
  });
});
