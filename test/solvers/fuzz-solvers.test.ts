/** The fuzzer's proofs prove, its judge notices each kind of wrong verdict, and its command goes on where it stopped. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLp } from 'evom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import type { LinearModel } from '../../src/index.ts';

interface Truth {
  readonly status: string;
  readonly objective: number | null;
}
interface Verdict extends Truth {
  readonly values: readonly number[] | null;
}
const script = <T>(name: string): Promise<T> => import(/* @vite-ignore */ join(packageRoot, 'scripts/fuzz-solvers', name)) as Promise<T>;
const { enumerate, solveExactly } = await script<{
  enumerate(model: LinearModel): Truth | null;
  solveExactly(model: LinearModel, options?: { maxNodes: number }): Truth;
}>('exact.mjs');
const { kinds, randomModel } = await script<{ kinds: string[]; randomModel(seed: number, kind: string, index: number): LinearModel }>(
  'kinds.mjs',
);
const { judge, proveModel, withPoint } = await script<{
  judge(model: LinearModel, verdict: Verdict, truth: Truth): string;
  proveModel(model: LinearModel): Truth;
  withPoint(model: LinearModel, truth: Truth, values: readonly number[] | null): Truth;
}>('judge.mjs');
const { shrink } = await script<{ shrink(model: LinearModel, fails: (candidate: LinearModel) => boolean): LinearModel }>('shrink.mjs');

const lp = (objective: string, rows: string, rest = ''): LinearModel => parseLp(`${objective}\nst\n${rows}\n${rest}\nend`);

describe('proofs in exact arithmetic', () => {
  it.each<[string, LinearModel, string, number | null]>([
    ['an LP', lp('max\n 3 x + 2 y', 'a: x + y <= 4\nb: x + 3 y <= 6\nc: x <= 3'), 'optimal', 11],
    ['a MIP off its relaxation', lp('max\n 5 x + 4 y', 'a: 6 x + 4 y <= 24\nb: x + 2 y <= 6', 'gen\n x y'), 'optimal', 20],
    ['thirds, which no double holds', lp('max\n x', 'a: 3 x <= 1'), 'optimal', 1 / 3],
    ['a knapsack that rounding would fill', lp('max\n x + y', 'a: 0.1 x + 0.2 y <= 0.3', 'bounds\n x <= 1\n y <= 1'), 'optimal', 2],
    ['crossed rows', lp('min\n x', 'a: x >= 2\nb: x <= 1'), 'infeasible', null],
    ['parity', lp('min\n x', 'a: 2 x + 4 y = 7', 'bounds\n x <= 9\n y <= 9\ngen\n x y'), 'infeasible', null],
    ['a ray', lp('max\n x + y', 'a: x - y <= 2'), 'unbounded', null],
    ['a ray of whole numbers', lp('max\n x', 'a: 2 x - 3 y <= 1', 'gen\n x y'), 'unbounded', null],
    ['a ray without a whole point', lp('max\n y', 'a: 2 x = 1', 'gen\n x'), 'infeasible', null],
    ['free variables', lp('min\n x - y', 'a: x - y >= -3', 'bounds\n x free\n y free'), 'optimal', -3],
  ])('decide %s', (name, model, status, objective) => {
    const found = solveExactly(model);
    expect(found.status).toBe(status);
    // 0.1 + 0.2 is more than 0.3 as doubles are, so that the last unit is missing.
    if (objective !== null) expect(found.objective).toBeCloseTo(objective, name.startsWith('a knapsack') ? 12 : 15);
    else expect(found.objective).toBeNull();
  });

  it('say the same by enumeration and by branch and bound', () => {
    let numBoth = 0;
    for (const kind of kinds) {
      for (let index = 0; index < 60; index++) {
        const model = randomModel(99, kind, index);
        const listed = enumerate(model);
        const searched = solveExactly(model, { maxNodes: 200 });
        if (listed === null || searched.status === 'unproven') continue;
        numBoth += 1;
        expect({ kind, index, status: searched.status, objective: searched.objective }).toEqual({
          kind,
          index,
          status: listed.status,
          objective: listed.objective,
        });
      }
    }
    expect(numBoth).toBeGreaterThan(100);
  }, 60_000);
});

