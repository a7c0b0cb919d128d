/** The libraries as their users have them: what programs set, leave out, ask for and write is as it would be without a solver host. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/config/load/find-file.ts';
import { endingOf, verdictOf } from '../../src/solver-host/conclude.ts';
import { defaultHostLimits as limits } from '../../src/solver-host/host-limits.ts';
import { type ProgramRecord, parseProgramRecord } from '../../src/solver-host/program-record.ts';
import type { SolverHost } from '../../src/solver-host/solver-host.ts';
import { incompleteReason, skipReason, startHost } from './environment.ts';

const lacking = incompleteReason === null ? '' : ` (${incompleteReason})`;
const title = `programs of${skipReason === null ? '' : ` (${skipReason})`}`;

/** What is told of one line of a program: its head, the line, and how it must end. */
type Case = readonly [name: string, code: string, status: string, objective: number | null];

function describePrograms(dialect: string, cases: readonly Case[]): void {
  describe.skipIf(skipReason !== null)(`${title} ${dialect}`, () => {
    let host: SolverHost;
    beforeAll(async () => {
      host = await startHost([dialect]);
    });
    afterAll(() => host?.close());
    it.each(cases)('%s', async (_, code, status, objective) => {
      const outcome = await host.execute({ dialect, code });
      expect({ status: outcome.status, objective: outcome.objective, ...(status === 'optimal' ? { error: outcome.error } : {}) }).toEqual({
        status,
        objective,
        ...(status === 'optimal' ? { error: null } : {}),
      });
    });
  });
}

const gurobi = `import gurobipy as gp
m = gp.Model()
x = m.addVar(ub=3.5, vtype="I", name="x")
m.setObjective(2 * x, gp.GRB.MAXIMIZE)
`;
const gurobiNone = `import gurobipy as gp
m = gp.Model()
x = m.addVar(name="x")
v = m.addMVar(2)
m.addConstr(x >= 3)
m.addConstr(x <= 1)
m.optimize()
`;

describePrograms('gurobipy', [
  ['solves in the background and waits', `${gurobi}m.optimizeAsync()\nwhile m.Status == 1:\n    pass\nm.sync()\nassert m.ObjVal == 6`, 'optimal', 6],
  ['solves again after a change', `${gurobi}m.optimizeAsync()\nm.sync()\nx.UB = 1\nm.optimizeAsync()\nm.sync()\nassert x.X == 1`, 'optimal', 2],
  ['solves in the background what has no solution', `${gurobi}x.LB = 3.2\nm.optimizeAsync()\nm.sync()\nassert m.SolCount == 0`, 'infeasible', null],
  ['concurrently, with one thread as the host sets it', `${gurobi}m.Params.ConcurrentMIP = 2\nm.optimize()`, 'optimal', 6],
  ['without an objective', 'import gurobipy as gp\nm = gp.Model()\nx = m.addVar(lb=2)\nm.optimize()\nassert m.ObjVal == 0 and x.X >= 2', 'optimal', 0],
  ['that read the objective of a solve that proved there is none', `${gurobiNone}print(m.ObjVal)`, 'infeasible', null],
  ['that read a value of it', `${gurobiNone}print(x.X)`, 'infeasible', null],
  ['that read values of it', `${gurobiNone}print(m.getAttr("X"))`, 'infeasible', null],
  ['that read a vector of it', `${gurobiNone}print(v.X)`, 'infeasible', null],
  ['that write it', `${gurobiNone}m.write("plan.sol")`, 'infeasible', null],
  ['that say themselves that there is none', `${gurobiNone}if m.Status != gp.GRB.OPTIMAL:\n    raise RuntimeError("no plan")`, 'infeasible', null],
  ['that check for one', `${gurobiNone}assert m.SolCount > 0`, 'infeasible', null],
  ['that end with a code', `${gurobiNone}import sys\nsys.exit(1)`, 'infeasible', null],
  ['that misspell an attribute after it', `${gurobiNone}print(m.ObjVall)`, 'runtime_error', null],
  ['that go wrong after it for another reason', `${gurobiNone}print(1 / 0)`, 'runtime_error', null],
  ['that read what an optimum has', `${gurobi}m.optimize()\nprint(x.RC)`, 'runtime_error', 6],
  ['that raise after an optimum', `${gurobi}m.optimize()\nraise RuntimeError("too little")`, 'runtime_error', 6],
]); // biome-ignore format: one program a line

