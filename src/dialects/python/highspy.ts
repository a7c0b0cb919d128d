/** Programs in Python against highspy. */

import { pythonDialect } from './python-dialect.ts';
import { boundArguments, isBinary, type PythonApi } from './python-program.ts';

const api: PythonApi = {
  head: () => ['import highspy', 'h = highspy.Highs()', 'h.silent()'],
  variable: (name, v) => {
    if (isBinary(v)) return `${name} = h.addBinary(name="${name}")`;
    const bounds = boundArguments(v, { lb: 'lb', ub: 'ub', minusInfinity: '-highspy.kHighsInf' }).slice(2);
    return `${name} = h.${v.integer ? 'addIntegral' : 'addVariable'}(${bounds === '' ? '' : `${bounds}, `}name="${name}")`;
  },
  // The objective's sense and the solve are one call.
  objective: (expression, sense) => `objective = ${expression}\nsense = highspy.ObjSense.${sense === 'max' ? 'kMaximize' : 'kMinimize'}`,
  constraint: (comparison) => `h.addConstr(${comparison})`,
  tail: () => [
    'h.setObjective(objective, sense)',
    'h.run()',
    'if h.getModelStatus() == highspy.HighsModelStatus.kOptimal:',
    '    print(h.getObjectiveValue())',
  ],
};

export const highspy = pythonDialect(
  'highspy',
  {
    library: 'highspy (HiGHS)',
    notes:
      'addVariable, addIntegral and addBinary make variables, at least 0 unless lb and ub say otherwise; minimize(expression) and maximize(expression) set the objective and solve.',
    example: `import highspy
h = highspy.Highs()
h.silent()
boots = h.addIntegral(name="boots")
mugs = h.addIntegral(ub=20, name="mugs")
h.addConstr(17*boots + 22*mugs <= 488)
h.addConstr(boots - mugs >= 2)
h.maximize(68*boots + 62*mugs)
if h.getModelStatus() == highspy.HighsModelStatus.kOptimal:
    print(h.getObjectiveValue())`,
  },
  api,
);
