/** Quadratic models of Python libraries are solved again by the host: with the real libraries. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Certificate, Outcome } from '../../src/core/outcome.ts';
import { outcomeFromJson, outcomeToJson } from '../../src/core/outcome-json.ts';
import { hardFlags } from '../../src/reward/audit.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { skipReason, startHost } from './environment.ts';
import { coptpyPrograms } from './quadratic/coptpy-programs.ts';
import { gurobipyPrograms, type QuadraticProgram } from './quadratic/gurobipy-programs.ts';
import { highspyPrograms, mathoptPrograms } from './quadratic/other-programs.ts';
import { pyscipoptPrograms } from './quadratic/pyscipopt-programs.ts';

const noEvidence = { comparison: null, crossSolve: null };
const flagsOf = (outcome: Outcome, answer: number): string[] =>
  hardFlags(outcome, { answer, question: '' }, noEvidence, { unsupportedClaim: false }).filter((flag) => flag !== 'answer_literal');

const libraries: readonly [string, readonly QuadraticProgram[], Certificate][] = [
  ['gurobipy', gurobipyPrograms, 'second_solver'],
  ['coptpy', coptpyPrograms, 'second_solver'],
  ['highspy', highspyPrograms, 'second_solver'],
  // These solve with SCIP, as the host does.
  ['pyscipopt', pyscipoptPrograms, 'second_look'],
  ['ortools', mathoptPrograms, 'second_look'],
];

describe.skipIf(skipReason !== null)(`quadratic models${skipReason === null ? '' : ` (${skipReason})`}`, () => {
  let host: SolverHost;
  beforeAll(async () => {
    host = await startHost(libraries.map(([dialect]) => dialect));
  });
  afterAll(() => host?.close());
  const run = (code: string, dialect = 'gurobipy'): Promise<Outcome> => host.execute({ dialect, code });

  describe.each(libraries)('of %s', (dialect, programs, certificate) => {
    it.each(programs.map((program) => [program.name, program] as const))('%s', async (_, { code, optimum }) => {
      const outcome = await run(code, dialect);
      expect(outcome).toMatchObject({ status: 'optimal', model: null, error: null, certificate, library: { resolved: true } });
      expect(Math.abs((outcome.objective ?? Number.NaN) - optimum)).toBeLessThan(1e-6 * Math.max(1, Math.abs(optimum)));
      expect(outcome.solves.at(-1)).toMatchObject({ certificate, objective: outcome.objective });
      expect(outcomeFromJson(JSON.parse(JSON.stringify(outcomeToJson(outcome))))).toEqual(outcome);
      expect(flagsOf(outcome, optimum)).toEqual([]);
    });
  });

  const pen = gurobipyPrograms[0]?.code ?? '';
  const withBestOf = 'w, l = m.addVar(ub=9, name="w"), m.addVar(ub=9, name="l")';
  /** The record of the last solve, as a hostile program finds it. */
  const forge = (change: string): string => `${pen}\nlast = report.__self__.solves[-1]\n${change}`;

  describe('without a proof', () => {
    it('a forged objective is never taken', async () => {
      const outcome = await run(forge('last["objective"] = 9999.0'));
      expect(outcome).toMatchObject({ status: 'infra_error', error: { type: 'NotCertified', message: /worth 7200 .* 9999/ } });
    });

    it('a forged status or point gives way to two looks of the host', async () => {
      for (const change of [
        'last.update(status="infeasible", objective=None, values=None)',
        'last["values"] = {"width": 900, "length": 900}',
      ])
        expect(await run(forge(change))).toMatchObject({ status: 'optimal', objective: 7200 });
      const missing = await run(forge('last.update(status="infeasible", objective=None, values=None)'));
      expect(missing.certificate).toBe('second_look');
    });

    it('a captured model unlike the one that was solved is told by its point', async () => {
      const outcome = await run(forge('last["model"]["quadratic"]["products"][0][2] = 2.0'));
      expect(outcome).toMatchObject({ status: 'infra_error', error: { type: 'NotCertified', message: /worth 14400 .* 7200/ } });
    });

    it('a captured model without its products is not solved as its linear part', async () => {
      const outcome = await run(forge('last["model"]["quadratic"]["products"] = []'));
      expect(outcome).toMatchObject({ status: 'infra_error', error: { type: 'NotCertified' } });
    });

    it('a library that proves less than it says is overruled', async () => {
      // With this gap Gurobi may call any feasible point an optimum.
      const code = `import gurobipy as gp
m = gp.Model()
m.Params.MIPGap, m.Params.Heuristics, m.Params.Presolve, m.Params.SolutionLimit = 1000, 0, 0, 1
x = m.addVars(6, vtype="B", name="x")
m.addConstr(x.sum() <= 4)
m.setObjective(gp.quicksum((i + 1) * x[i] * x[(i + 1) % 6] for i in range(6)), -1)
x[0].Start = x[1].Start = 1
for i in range(2, 6): x[i].Start = 0
m.optimize()
print(m.Status, m.ObjVal)`;
      const outcome = await run(code);
      // x2, x3, x4, x5: 3 + 4 + 5
      if (outcome.library?.status === 'optimal') expect(outcome).toMatchObject({ status: 'optimal', objective: 12 });
      else expect(outcome).toMatchObject({ status: 'time_limit' });
    });

    it('a local optimum is an optimum where it is proven so, and else is none', async () => {
      const model = (seed: number, sum: string): string => `import random
r = random.Random(${seed})
x = [m.addVar(lb=-1, ub=2 + r.random(), name=f"x{i}") for i in range(5)]
m.addConstr(${sum}(x) <= 4)
m.addConstr(${sum}((i % 3 - 1) * x[i] for i in range(5)) <= 1)
m.setObjective(${sum}(r.randint(-3, 4) * x[i] * x[j] for i in range(5) for j in range(i, 5)), -1)`;
      const gurobi = (seed: number): string =>
        `import gurobipy as gp\nm = gp.Model()\nm.Params.OptimalityTarget = 1\n${model(seed, 'gp.quicksum')}\nm.optimize()`;
      const copt = (seed: number): string =>
        `import coptpy as cp\nm = cp.Envr().createModel("m")\n${model(seed, 'cp.quicksum')}\nm.solve()`;
      const found = await Promise.all([run(gurobi(0)), run(gurobi(7)), run(copt(0), 'coptpy'), run(copt(7), 'coptpy')]);
      expect(found.map(({ library }) => library?.status)).toEqual(['feasible', 'feasible', 'feasible', 'feasible']);
      expect(found.map(({ status, objective, certificate }) => [status, objective?.toFixed(3), certificate])).toEqual([
        ['optimal', '55.895', 'second_solver'],
        ['feasible', '27.970', 'none'], // 29.315 can be had
        ['optimal', '55.895', 'second_solver'],
        ['feasible', '27.970', 'none'],
      ]);
    });

    it('products of three, logarithms and the like stay the word of the library', async () => {
      const [log, cube, copt, indicator] = await Promise.all([
        run(`import gurobipy as gp\nm = gp.Model()\n${withBestOf}\nz = m.addVar(lb=-9, name="z")\nm.addGenConstrLog(w, z)\nm.addConstr(w + l <= 9)\nm.setObjective(z + w * l, -1)\nm.optimize()`),
        run('from pyscipopt import Model\nm = Model()\nx, y = m.addVar("x", ub=3), m.addVar("y", ub=9)\nm.addCons(y <= x ** 3)\nm.addCons(x + y <= 9)\nm.setObjective(y, "maximize")\nm.optimize()', 'pyscipopt'),
        run('import coptpy as cp\nm = cp.Envr().createModel()\nx, y = m.addVar(ub=3, name="x"), m.addVar(ub=9, name="y")\nm.addConstr(x + y <= 5)\nm.addNlConstr(cp.nl.exp(x) <= 5)\nm.setObjective(x, -1)\nm.solve()', 'coptpy'),
        run(`import gurobipy as gp\nm = gp.Model()\n${withBestOf}\nb = m.addVar(vtype="B")\nm.addGenConstrIndicator(b, 1, w <= 3)\nm.addConstr(w + l <= 9)\nm.setObjective(w * l + b, -1)\nm.optimize()`),
      ]); // biome-ignore format: one program a line
      for (const outcome of [log, cube, copt, indicator]) {
        expect(outcome).toMatchObject({ model: null, library: { resolved: false } });
        expect(outcome).not.toHaveProperty('quadratic');
        expect(flagsOf(outcome as Outcome, 1)).toContain('library_word');
      }
    });
  });

  it('infeasible and unbounded quadratic models are certified too', async () => {
    const [infeasible, unbounded, crossed] = await Promise.all(
      ['m.addConstr(w * l >= 100)', 'w.UB = l.UB = 1e30', 'm.addConstr(w * l == 10)\nm.addConstr(w * l == 11)'].map((line) =>
        run(
          `import gurobipy as gp\nm = gp.Model()\n${withBestOf}\n${line}\nm.addConstr(w - l <= 1)\nm.setObjective(w * l + w, -1)\nm.optimize()`,
        ),
      ),
    );
    expect(infeasible).toMatchObject({ status: 'infeasible', objective: null, certificate: 'second_solver' });
    expect(crossed).toMatchObject({ status: 'infeasible', certificate: 'second_solver' });
    expect(unbounded?.status).toMatch(/^unbounded$|^infeasible_or_unbounded$/);
    expect(unbounded?.certificate).toMatch(/second/);
  });

  it('names that repeat do not confuse points', async () => {
    const outcome = await run(pen.replaceAll('"width"', '"x"').replaceAll('"length"', '"x"'));
    expect(outcome).toMatchObject({ status: 'optimal', objective: 7200 });
  });

  it('the last of several solves counts', async () => {
    const outcome = await run(`${pen}\nwidth.UB = 10\nm.optimize()`);
    expect(outcome.solves.map(({ objective }) => Math.round(objective ?? 0))).toEqual([7200, 2200]);
    expect(outcome.solves.map(({ certificate }) => certificate)).toEqual(['none', 'second_solver']);
  });
});