const coptNone =
  'import coptpy as cp\nm = cp.Envr().createModel("")\nx = m.addVar(name="x")\nm.addConstr(x >= 3)\nm.addConstr(x <= 1)\nm.solve()\n';
describePrograms('coptpy', [
  ['without an objective', 'import coptpy as cp\nm = cp.Envr().createModel("")\nx = m.addVar(lb=2)\nm.solve()\nassert m.objval == 0', 'optimal', 0],
  ['that read the objective of a solve that proved there is none', `${coptNone}print(m.objval)`, 'infeasible', null],
  ['that read a value of it', `${coptNone}print(x.x)`, 'infeasible', null],
  ['that read values of it', `${coptNone}print(m.getValues())`, 'infeasible', null],
  ['that misspell an attribute after it', `${coptNone}print(m.objvall)`, 'runtime_error', null],
]); // biome-ignore format: one program a line

const scip = 'from pyscipopt import Model\nm = Model()\nx = m.addVar("x", vtype="I", ub=3.5)\nm.setObjective(2 * x, "maximize")\n';
const scipNone = `${scip}m.addCons(x >= 5)\nm.optimize()\n`;
describePrograms('pyscipopt', [
  ['without the lock of Python', `${scip}m.optimizeNogil()\nassert m.getObjVal() == 6`, 'optimal', 6],
  ['concurrently', `${scip}m.solveConcurrent()\nassert m.getObjVal() == 6`, 'optimal', 6],
  ['without an objective', 'from pyscipopt import Model\nm = Model()\nx = m.addVar("x", lb=2)\nm.optimize()\nassert m.getObjVal() == 0', 'optimal', 0],
  ['that read the objective of a solve that proved there is none', `${scipNone}print(m.getObjVal())`, 'infeasible', null],
  ['that read a value of it', `${scipNone}print(m.getVal(x))`, 'infeasible', null],
  ['that read its best solution', `${scipNone}print(m.getBestSol()[x])`, 'infeasible', null],
  ['that misspell a method after it', `${scipNone}print(m.getObjVall())`, 'runtime_error', null],
]); // biome-ignore format: one program a line

const highs = 'import highspy\nh = highspy.Highs()\nx = h.addIntegral(ub=3.5)\nh.changeColCost(0, 2.0)\nh.setMaximize()\n';
describePrograms('highspy', [
  ['in a thread', `${highs}h.joinSolve(h.startSolve())\nassert h.getObjectiveValue() == 6`, 'optimal', 6],
  ['that heed the keyboard', `${highs}h.HandleKeyboardInterrupt = True\nh.solve()\nassert h.getObjectiveValue() == 6`, 'optimal', 6],
  ['that set their threads', `${highs}h.setOptionValue("threads", 4)\nassert h.run() == highspy.HighsStatus.kOk`, 'optimal', 6],
  ['without an objective', 'import highspy\nh = highspy.Highs()\nx = h.addVariable(lb=2)\nh.run()\nassert h.val(x) >= 2', 'optimal', 0],
  ['that read a solve that proved there is no solution', `${highs}h.addConstr(x >= 5)\nh.run()\nprint(h.getObjectiveValue(), h.val(x))`, 'infeasible', null],
]); // biome-ignore format: one program a line

const cp = `from ortools.sat.python import cp_model
m = cp_model.CpModel()
x = m.NewIntVar(0, 3, "x")
m.Maximize(2 * x)
s = cp_model.CpSolver()
`;
const cpOptimum = '\nassert s.Solve(m) == cp_model.OPTIMAL and s.ObjectiveValue() == 6';
const wrapper = (solver: string) =>
  `from ortools.linear_solver import pywraplp\ns = pywraplp.Solver.CreateSolver("${solver}")\nx = s.IntVar(0, 3, "x")\ns.Maximize(2 * x)\n`;
