import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGlpk, createHighs, type HighsReader, type LinearModel, type SolverBackend } from 'evom';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomModels } from './models.ts';

const limits = { timeLimitMs: 10_000 };
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
    fc.assert(
      fc.property(randomModels(), (model) => {
        const [a, b] = both(model);
        seen.set(a.status, (seen.get(a.status) ?? 0) + 1);
        expect({ status: b.status, message: b.message }).toEqual({ status: a.status, message: a.message });
        expect(isClose(a.objective, b.objective), `${a.objective} and ${b.objective}`).toBe(true);
      }),
      { seed: 20_260_912, numRuns: 300 },
    );
    // The generator would be no test if it made one kind of model only.
    expect([...seen.keys()].sort()).toEqual(['infeasible', 'optimal', 'unbounded']);
    for (const count of seen.values()) expect(count).toBeGreaterThan(20);
  });

  const data = process.env.EVOM_SHARED_DATA;
  const path = data === undefined ? '' : join(data, 'programs', 'models.jsonl');
  it.skipIf(!existsSync(path))(
    'agree with the recorded outcomes of real models (needs EVOM_SHARED_DATA with programs/models.jsonl)',
    () => {
      const lines = readFileSync(path, 'utf8').trim().split('\n');
      const differing: string[] = [];
      for (const line of lines) {
        const recorded = JSON.parse(line) as { id: string; lp: string; status: string; objective: number | null };
        const [a, b] = both(highs.readLp(recorded.lp));
        const agrees = [a, b].every(
          (s) => s.status === recorded.status && (s.status !== 'optimal' || isClose(s.objective, recorded.objective)),
        );
        if (!agrees)
          differing.push(
            `${recorded.id}: recorded ${recorded.status} ${recorded.objective}, HiGHS ${a.status} ${a.objective}, GLPK ${b.status} ${b.objective}`,
          );
      }
      expect(differing).toEqual([]);
      expect(lines.length).toBeGreaterThan(700);
    },
  );
});
