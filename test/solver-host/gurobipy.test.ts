import { describeHostedDialect, hardRows } from './hosted-dialect.suite.ts';

const optimal = `import gurobipy as gp
from gurobipy import GRB
m = gp.Model("shop")
x = m.addVar(vtype=GRB.INTEGER, name="x")
y = m.addVar(name="y")
m.setObjective(3 * x + 2 * y, GRB.MAXIMIZE)
m.addConstr(x + y <= 4, "supply")
c = m.addConstr(x <= 2.5)
m.optimize()
print("objective", m.ObjVal)`;

describeHostedDialect('gurobipy', {
  backend: 'gurobi',
  solver: /^Gurobi 13\./,
  optimal,
  infeasible: 'import gurobipy as gp\nm = gp.Model()\nx = m.addVar()\nm.addConstr(x >= 3)\nm.addConstr(x <= 1)\nm.optimize()',
  unbounded:
    'import gurobipy as gp\nm = gp.Model()\nx = m.addVar()\ny = m.addVar()\nm.setObjective(x, -1)\nm.addConstr(y <= 1)\nm.optimize()',
  timeLimit: `${hardRows}
import gurobipy as gp
m = gp.Model()
x = m.addVars(n, vtype="B")
m.Params.TimeLimit = 0.3
for row, right in zip(rows, rights):
    s, t = m.addVar(), m.addVar()
    m.addConstr(gp.quicksum(row[j] * x[j] for j in range(n)) + s - t == right)
    s.Obj = t.Obj = 1
m.optimize()`,
  apiError: { code: 'import gurobipy as gp\nm = gp.Model()\nm.addConstr(m.addVar() < 3)', type: /TypeError|GurobiError/, message: /./ },
  noSolve: 'import gurobipy as gp\nm = gp.Model()\nm.addVar()\nprint("nothing")',
  twice: `${optimal}\nm.addConstr(x <= 0)\nm.addConstr(y <= 2)\nm.optimize()\nreport(42)`,
});