const mathopt =
  'from ortools.math_opt.python import mathopt\nfrom ortools.sat import sat_parameters_pb2\nm = mathopt.Model()\nx = m.add_integer_variable(lb=0, ub=3, name="x")\nm.maximize(2 * x)\n';
const builder =
  'from ortools.linear_solver.python import model_builder\nm = model_builder.Model()\nx = m.new_int_var(0, 3, "x")\nm.maximize(2 * x)\n';
const mathoptNone = `${mathopt}m.add_linear_constraint(x >= 5)\nr = mathopt.solve(m, mathopt.SolverType.GSCIP)\n`;
describePrograms('ortools', [
  ['CP-SAT with num_search_workers', `${cp}s.parameters.num_search_workers = 8${cpOptimum}`, 'optimal', 6],
  ['CP-SAT with one search worker', `${cp}s.parameters.num_search_workers = 1${cpOptimum}`, 'optimal', 6],
  ['CP-SAT with num_workers', `${cp}s.parameters.num_workers = 8${cpOptimum}`, 'optimal', 6],
  ['CP-SAT with parameters as text', `${cp}s.parameters.parse_text_format("num_search_workers: 4 max_time_in_seconds: 5")${cpOptimum}`, 'optimal', 6],
  ['CP-SAT with workers in its second solve alone', `${cp}s.Solve(m)\ns.parameters.num_search_workers = 2${cpOptimum}`, 'optimal', 6],
  ['CP-SAT with a callback', `${cp}s.parameters.num_search_workers = 2\nclass Seen(cp_model.CpSolverSolutionCallback):\n    def on_solution_callback(self):\n        pass\nassert s.Solve(m, Seen()) == cp_model.OPTIMAL`, 'optimal', 6],
  ['CP-SAT with both names of the setting, which it refuses anywhere', `${cp}s.parameters.num_workers = 2\ns.parameters.num_search_workers = 2\nassert s.Solve(m) == cp_model.MODEL_INVALID`, 'runtime_error', null],
  ['CP-SAT without an objective', `${cp.replace('m.Maximize(2 * x)\n', '')}assert s.Solve(m) == cp_model.OPTIMAL`, 'optimal', 0],
  ['pywraplp with workers for CP-SAT', `${wrapper('SAT')}s.SetSolverSpecificParametersAsString("num_search_workers:8")\nassert s.Solve() == 0`, 'optimal', 6],
  ['pywraplp with threads', `${wrapper('SAT')}s.SetNumThreads(4)\nassert s.Solve() == 0`, 'optimal', 6],
  ['pywraplp without an objective', `${wrapper('SCIP').replace('s.Maximize(2 * x)\n', '')}assert s.Solve() == 0`, 'optimal', 0],
  ['MathOpt with threads', `${mathopt}r = mathopt.solve(m, mathopt.SolverType.CP_SAT, params=mathopt.SolveParameters(threads=4))\nassert r.objective_value() == 6`, 'optimal', 6],
  ['MathOpt with workers for CP-SAT', `${mathopt}p = mathopt.SolveParameters(cp_sat=sat_parameters_pb2.SatParameters(num_search_workers=8))\nassert mathopt.solve(m, mathopt.SolverType.CP_SAT, params=p).objective_value() == 6`, 'optimal', 6],
  ['MathOpt without an objective', `${mathopt.replace('m.maximize(2 * x)\n', '')}assert mathopt.solve(m, mathopt.SolverType.GSCIP).objective_value() == 0`, 'optimal', 0],
  ['model_builder with workers for CP-SAT', `${builder}s = model_builder.Solver("sat")\ns.set_solver_specific_parameters("num_search_workers:8")\ns.solve(m)\nassert s.objective_value == 6`, 'optimal', 6],
  ['model_builder without an objective', `${builder.replace('m.maximize(2 * x)\n', '')}s = model_builder.Solver("scip")\ns.solve(m)\nassert s.value(x) >= 0`, 'optimal', 0],
  ['the routing library with workers', 'from ortools.constraint_solver import pywrapcp\np = pywrapcp.DefaultRoutingSearchParameters()\np.sat_parameters.num_search_workers = 8\nprint(p.sat_parameters.num_search_workers)', 'no_solve', null],
  ['MathOpt that read the objective of a solve that proved there is none', `${mathoptNone}print(r.objective_value())`, 'infeasible', null],
  ['MathOpt that read a value of it', `${mathoptNone}print(r.variable_values()[x])`, 'infeasible', null],
  ['model_builder that format a value of it', `${builder}m.add(x >= 5)\ns = model_builder.Solver("scip")\ns.solve(m)\nprint(f"{s.objective_value:.2f}")`, 'infeasible', null],
  ['CP-SAT that read a value of it', `${cp}m.Add(x >= 5)\ns.Solve(m)\nprint(s.ObjectiveValue(), s.Value(x))`, 'infeasible', null],
  ['pywraplp that read a value of it', `${wrapper('SCIP')}s.Add(x >= 5)\ns.Solve()\nprint(s.Objective().Value(), x.solution_value())`, 'infeasible', null],
]); // biome-ignore format: one program a line

