import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createGlpk,
  createHighs,
  type HighsReader,
  type LinearModel,
  parseLp,
  parseMps,
  type SolverBackend,
  writeLp,
  writeMps,
} from 'evom';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomModels } from './models.ts';

const limits = { timeLimitMs: 60_000 };
const isClose = (a: number | null, b: number | null): boolean =>
  a === b || (a !== null && b !== null && Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b)));

describe('HiGHS and GLPK', () => {
  let highs: SolverBackend & HighsReader;
  let glpk: SolverBackend;
  beforeAll(async () => {
    [highs, glpk] = await Promise.all([createHighs(), createGlpk()]);
  });
  afterAll(() => {
    highs.close();
    glpk.close();
  });
  const both = (model: LinearModel) => [highs.solve(model, limits), glpk.solve(model, limits)] as const;

  it('agree on status and objective of random models', () => {
    const seen = new Map<string, number>();
    let undecided = 0;
    fc.assert(
      fc.property(randomModels(), (model) => {
        // GLPK's own word: a verdict with a proof of ours would be the same for both.
        const [a, b] = [highs.solve(model, limits), glpk.look?.(model, limits) ?? glpk.solve(model, limits)];
        // GLPK aborts on a model in a thousand: that it gives no verdict is no disagreement.
        if (![a, b].every(({ status }) => ['optimal', 'infeasible', 'unbounded'].includes(status))) {
          undecided++;
          return;
        }
        seen.set(a.status, (seen.get(a.status) ?? 0) + 1);
        expect(b.status).toBe(a.status);
        expect(isClose(a.objective, b.objective), `${a.objective} and ${b.objective}`).toBe(true);
      }),
      { numRuns: 300 },
    );
    expect(undecided).toBeLessThan(5);
    // The generator would be no test if it made one kind of model only.
    expect([...seen.keys()].sort()).toEqual(['infeasible', 'optimal', 'unbounded']);
    for (const count of seen.values()) expect(count).toBeGreaterThan(20);
  });

  const shared = process.env.EVOM_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
  const path = join(shared, 'data', 'programs', 'models.jsonl');
  it.skipIf(!existsSync(path))(
    'agree with the recorded outcomes of real models (needs data/programs/models.jsonl under EVOM_SHARED or ../shared)',
    () => {
      const lines = readFileSync(path, 'utf8').trim().split('\n');
      const differing: string[] = [];
      for (const line of lines) {
        const recorded = JSON.parse(line) as { id: string; lp: string; mps: string; status: string; objective: number | null };
        const fromLp = parseLp(recorded.lp);
        const fromMps = parseMps(recorded.mps);
        // HiGHS drops entries below 1e-9, and its LP writer leaves out variables that nothing names.
        if (differs(fromLp, highs.readByHighs('lp', recorded.lp))) differing.push(`${recorded.id}: HiGHS reads the LP text otherwise`);
        if (differs(fromMps, highs.readByHighs('mps', recorded.mps))) differing.push(`${recorded.id}: HiGHS reads the MPS text otherwise`);
        if (differs(parseLp(writeLp(fromMps, { flavor: 'cplex' })), fromMps)) differing.push(`${recorded.id}: not the same from LP text`);
        if (differs(parseMps(writeMps(fromMps)), fromMps)) differing.push(`${recorded.id}: not the same from MPS text`);
        for (const solution of both(fromMps)) {
          const agrees =
            solution.status === recorded.status && (solution.status !== 'optimal' || isClose(solution.objective, recorded.objective));
          if (!agrees)
            differing.push(`${recorded.id}: recorded ${recorded.status} ${recorded.objective}, ${solution.status} ${solution.objective}`);
        }
      }
      expect(differing).toEqual([]);
      expect(lines.length).toBeGreaterThan(700);
    },
    240_000,
  );
});

/** Whether two models differ in anything but entries that count as 0. */
function differs(a: LinearModel, b: LinearModel): boolean {
  const plain = (m: LinearModel): string =>
    JSON.stringify([
      m.sense,
      m.offset + 0,
      m.variables.map((v) => [v.name, String(v.lower), String(v.upper), v.integer, v.cost]),
      m.constraints.map((c) => [
        c.name,
        String(c.lower),
        String(c.upper),
        c.columns
          .flatMap((j, k) => (Math.abs(c.coefficients[k] ?? 0) <= 1e-9 ? [] : [[j, c.coefficients[k]]]))
          .sort((x, y) => (x[0] ?? 0) - (y[0] ?? 0)),
      ]),
    ]);
  return plain(a) !== plain(b);
}
