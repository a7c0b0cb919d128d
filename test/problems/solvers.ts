/** The solvers that the generator's tests hand in: GLPK first, HiGHS as the second opinion. */
import type { LinearModel } from '../../src/core/linear-model.ts';
import type { Solvers } from '../../src/problems/generator/generate.ts';
import { createGlpk } from '../../src/solvers/glpk.ts';
import { createHighs } from '../../src/solvers/highs.ts';

const limits = { timeLimitMs: 10_000 };

export async function testSolvers(): Promise<Required<Solvers> & { close(): void }> {
  const glpk = await createGlpk();
  const highs = await createHighs();
  return {
    solve: (model: LinearModel) => glpk.solve(model, limits),
    crossCheck: (model: LinearModel) => highs.solve(model, limits),
    close: () => {
      glpk.close();
      highs.close();
    },
  };
}
