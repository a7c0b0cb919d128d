import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { skipReason, startHost } from './environment.ts';
import { describeHostedDialect, hardRows } from './hosted-dialect.suite.ts';

const head = 'from ortools.linear_solver import pywraplp\ns = pywraplp.Solver.CreateSolver("SCIP")\n';
const optimal = `${head}x = s.IntVar(0, s.infinity(), "x")
y = s.NumVar(0, s.infinity(), "y")
s.Maximize(3 * x + 2 * y)
s.Add(x + y <= 4)
s.Add(x <= 2.5)
s.Solve()
print("objective", round(s.Objective().Value(), 9))`;

describeHostedDialect('ortools', {
  backend: 'ortools',
  solver: /^OR-Tools 9\./,
  optimal,
  infeasible: `${head}x = s.NumVar(0, 9, "x")\ns.Add(x >= 3)\ns.Add(x <= 1)\ns.Solve()`,
  unbounded: `from ortools.linear_solver import pywraplp
s = pywraplp.Solver.CreateSolver("GLOP")
x = s.NumVar(0, s.infinity(), "x")
y = s.NumVar(0, s.infinity(), "y")
s.Maximize(x)
s.Add(y <= 1)
s.Solve()`,
  timeLimit: `${hardRows}
${head}s.SetTimeLimit(300)
x = [s.BoolVar(f"x{j}") for j in range(n)]
slack = [s.NumVar(0, s.infinity(), f"s{k}") for k in range(10)]
for i, (row, right) in enumerate(zip(rows, rights)):
    s.Add(sum(row[j] * x[j] for j in range(n)) + slack[2 * i] - slack[2 * i + 1] == right)
s.Minimize(sum(slack))
s.Solve()`,
  apiError: { code: `${head}s.NumVar(0, 1)`, type: /TypeError/, message: /./ },
  noSolve: `${head}s.NumVar(0, 1, "x")\nprint("nothing")`,
  twice: `${optimal}\ns.Add(x <= 0)\ns.Add(y <= 2)\ns.Solve()\nreport(42)`,
});

const cpSat = 'from ortools.sat.python import cp_model\nm = cp_model.CpModel()\n';

describe.skipIf(skipReason !== null)('the other solvers of OR-Tools', () => {
  let host: SolverHost;
  beforeAll(async () => {
    host = await startHost(['ortools']);
  });
  afterAll(() => host?.close());

  it.each([
    [
      'model_builder',
      'from ortools.linear_solver.python import model_builder as mb\nm = mb.Model()\nx = m.new_int_var(0, 100, "x")\ny = m.new_num_var(0, 100, "y")\nm.add(x + y <= 4)\nm.add(x <= 2.5)\nm.maximize(3 * x + 2 * y)\nmb.Solver("scip").solve(m)',
      10,
    ],
    [
      'MathOpt',
      'from ortools.math_opt.python import mathopt\nm = mathopt.Model()\nx = m.add_integer_variable(lb=0, name="x")\ny = m.add_variable(lb=0, name="y")\nm.add_linear_constraint(x + y <= 4)\nm.add_linear_constraint(x <= 2.5)\nm.maximize(3 * x + 2 * y)\nmathopt.solve(m, mathopt.SolverType.HIGHS)',
      10,
    ],
    [
      'CP-SAT with linear constraints',
      `${cpSat}x = m.NewIntVar(0, 10, "x")\ny = m.new_int_var(0, 10, "y")\nm.Add(x + y <= 4)\nm.add(x <= 2)\nm.Maximize(3 * x + 2 * y - 1)\ncp_model.CpSolver().Solve(m)`,
      9,
    ],
    [
      'CP-SAT with conditions, both sides of an equality and negations',
      `${cpSat}x = m.new_int_var(0, 10, "x")\na, b, c = [m.new_bool_var(n) for n in "abc"]\nm.add(x == 7).only_enforce_if([a, ~b])\nm.add(x <= 3).only_enforce_if(~a)\nm.add_bool_or([a, c]).only_enforce_if(b)\nm.add_at_most_one([b, c])\nm.add_exactly_one([a, b, c])\nm.add_implication(c, b)\nm.maximize(x + 2 * b)\ncp_model.CpSolver().solve(m)`,
      7,
    ],
  ])('%s: the host solves the same model', async (_, code, objective) => {
    const outcome = await host.execute({ dialect: 'ortools', code });
    expect(outcome).toMatchObject({ status: 'optimal', error: null, library: { status: 'optimal', resolved: true } });
    expect(outcome.objective).toBeCloseTo(objective, 9);
    expect(outcome.library?.objective).toBeCloseTo(objective, 6);
  });

  it('keeps the word of CP-SAT for a model that is not linear, and says so', async () => {
    const code = `${cpSat}x = [m.new_int_var(0, 2, f"x{i}") for i in range(3)]\nm.add_all_different(x)\nm.maximize(x[0] + 2 * x[1])\ncp_model.CpSolver().solve(m)`;
    const outcome = await host.execute({ dialect: 'ortools', code });
    expect(outcome).toMatchObject({ status: 'optimal', objective: 5, model: null, library: { status: 'optimal', resolved: false } });
    expect(outcome.solution).toEqual({ x0: 1, x1: 2, x2: 0 });
  });
});
