/** Programs in Python against OR-Tools; reference programs use its linear solver wrapper. */
import type { LinearModel, Variable } from '../../core/linear-model.ts';
import { pythonDialect } from './python-dialect.ts';
import { isBinary, type PythonApi } from './python-program.ts';

const isMip = (model: LinearModel): boolean => model.variables.some((v) => v.integer);
const bound = (value: number): string => (Number.isFinite(value) ? `${value}` : value > 0 ? 'solver.infinity()' : '-solver.infinity()');

const api: PythonApi = {
  head: (model) => [
    'from ortools.linear_solver import pywraplp',
    `solver = pywraplp.Solver.CreateSolver("${isMip(model) ? 'SCIP' : 'GLOP'}")`,
  ],
  variable: (name, v: Variable) => {
    if (isBinary(v)) return `${name} = solver.BoolVar("${name}")`;
    return `${name} = solver.${v.integer ? 'IntVar' : 'NumVar'}(${bound(v.lower)}, ${bound(v.upper)}, "${name}")`;
  },
  objective: (expression, sense) => `solver.${sense === 'max' ? 'Maximize' : 'Minimize'}(${expression})`,
  constraint: (comparison) => `solver.Add(${comparison})`,
  tail: () => ['status = solver.Solve()', 'if status == pywraplp.Solver.OPTIMAL:', '    print(solver.Objective().Value())'],
};

export const ortools = pythonDialect(
  'ortools',
  {
    library: 'OR-Tools',
    notes:
      'pywraplp (solvers SCIP and GLOP), MathOpt, model_builder and CP-SAT are all there. NumVar, IntVar and BoolVar take lower and upper bounds; constraints compare with <=, >= or ==.',
    example: `from ortools.linear_solver import pywraplp
solver = pywraplp.Solver.CreateSolver("SCIP")
boots = solver.IntVar(0, solver.infinity(), "boots")
mugs = solver.IntVar(0, 20, "mugs")
solver.Maximize(68*boots + 62*mugs)
solver.Add(17*boots + 22*mugs <= 488)
solver.Add(boots - mugs >= 2)
status = solver.Solve()
if status == pywraplp.Solver.OPTIMAL:
    print(solver.Objective().Value())`,
  },
  api,
);
