/** Programs in Python against gurobipy. */

import { pythonDialect } from './python-dialect.ts';
import { boundArguments, isBinary, type PythonApi } from './python-program.ts';

const api: PythonApi = {
  head: () => ['import gurobipy as gp', 'from gurobipy import GRB', 'm = gp.Model()'],
  variable: (name, v) => {
    if (isBinary(v)) return `${name} = m.addVar(vtype=GRB.BINARY, name="${name}")`;
    const bounds = boundArguments(v, { lb: 'lb', ub: 'ub', minusInfinity: '-GRB.INFINITY' }).slice(2);
    return `${name} = m.addVar(${bounds === '' ? '' : `${bounds}, `}${v.integer ? 'vtype=GRB.INTEGER, ' : ''}name="${name}")`;
  },
  objective: (expression, sense) => `m.setObjective(${expression}, GRB.${sense === 'max' ? 'MAXIMIZE' : 'MINIMIZE'})`,
  constraint: (comparison) => `m.addConstr(${comparison})`,
  tail: () => ['m.optimize()', 'if m.Status == GRB.OPTIMAL:', '    print(m.ObjVal)'],
};

export const gurobipy = pythonDialect(
  'gurobipy',
  {
    library: 'gurobipy (Gurobi)',
    notes: 'Variables are continuous and at least 0 unless vtype, lb and ub say otherwise. Constraints compare with <=, >= or ==.',
    example: `import gurobipy as gp
from gurobipy import GRB
m = gp.Model()
boots = m.addVar(vtype=GRB.INTEGER, name="boots")
mugs = m.addVar(ub=20, vtype=GRB.INTEGER, name="mugs")
m.setObjective(68*boots + 62*mugs, GRB.MAXIMIZE)
m.addConstr(17*boots + 22*mugs <= 488)
m.addConstr(boots - mugs >= 2)
m.optimize()
if m.Status == GRB.OPTIMAL:
    print(m.ObjVal)`,
  },
  api,
);
