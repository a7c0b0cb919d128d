import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearModel } from '../../src/core/linear-model.ts';
import { dialectByName, dialectNames } from '../../src/dialects/registry.ts';
import { identicalModels } from '../../src/modeling/identical.ts';
import type { SolverBackend } from '../../src/solvers/backend.ts';
import { createHighs } from '../../src/solvers/highs.ts';
import { createVerifier, type Verifier } from '../../src/verify/verifier.ts';
import { randomModels } from '../solvers/models.ts';

/** The glpk.js model has no constant: what a program adds to the result is not in it. */
const withoutOffset = (model: LinearModel): LinearModel => ({ ...model, offset: 0 });

/** To 1e-6 of its size: by so much a solver may miss a row. */
function expectNear(found: number | null, expected: number): void {
  expect(Math.abs((found ?? Number.NaN) - expected), `${found} for ${expected}`).toBeLessThanOrEqual(
    1e-6 * Math.max(1, Math.abs(expected)),
  );
}

/** Whether a backend came to the end of its search. */
const isVerdict = (status: string): boolean => ['optimal', 'infeasible', 'unbounded'].includes(status);

/** Programs of the others run on a solver host: test/solver-host. */
const localDialects = dialectNames.filter((name) => dialectByName(name).language === 'javascript');

for (const backend of ['highs', 'glpk']) {
  describe(`rendered programs on ${backend}`, () => {
    let verifier: Verifier;
    let reference: SolverBackend;
    beforeAll(async () => {
      // GLPK has no counted budget and never ends on some unbounded integer programs.
      verifier = await createVerifier({ backend, workers: 2, limits: { nodes: 500, solverMs: 200 } });
      reference = await createHighs();
    });
    afterAll(async () => {
      reference.close();
      await verifier.close();
    });

    it.each(localDialects)('in %s give back the model they were rendered from, and its optimum', async (name) => {
      const dialect = dialectByName(name);
      await fc.assert(
        fc.asyncProperty(randomModels(), async (model) => {
          const outcome = await verifier.verify({ dialect: name, code: dialect.render(model) });
          const expected = reference.solve(model, { timeLimitMs: 2000, nodes: 500 });
          const target = name === 'glpk-js' ? withoutOffset(model) : model;
          expect(outcome.model !== null && identicalModels(outcome.model, target)).toBe(true);
          if (!isVerdict(outcome.status) || !isVerdict(expected.status)) return;
          expect(outcome.status).toBe(expected.status);
          if (expected.objective === null) return;
          expectNear(outcome.reported, expected.objective);
          expectNear(outcome.objective, expected.objective - (name === 'glpk-js' ? model.offset : 0));
        }),
        { numRuns: 100 },
      );
    });
  });
}