const pulp =
  'import pulp\np = pulp.LpProblem("p", pulp.LpMaximize)\nx = pulp.LpVariable("x", 0, 4)\ny = pulp.LpVariable("y", 0, 4)\np += x + y <= 5\n';
const pulpNone = `${pulp}p += x\np += x >= 9\np.solve()\n`;
describePrograms('pulp', [
  ['without an objective', `${pulp}p += x >= 3\np.solve()\nassert pulp.LpStatus[p.status] == "Optimal" and x.varValue >= 3 and p.objective is None`, 'optimal', 0],
  ['with a constant for an objective', `${pulp}p += pulp.LpAffineExpression(7)\np.solve()\nassert pulp.value(p.objective) == 7`, 'optimal', 7],
  ['with an objective after a solve without one', `${pulp}p.solve()\np += 2 * x + y\np.solve()\nassert pulp.value(p.objective) == 9`, 'optimal', 9],
  ['one objective after the other', `${pulp}p.sequentialSolve([2 * x + y, y])\nassert x.varValue == 4`, 'optimal', 1],
  ['by a method of a solver', `${pulp}p += 2 * x + y\nassert pulp.PULP_CBC_CMD(msg=0).solve(p) == 1`, 'optimal', 9],
  ['by the inner method of a solver', `${pulp}p += 2 * x + y\nassert pulp.PULP_CBC_CMD(msg=0).actualSolve(p) == 1`, 'optimal', 9],
  ['by a solver set before', `${pulp}p += 2 * x + y\np.setSolver(pulp.PULP_CBC_CMD(threads=8, timeLimit=9))\np.solve()\np.resolve()`, 'optimal', 9],
  ['that format a value of a solve that proved there is none', `${pulpNone}print(f"{pulp.value(p.objective):.2f}", x.varValue * 2)`, 'infeasible', null],
  ['that misspell an attribute after it', `${pulpNone}print(x.value_of)`, 'runtime_error', null],
]); // biome-ignore format: one program a line

