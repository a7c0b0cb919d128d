/** Programs in Python against coptpy. */

import { pythonDialect } from './python-dialect.ts';
import { boundArguments, isBinary, type PythonApi } from './python-program.ts';

const api: PythonApi = {
  head: () => ['import coptpy as cp', 'from coptpy import COPT', 'env = cp.Envr()', 'model = env.createModel()'],
  variable: (name, v) => {
    if (isBinary(v)) return `${name} = model.addVar(vtype=COPT.BINARY, name="${name}")`;
    const bounds = boundArguments(v, { lb: 'lb', ub: 'ub', minusInfinity: '-COPT.INFINITY' }).slice(2);
    return `${name} = model.addVar(${bounds === '' ? '' : `${bounds}, `}${v.integer ? 'vtype=COPT.INTEGER, ' : ''}name="${name}")`;
  },
  objective: (expression, sense) => `model.setObjective(${expression}, sense=COPT.${sense === 'max' ? 'MAXIMIZE' : 'MINIMIZE'})`,
  constraint: (comparison) => `model.addConstr(${comparison})`,
  tail: () => ['model.solve()', 'if model.status == COPT.OPTIMAL:', '    print(model.objval)'],
};

export const coptpy = pythonDialect(
  'coptpy',
  {
    library: 'coptpy (COPT)',
    notes: 'Variables are continuous and at least 0 unless vtype, lb and ub say otherwise. Constraints compare with <=, >= or ==.',
    example: `import coptpy as cp
from coptpy import COPT
env = cp.Envr()
model = env.createModel()
boots = model.addVar(vtype=COPT.INTEGER, name="boots")
mugs = model.addVar(ub=20, vtype=COPT.INTEGER, name="mugs")
model.setObjective(68*boots + 62*mugs, sense=COPT.MAXIMIZE)
model.addConstr(17*boots + 22*mugs <= 488)
model.addConstr(boots - mugs >= 2)
model.solve()
if model.status == COPT.OPTIMAL:
    print(model.objval)`,
  },
  api,
);
