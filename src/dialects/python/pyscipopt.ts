/** Programs in Python against PySCIPOpt. */

import { pythonDialect } from './python-dialect.ts';
import { boundArguments, isBinary, type PythonApi } from './python-program.ts';

const api: PythonApi = {
  head: () => ['from pyscipopt import Model', 'model = Model()', 'model.hideOutput()'],
  variable: (name, v) => {
    if (isBinary(v)) return `${name} = model.addVar("${name}", vtype="B")`;
    const bounds = boundArguments(v, { lb: 'lb', ub: 'ub', minusInfinity: 'None' });
    return `${name} = model.addVar("${name}"${v.integer ? ', vtype="I"' : ''}${bounds})`;
  },
  objective: (expression, sense) => `model.setObjective(${expression}, "${sense === 'max' ? 'maximize' : 'minimize'}")`,
  constraint: (comparison) => `model.addCons(${comparison})`,
  tail: () => ['model.optimize()', 'if model.getStatus() == "optimal":', '    print(model.getObjVal())'],
};

export const pyscipopt = pythonDialect(
  'pyscipopt',
  {
    library: 'PySCIPOpt (SCIP)',
    notes:
      'Variables have vtype "C", "I" or "B" and are at least 0 unless lb and ub say otherwise (lb=None for none). The objective must be linear; constraints compare with <=, >= or ==.',
    example: `from pyscipopt import Model
model = Model()
boots = model.addVar("boots", vtype="I")
mugs = model.addVar("mugs", vtype="I", ub=20)
model.setObjective(68*boots + 62*mugs, "maximize")
model.addCons(17*boots + 22*mugs <= 488)
model.addCons(boots - mugs >= 2)
model.optimize()
if model.getStatus() == "optimal":
    print(model.getObjVal())`,
  },
  api,
);