describe('the judge', () => {
  const model = lp('max\n 5 x + 4 y', 'a: 6 x + 4 y <= 24\nb: x + 2 y <= 6', 'gen\n x y');
  const said = (status: string, objective: number | null, values: readonly number[] | null = null): string =>
    judge(model, { status, objective, values }, proveModel(model));

  it('agrees with the truth, and calls each lie wrong', () => {
    expect(said('optimal', 20, [4, 0])).toBe('agrees');
    expect(said('optimal', 19, [3, 1])).toBe('wrong');
    expect(said('optimal', 21, [3, 1.5])).toBe('wrong');
    expect(said('infeasible', null)).toBe('wrong');
    expect(said('unbounded', null)).toBe('wrong');
    for (const status of ['time_limit', 'error', 'feasible', 'infeasible_or_unbounded']) expect(said(status, null)).toBe('unsure');
  });

  it('leaves a solver its tolerance, and no more', () => {
    const tight = lp('max\n x', 'a: 1000 x <= 1000');
    const verdict = (x: number): string => judge(tight, { status: 'optimal', objective: x, values: [x] }, proveModel(tight));
    expect([verdict(1), verdict(1 + 1.5e-6), verdict(1 + 1e-4)]).toEqual(['agrees', 'tolerance', 'wrong']);
  });

  it('takes any solver’s point as proof against a worse one where the search gave up', () => {
    const unproven = { status: 'unproven', objective: null, relaxation: 'optimal' } as Truth;
    const known = withPoint(model, unproven, [4, 0]);
    expect(known).toMatchObject({ status: 'unproven', objective: 20, proof: 'point' });
    expect(judge(model, { status: 'optimal', objective: 19, values: [3, 1] }, known)).toBe('wrong');
    expect(judge(model, { status: 'infeasible', objective: null, values: null }, known)).toBe('wrong');
    expect(judge(model, { status: 'optimal', objective: 20, values: [4, 0] }, known)).toBe('open');
    expect(withPoint(model, unproven, [9, 9])).toBe(unproven);
  });
});

describe('shrinking', () => {
  it('keeps what the fault needs', () => {
    const large = lp('max\n 5 x + 4 y + 7 z', 'a: 6 x + 4 y + z <= 24\nb: x + 2 y <= 6\nc: z <= 3', 'gen\n x y');
    const small = shrink(large, (candidate) => candidate.constraints.some((row) => row.name === 'b' && row.columns.length === 2));
    expect(small.constraints.map(({ name }) => name)).toEqual(['b']);
    expect(small.variables.map(({ name, cost }) => [name, cost])).toEqual([
      ['x', 0],
      ['y', 0],
    ]);
  });
});

describe('node scripts/fuzz-solvers.mjs', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'evom-fuzz-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const fuzz = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((done) => {
      const all = [join(packageRoot, 'scripts/fuzz-solvers.mjs'), '--workers', '1', ...args];
      const child = execFile(process.execPath, all, (_error, out, err) => done({ code: child.exitCode ?? -1, out, err }));
    });

  it('goes on behind the last finished stretch, and ends with one line of JSON', async () => {
    const log = join(folder, 'log.jsonl');
    const common = ['--no-highspy', '--backends', 'highs', '--kinds', 'knapsack,degenerate', '--log', log];
    const first = await fuzz('--count', '200', ...common);
    const again = await fuzz('--count', '220', ...common);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(4);
    for (const [{ out }, models] of [
      [first, 200],
      [again, 220],
    ] as const)
      expect(JSON.parse(out)).toMatchObject({ models, complete: true, versions: { highs: expect.any(String) } });
    const other = await fuzz('--seed', '2', '--count', '220', ...common);
    expect(other.code).toBe(3);
    expect(other.err).toMatch(/log\.jsonl is of .*; choose another --log/);
  }, 180_000);

  it.each([
    [['--kinds', 'totals,knapsacks'], /unknown kind knapsacks; known are totals, open/],
    [['--environment', '/nonexistent'], /there is no Python at \/nonexistent\/bin\/python.*--no-highspy/],
  ])(
    '%j ends with 3 and says why',
    async (args, message) => {
      const { code, err } = await fuzz(...args);
      expect(err).toMatch(message);
      expect(code).toBe(3);
    },
    60_000,
  );
});
