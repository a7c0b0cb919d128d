/** A solver backend: GLPK first, which is quick on small models, and HiGHS where GLPK comes to no verdict. `backend: ./two-solvers.mjs` */
import { createGlpk, createHighs } from 'evom/solvers';

const decided = new Set(['optimal', 'infeasible', 'unbounded']);

export default async function createTwoSolvers() {
  const [glpk, highs] = await Promise.all([createGlpk(), createHighs()]);
  return {
    name: 'two-solvers',
    version: `${glpk.version} and ${highs.version}`,
    capabilities: { lp: true, milp: true },
    solve(model, limits) {
      const first = glpk.solve(model, { ...limits, timeLimitMs: limits.timeLimitMs / 4 });
      if (decided.has(first.status)) return first;
      const second = highs.solve(model, { ...limits, timeLimitMs: Math.max(1, limits.timeLimitMs - first.ms) });
      return { ...second, ms: first.ms + second.ms };
    },
    async settled() {
      await Promise.all([glpk.settled(), highs.settled()]);
    },
    close() {
      glpk.close();
      highs.close();
    },
  };
}