describe.skipIf(skipReason !== null)(`${title} any library`, () => {
  let host: SolverHost;
  beforeAll(async () => {
    // Packages take seconds of processor time to load, which on a busy machine is a long time.
    host = await startHost(['gurobipy', 'ortools', 'pulp'], { limits: { wallS: 250, cpuS: 60 } });
  });
  afterAll(() => host?.close());
  const run = (code: string, dialect = 'gurobipy') => host.execute({ dialect, code });

  it('keep the options that they set, and no others', async () => {
    const workers = await run(`${cp}s.parameters.num_search_workers = 8\ns.Solve(m)`, 'ortools');
    expect(workers.options).toEqual({ num_search_workers: 8 });
    expect((await run(`${pulp}p += x\np.solve()\np.solve()`, 'pulp')).options).toEqual({});
    expect((await run(`${pulp}p += x\np.solve(pulp.PULP_CBC_CMD(timeLimit=3))\np.solve()`, 'pulp')).options).toEqual({ timeLimit: 3 });
  });

  it('have no variable that they did not make', async () => {
    const { model } = await run(`${pulp}p.solve()\np.solve()`, 'pulp');
    expect(model?.variables.map(({ name }) => name)).toEqual(['x', 'y']);
  });

  it('keep the error with which they ended beside the proof that there is no solution', async () => {
    const outcome = await run(`${gurobiNone}print(m.ObjVal)`);
    expect(outcome).toMatchObject({ status: 'infeasible', error: { type: 'AttributeError', line: 8 }, library: { resolved: true } });
  });

  it.skipIf(incompleteReason !== null)(`import what published programs import, and nothing is missing${lacking}`, async () => {
    expect(host.health().dialects.flatMap(({ missingLibraries }) => missingLibraries)).toEqual([]);
    const companions = readFileSync(resolve(packageRoot, 'scripts/solver-host/companions.py'), 'utf8');
    const names = [...(/COMPANIONS = \(([^)]*)\)/.exec(companions)?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, name]) => name);
    expect(names).toContain('scipy');
    const outcome = await run(`${names.map((name) => `import ${name}`).join('\n')}\n${gurobi}m.optimize()`);
    expect(outcome).toMatchObject({ status: 'optimal', objective: 6, error: null });
  });

  it.skipIf(incompleteReason !== null)(`have constraints on vectors${lacking}`, async () => {
    const vectors = [
      'v = m.addMVar(3, ub=4)\nm.addConstr(v <= 3)\nm.setObjective(v.sum() + x, -1)\nm.optimize()\nassert v.X.sum() == 9',
      'import numpy as np\nv = m.addMVar(2, vtype="I")\nm.addConstr(np.array([[2, 1], [1, 1]]) @ v <= np.array([6, 6]))\nm.setObjective(2 * v.sum() + x * 0, -1)\nm.optimize()',
      'm.addConstr(x <= 9)\nm.setObjective(4 * x, -1)\nm.optimize()\nassert m.getA().toarray().tolist() == [[1.0]]',
    ];
    for (const text of vectors) expect(await run(`${gurobi}${text}`)).toMatchObject({ status: 'optimal', objective: 12, error: null });
  });

  it.skipIf(incompleteReason !== null)(`draw, cluster and compute with them${lacking}`, async () => {
    const code = `import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog
from sklearn.cluster import KMeans
nx.draw(nx.path_graph(3))
plt.savefig("plan.png")
plt.show()
assert len(set(KMeans(n_clusters=2, n_init=1, random_state=0).fit(np.array([[0.0], [1.0], [9.0]])).labels_)) == 2
assert linprog([-1], A_ub=sp.csr_matrix([[1.0]]), b_ub=[2]).fun == -2
${gurobi}m.optimize()`;
    expect(await run(code)).toMatchObject({ status: 'optimal', objective: 6, error: null });
  });

  it('fail by themselves on what no user has, and such names are counted', async () => {
    for (const _ of [1, 2])
      expect(await run('import no_such_package.part')).toMatchObject({ status: 'runtime_error', error: { type: 'ModuleNotFoundError' } });
    expect(host.health().notFound).toEqual({ no_such_package: 2 });
  });
});

