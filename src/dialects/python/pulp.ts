/** Programs in Python against PuLP. */

import { pythonDialect } from './python-dialect.ts';
import { boundArguments, type PythonApi } from './python-program.ts';

const api: PythonApi = {
  head: (model) => ['import pulp', `model = pulp.LpProblem("model", pulp.${model.sense === 'max' ? 'LpMaximize' : 'LpMinimize'})`],
  variable: (name, v) => {
    const bounds = boundArguments(v, { lb: 'lowBound', ub: 'upBound', minusInfinity: 'None', least: Number.NEGATIVE_INFINITY });
    return `${name} = pulp.LpVariable("${name}"${bounds}${v.integer ? ', cat="Integer"' : ''})`;
  },
  objective: (expression) => `model += ${expression}`,
  constraint: (comparison) => `model += ${comparison}`,
  tail: () => ['model.solve()', 'if model.status == pulp.LpStatusOptimal:', '    print(pulp.value(model.objective))'],
};

export const pulp = pythonDialect(
  'pulp',
  {
    library: 'PuLP',
    notes:
      'Variables are continuous and free unless lowBound, upBound and cat say otherwise. The objective and each constraint are added with +=.',
    example: `import pulp
model = pulp.LpProblem("shop", pulp.LpMaximize)
boots = pulp.LpVariable("boots", lowBound=0, cat="Integer")
mugs = pulp.LpVariable("mugs", lowBound=0, upBound=20, cat="Integer")
model += 68*boots + 62*mugs
model += 17*boots + 22*mugs <= 488
model += boots - mugs >= 2
model.solve()
if model.status == pulp.LpStatusOptimal:
    print(pulp.value(model.objective))`,
  },
  api,
);
