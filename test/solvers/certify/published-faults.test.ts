/** Models on which a released solver is known to be wrong, where they are found beside the repository; each with its right value. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGlpk, createHighs, parseLp } from 'evom';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../../../shared/cases/solver/', import.meta.url));
/** By enumeration where integers are boxed, else by GLPK and HiGHS 1.16 alike; null: unbounded, by a whole point and a ray. */
const optima: Readonly<Record<string, number | null>> = {
  'like3274.lp': 0,
  'imp5_4.lp': 20,
  'imp5_59.lp': 11,
  'nat7_13463.lp': 47,
  's1974.lp': null,
  's4248.lp': null,
  's8117.lp': null,
  's13832.lp': null,
};

describe.skipIf(!existsSync(folder))('a model that a solver was wrong about (skipped where the folder of cases is absent)', () => {
  it.each(Object.entries(optima))('%s has the optimum %s', async (name, optimum) => {
    const model = parseLp(readFileSync(folder + name, 'utf8'));
    for (const backend of [await createHighs(), await createGlpk()]) {
      const { status, objective, certificate } = backend.solve(model, { timeLimitMs: 20_000 });
      backend.close();
      expect(status, backend.name).toBe(optimum === null ? 'unbounded' : 'optimal');
      if (optimum !== null) expect(objective).toBeCloseTo(optimum, 6);
      expect(['dual', 'enumeration', 'ray']).toContain(certificate);
    }
  });
});
