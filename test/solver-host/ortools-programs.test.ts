/** Programs against CP-SAT, MathOpt and model_builder as OR-Tools' own guides write them; optima named "published" are printed there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/outcome.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { skipReason, startHost } from './environment.ts';

let host: SolverHost;
const run = (code: string): Promise<Outcome> => host.execute({ dialect: 'ortools', code });

describe.skipIf(skipReason !== null)(`programs of OR-Tools${skipReason === null ? '' : ` (${skipReason})`}`, () => {
  beforeAll(async () => {
    host = await startHost(['ortools']);
  });
  afterAll(() => host?.close());

  describe('CP-SAT', () => {
    const head = 'from ortools.sat.python import cp_model\nmodel = cp_model.CpModel()\nsolver = cp_model.CpSolver()\n';
    const costs = '[[90, 80, 75, 70], [35, 85, 55, 65], [125, 95, 90, 95], [45, 110, 95, 115], [50, 100, 90, 100]]';

    it('integer variables in linear constraints: 35, as published', async () => {
      const outcome = await run(`from ortools.sat.python import cp_model

def main() -> None:
    model = cp_model.CpModel()
    most = max(50, 45, 37)
    x, y, z = (model.new_int_var(0, most, name) for name in "xyz")
    model.add(2 * x + 7 * y + 3 * z <= 50)
    model.add(3 * x - 5 * y + 7 * z <= 45)
    model.add(5 * x + 2 * y - 6 * z <= 37)
    model.maximize(2 * x + 2 * y + 3 * z)
    solver = cp_model.CpSolver()
    status = solver.solve(model)
    if status == cp_model.OPTIMAL or status == cp_model.FEASIBLE:
        print(f"Maximum of objective function: {solver.objective_value}")
        print(f"x = {solver.value(x)}, y = {solver.value(y)}, z = {solver.value(z)}")
    else:
        print("No solution found.")

main()`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 35, library: { objective: 35, resolved: true } });
      expect(outcome.stdout).toMatch(/^Maximum of objective function: 35\.0\nx = 7, y = 3, z = 5\n$/);
      expect(outcome.solution).toEqual({ x: 7, y: 3, z: 5 });
    });

    it('Booleans, at most one task a worker and exactly one worker a task: 265, as published', async () => {
      const outcome = await run(`${head}costs = ${costs}
workers, tasks = range(len(costs)), range(len(costs[0]))
x = {(w, t): model.new_bool_var(f"x_{w}_{t}") for w in workers for t in tasks}
for w in workers:
    model.add_at_most_one(x[w, t] for t in tasks)
for t in tasks:
    model.add_exactly_one(x[w, t] for w in workers)
model.minimize(sum(costs[w][t] * x[w, t] for w in workers for t in tasks))
if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
    print(f"Total cost = {solver.objective_value}")
    for (w, t), chosen in x.items():
        if solver.boolean_value(chosen):
            print(f"worker {w} task {t} cost {costs[w][t]}")`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 265, library: { objective: 265, resolved: true } });
      expect(outcome.solves[0]).toMatchObject({ numVariables: 20, numIntegers: 20, numConstraints: 9 });
      expect(outcome.stdout).toContain('Total cost = 265.0');
    });

    it('a constraint that holds only where a Boolean says so', async () => {
      // Fixed charge: ten units at 3 each plus 40 to open the first plant, or at 6 each without; by hand 60 < 70.
      const outcome = await run(`${head}opened = model.NewBoolVar("opened")
a = model.NewIntVar(0, 20, "a")
b = model.NewIntVar(0, 20, "b")
model.Add(a + b >= 10)
model.Add(a == 0).OnlyEnforceIf(opened.Not())
model.Minimize(3 * a + 6 * b + 40 * opened)
solver.Solve(model)
report(solver.ObjectiveValue())`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 60, reported: 60, library: { resolved: true } });
    });

    it('solves again after a change of the model: the last one counts, each is recorded', async () => {
      const outcome = await run(`${head}x = model.new_int_var(0, 9, "x")
y = model.new_int_var(0, 9, "y")
model.add(x + y <= 10)
for first in (3, 1, 5):
    model.maximize(first * x + 2 * y)
    solver.solve(model)
    print(solver.objective_value)`);
      expect(outcome.stdout).toBe('29.0\n19.0\n47.0\n');
      expect(outcome.solves.map(({ status }) => status)).toEqual(['optimal', 'optimal', 'optimal']);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 47, library: { resolved: true } });
    });

    it('a callback sees each better solution, and the host solves the model all the same', async () => {
      const outcome = await run(`${head}class Watch(cp_model.CpSolverSolutionCallback):
    def __init__(self, variables):
        super().__init__()
        self.variables, self.seen = variables, []

    def on_solution_callback(self):
        self.seen.append(self.objective_value)
        assert self.value(self.variables[0]) <= 7

x = [model.new_int_var(0, 20, f"x{i}") for i in range(4)]
model.add(sum((3 + i) * x[i] for i in range(4)) <= 40)
model.add(x[0] <= 7)
model.maximize(sum((4 + 2 * i) * x[i] for i in range(4)))
watch = Watch(x)
solver.solve(model, watch)
assert watch.seen and watch.seen == sorted(watch.seen)
report(watch.seen[-1])`);
      // Values a weight: 4/3, 6/4, 8/5, 10/6. 40 = 6 * 6 + 4 * 1 gives 66; the bound 40 * 10/6 is 66.7, and values are even.
      expect(outcome).toMatchObject({ status: 'optimal', objective: 66, reported: 66, error: null, library: { resolved: true } });
    });

    it('all solutions of a model without an objective go through the callback: 18, as published', async () => {
      const outcome = await run(`${head}class Printer(cp_model.CpSolverSolutionCallback):
    def __init__(self):
        cp_model.CpSolverSolutionCallback.__init__(self)
        self.count = 0

    def on_solution_callback(self):
        self.count += 1

x, y, z = (model.new_int_var(0, 2, name) for name in "xyz")
model.add(x != y)
printer = Printer()
solver.parameters.enumerate_all_solutions = True
status = solver.solve(model, printer)
print(f"Status = {solver.status_name(status)}", f"Number of solutions found: {printer.count}")`);
      expect(outcome.stdout).toBe('Status = OPTIMAL Number of solutions found: 18\n');
      // x != y is two intervals: not linear, so the library's word.
      expect(outcome).toMatchObject({ status: 'optimal', model: null, library: { resolved: false } });
    });

    it('a job shop on intervals rests on the word of CP-SAT: 11, as published', async () => {
      const outcome = await run(`${head}jobs = [[(0, 3), (1, 2), (2, 2)], [(0, 2), (2, 1), (1, 4)], [(1, 4), (2, 3)]]
horizon = sum(duration for job in jobs for _, duration in job)
machines, ends = {}, []
for j, job in enumerate(jobs):
    previous = None
    for k, (machine, duration) in enumerate(job):
        start = model.new_int_var(0, horizon, f"start_{j}_{k}")
        end = model.new_int_var(0, horizon, f"end_{j}_{k}")
        machines.setdefault(machine, []).append(model.new_interval_var(start, duration, end, f"interval_{j}_{k}"))
        if previous is not None:
            model.add(start >= previous)
        previous = end
    ends.append(previous)
for intervals in machines.values():
    model.add_no_overlap(intervals)
makespan = model.new_int_var(0, horizon, "makespan")
model.add_max_equality(makespan, ends)
model.minimize(makespan)
solver.solve(model)
print(f"Optimal Schedule Length: {solver.objective_value}")`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 11, model: null, library: { objective: 11, resolved: false } });
    });

    it('infeasible, and a model that CP-SAT refuses', async () => {
      expect(
        await run(`${head}x = model.new_int_var(0, 5, "x")\nmodel.add(2 * x == 7)\nprint(solver.status_name(solver.solve(model)))`),
      ).toMatchObject({ status: 'infeasible', objective: null, solution: null, stdout: 'INFEASIBLE\n', library: { resolved: true } });
      // Coefficients so large that their sum is no int64.
      const overflow = `${head}x = model.new_int_var(0, 2**40, "x")\nmodel.add(2**40 * x <= 5)\nmodel.maximize(x)\nprint(solver.status_name(solver.solve(model)))`;
      expect(await run(overflow)).toMatchObject({ status: 'runtime_error', stdout: 'MODEL_INVALID\n' });
    });
  });

  describe('MathOpt', () => {
    const head = 'from ortools.math_opt.python import mathopt\nmodel = mathopt.Model(name="m")\n';

    it('a mixed-integer model: 2.5, as published', async () => {
      const outcome = await run(`from ortools.math_opt.python import mathopt
model = mathopt.Model(name="my_model")
x = model.add_binary_variable(name="x")
y = model.add_variable(lb=0.0, ub=2.5, name="y")
model.add_linear_constraint(x + y <= 1.5, name="c")
model.maximize(2 * x + y)
params = mathopt.SolveParameters(enable_output=False)
result = mathopt.solve(model, mathopt.SolverType.GSCIP, params=params)
if result.termination.reason != mathopt.TerminationReason.OPTIMAL:
    raise RuntimeError(f"model failed to solve: {result.termination}")
print("Objective value:", result.objective_value())
print("Value for variable x:", result.variable_values()[x])`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 2.5, error: null, library: { objective: 2.5, resolved: true } });
      expect(outcome.solution).toEqual({ x: 1, y: 0.5 });
      expect(outcome.model?.constraints[0]?.name).toBe('c');
    });

    it('a linear program on GLOP: 34, as published', async () => {
      const outcome = await run(`${head}x = model.add_variable(lb=0, name="x")
y = model.add_variable(lb=0, name="y")
model.add_linear_constraint(x + 2 * y <= 14)
model.add_linear_constraint(3 * x - y >= 0)
model.add_linear_constraint(x - y <= 2)
model.maximize(3 * x + 4 * y)
report(mathopt.solve(model, mathopt.SolverType.GLOP).objective_value())`);
      expect(outcome.objective).toBeCloseTo(34, 9);
      expect(outcome.reported).toBeCloseTo(34, 6);
      expect(outcome.library?.resolved).toBe(true);
    });

    it('an incremental solver: each solve is recorded, with the model as it then was', async () => {
      const outcome = await run(`${head}x = model.add_integer_variable(lb=0, ub=10, name="x")
y = model.add_integer_variable(lb=0, ub=10, name="y")
row = model.add_linear_constraint(2 * x + 3 * y <= 12)
model.maximize(3 * x + 4 * y)
with mathopt.IncrementalSolver(model, mathopt.SolverType.HIGHS) as solver:
    for right in (12, 18, 5):
        row.upper_bound = right
        print(round(solver.solve().objective_value(), 6))`);
      // 2 x <= 12: x = 6; 2 x <= 18: x = 9; 2 x + 3 y <= 5: x = 1, y = 1.
      expect(outcome.stdout).toBe('18.0\n27.0\n7.0\n');
      expect(outcome.solves.map(({ objective }) => objective)).toHaveLength(3);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 7, library: { resolved: true } });
    });

    it('a message callback gets the log of the solver', async () => {
      const outcome = await run(`${head}x = model.add_integer_variable(lb=0, ub=3.5, name="x")
model.maximize(x)
lines = []
mathopt.solve(model, mathopt.SolverType.HIGHS, msg_cb=lines.extend)
print(len(lines) > 0)`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 3, stdout: 'True\n' });
    });

    it.each([
      ['infeasible', 'model.add_linear_constraint(x >= 4)\nmodel.add_linear_constraint(x <= 3)'],
      ['unbounded', 'model.maximize(x)'],
    ])('%s, by GLOP and by HiGHS', async (status, rows) => {
      for (const solver of ['GLOP', 'HIGHS']) {
        const outcome = await run(
          `${head}x = model.add_variable(lb=0, name="x")\n${rows}\nprint(mathopt.solve(model, mathopt.SolverType.${solver}).termination.reason.name)`,
        );
        expect(outcome).toMatchObject({ status, objective: null, error: null, library: { resolved: true } });
        expect(outcome.stdout).toMatch(/INFEASIBLE|UNBOUNDED/);
      }
    });
  });

  describe('model_builder', () => {
    const head = 'from ortools.linear_solver.python import model_builder\nmodel = model_builder.Model()\n';

    it('an integer program: 23, as published', async () => {
      const outcome = await run(`${head}x = model.new_int_var(0.0, 1e9, "x")
y = model.new_int_var(0.0, 1e9, "y")
model.add(x + 7 * y <= 17.5)
model.add(x <= 3.5)
model.maximize(x + 10 * y)
solver = model_builder.Solver("scip")
status = solver.solve(model)
if status == model_builder.SolveStatus.OPTIMAL:
    print("Objective value =", solver.objective_value, solver.value(x), solver.value(y))`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 23, library: { resolved: true } });
      expect(outcome.stdout).toContain('Objective value = 23');
      expect(outcome.solution).toEqual({ x: 3, y: 2 });
    });

    it('series of variables over a data frame: 265, as published', async () => {
      const outcome = await run(`import io
import pandas as pd
from ortools.linear_solver.python import model_builder
rows = ["worker task cost"]
costs = [[90, 80, 75, 70], [35, 85, 55, 65], [125, 95, 90, 95], [45, 110, 95, 115], [50, 100, 90, 100]]
rows += [f"w{w} t{t} {cost}" for w, line in enumerate(costs) for t, cost in enumerate(line)]
data = pd.read_table(io.StringIO("\\n".join(rows)), sep=" ")
model = model_builder.Model()
x = model.new_bool_var_series(name="x", index=data.index)
for name, tasks in data.groupby("worker"):
    model.add(x[tasks.index].sum() <= 1)
for name, workers in data.groupby("task"):
    model.add(x[workers.index].sum() == 1)
model.minimize(data.cost.dot(x))
solver = model_builder.Solver("scip")
status = solver.solve(model)
if status in (model_builder.SolveStatus.OPTIMAL, model_builder.SolveStatus.FEASIBLE):
    print(f"Total cost = {solver.objective_value}")
    print(data.loc[solver.values(x).loc[lambda value: value == 1].index])`);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 265, error: null, library: { resolved: true } });
      expect(outcome.stdout).toContain('Total cost = 265');
    });

    const twice = `${head}x = model.new_num_var(0, 10, "x")
y = model.new_num_var(0, 10, "y")
model.add(x + y <= 12)
model.maximize(2 * x + y)
solver = model_builder.Solver("glop")
`;

    it('solves again after a row was added', async () => {
      const outcome = await run(
        `${twice}solver.solve(model)\nprint(solver.objective_value)\nmodel.add(x <= 4)\nsolver.solve(model)\nprint(solver.objective_value)`,
      );
      expect(outcome.stdout).toBe('22.0\n16.0\n');
      expect(outcome.solves).toHaveLength(2);
      expect(outcome).toMatchObject({ status: 'optimal', objective: 16, library: { resolved: true } });
    });

    it('the log callback, which OR-Tools 9.15 refuses itself: its exception comes through with its line', async () => {
      const outcome = await run(`${twice}solver.log_callback = print\nsolver.solve(model)`);
      expect(outcome).toMatchObject({ status: 'runtime_error', error: { type: 'TypeError', line: 9 } });
      expect(outcome.error?.message).toMatch(/set_log_callback/);
    });

    it.each([
      ['infeasible', 'model.add(x >= 4)\nmodel.add(x <= 3)\nmodel.minimize(x)', 'glop'],
      ['infeasible', 'y = model.new_int_var(0, 9, "y")\nmodel.add(2 * y == 7)\nmodel.minimize(x)', 'scip'],
      ['unbounded', 'y = model.new_num_var(0, 1, "y")\nmodel.add(x - y >= -1)\nmodel.maximize(x)', 'glop'],
    ])('%s', async (status, rows, solver) => {
      const outcome = await run(
        `${head}x = model.new_num_var(0, 1e30, "x")\n${rows}\nprint(model_builder.Solver("${solver}").solve(model).name)`,
      );
      expect(outcome).toMatchObject({ status, objective: null, error: null, library: { resolved: true } });
    });
  });

  it('pywraplp beside CP-SAT in one program: both are recorded, wherever it begins', async () => {
    // The text names CP-SAT only in pieces: it begins in the fork server that has pywraplp alone.
    const outcome = await run(`import importlib
from ortools.linear_solver import pywraplp
s = pywraplp.Solver.CreateSolver("GLOP")
x = s.NumVar(0, 4, "x")
s.Maximize(x)
s.Solve()
cp = importlib.import_module("ortools." + "s" + "at.python.c" + "p_model")
m = cp.CpModel()
y = m.new_int_var(0, 7, "y")
m.maximize(3 * y)
cp.CpSolver().solve(m)`);
    expect(outcome.error).toBeNull();
    expect(outcome.solves).toHaveLength(2);
    expect(outcome).toMatchObject({ status: 'optimal', objective: 21, library: { objective: 21, resolved: true } });
  });
});