describe.skipIf(skipReason !== null)(`files of ${title.slice(0, 8)}`, () => {
  let host: SolverHost;
  beforeAll(async () => {
    host = await startHost(['gurobipy', 'pulp']);
  });
  afterAll(() => host?.close());
  const run = (code: string, files: Readonly<Record<string, string>> = {}) => host.execute({ dialect: 'gurobipy', code, files });
  const name = `evom-test-${process.pid}`;

  it('under /tmp and /var/tmp lie in the scratch folder, written by Python or by the library, and go with it', async () => {
    const outcome = await run(`${gurobi}m.optimize()
import os
m.write("/tmp/${name}.lp")
os.makedirs("/tmp/${name}/deep")
open("/var/tmp/${name}.txt", "w").write("x")
assert "Maximize" in open("/tmp/${name}.lp").read()
print(os.getcwd(), sorted(os.listdir("/tmp")) == sorted(os.listdir(".")), open("data.json").read())`, { 'data.json': '{}' }); // biome-ignore format: a program
    expect(outcome).toMatchObject({ status: 'optimal', objective: 6, error: null });
    expect(outcome.stdout).toContain('/tmp True {}\n');
    for (const path of [`/tmp/${name}.lp`, `/tmp/${name}`, `/var/tmp/${name}.txt`]) expect(existsSync(path)).toBe(false);
    expect((await run('import os\nprint(os.listdir("/tmp"))')).stdout).toBe('[]\n');
  });

  it('of the home folder and of tempfile lie there too', async () => {
    const outcome = await run(`${gurobi}m.optimize()
import os, pathlib, tempfile
m.write(os.path.expanduser("~/plan.lp"))
pathlib.Path.home().joinpath("note.txt").write_text("x")
assert os.path.dirname(tempfile.mkdtemp()) == os.getcwd()
with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
    file.write("a,b")
print(sorted(name for name in os.listdir(".") if "." in name))`);
    expect(outcome).toMatchObject({ status: 'optimal', error: null });
    expect(outcome.stdout).toContain("['note.txt', 'plan.lp']\n");
  });

  it('of other folders are refused as before, and so is a mount', async () => {
    const outcome = await run(`import ctypes, os
kinds = []
for path in ("/etc/x", "/usr/x", "/tmp/../etc/x", "/dev/shm/x", ${JSON.stringify(resolve(packageRoot, 'x'))}):
    try:
        open(path, "w")
    except OSError as error:
        kinds.append(type(error).__name__)
libc = ctypes.CDLL(None, use_errno=True)
print(kinds, libc.mount(b"/", b"/tmp", None, 4096, None), libc.umount2(b"/tmp", 2), libc.unshare(0x20000))`);
    expect(outcome.stdout).toMatch(
      /^\['PermissionError', 'PermissionError', 'PermissionError', '(?:Permission|FileNotFound)Error', 'PermissionError'\] -1 -1 -1\n$/,
    );
  });

  it('stay within the scratch folder when they fill it', async () => {
    const code = 'for i in range(40):\n    open(f"/tmp/{i}", "wb").write(b"x" * (1 << 20))';
    expect(await run(code)).toMatchObject({ status: 'runtime_error', error: { type: 'OSError' } });
    expect((await run('import os\nprint(os.listdir("/tmp"))')).stdout).toBe('[]\n');
  });
});

describe('a package that this host should have and has not', () => {
  const failed = {
    type: 'ModuleNotFoundError',
    message: "No module named 'scipy'",
    line: 1,
    syntax: false,
    unread: false,
    module: 'scipy',
  };
  const record = (error: object): ProgramRecord =>
    parseProgramRecord(JSON.stringify({ error, solves: [], options: {}, reported: null, licence: null }));

  it('is our fault; one that nobody has is the program’s', () => {
    expect(endingOf(record(failed), null, false, limits, ['scipy'])).toMatchObject({
      status: 'infra_error',
      error: { type: 'MissingLibrary', message: expect.stringContaining('--setup') },
    });
    expect(endingOf(record(failed), null, false, limits, ['networkx'])).toMatchObject({ status: 'runtime_error' });
    expect(endingOf(record({ ...failed, module: null }), null, false, limits, ['scipy'])).toMatchObject({ status: 'runtime_error' });
  });

  it('does not excuse an error by a solution that exists', () => {
    const solve = { model: null, status: 'optimal', objective: 1, values: null, size: null, message: null, ms: 1, fault: null } as const;
    const unread = { ...record({ ...failed, module: null, unread: true }), solves: [solve] };
    expect(endingOf(unread, verdictOf(solve, null), false, limits).status).toBe('runtime_error');
    const none = { ...solve, status: 'infeasible', objective: null } as const;
    expect(endingOf(unread, verdictOf(none, null), false, limits)).toMatchObject({ status: 'infeasible', error: { line: 1 } });
  });
});
