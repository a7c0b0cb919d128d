import { describeHostedDialect, hardRows } from './hosted-dialect.suite.ts';

const optimal = `import coptpy as cp
from coptpy import COPT
env = cp.Envr()
model = env.createModel("shop")
x = model.addVar(vtype=COPT.INTEGER, name="x")
y = model.addVar(name="y")
model.setObjective(3 * x + 2 * y, sense=COPT.MAXIMIZE)
model.addConstr(x + y <= 4, name="supply")
model.addConstr(x <= 2.5)
model.solve()
print("objective", model.objval)`;
const head = 'import coptpy as cp\nm = cp.Envr().createModel()\n';

describeHostedDialect('coptpy', {
  backend: 'copt',
  solver: /^COPT 8\./,
  optimal,
  infeasible: `${head}x = m.addVar()\nm.addConstr(x >= 3)\nm.addConstr(x <= 1)\nm.solve()`,
  unbounded: `${head}x = m.addVar()\ny = m.addVar()\nm.setObjective(x, cp.COPT.MAXIMIZE)\nm.addConstr(y <= 1)\nm.solve()`,
  timeLimit: `${hardRows}
import coptpy as cp
m = cp.Envr().createModel()
x = m.addVars(n, vtype=cp.COPT.BINARY)
m.setParam("TimeLimit", 0.3)
slack = m.addVars(10)
for i, (row, right) in enumerate(zip(rows, rights)):
    m.addConstr(cp.quicksum(row[j] * x[j] for j in range(n)) + slack[2 * i] - slack[2 * i + 1] == right)
m.setObjective(cp.quicksum(slack[k] for k in range(10)))
m.solve()`,
  apiError: { code: `${head}m.addConstr(m.addVar() < 3)`, type: /TypeError|CoptError/, message: /./ },
  noSolve: `${head}m.addVar()\nprint("nothing")`,
  twice: `${optimal}\nmodel.addConstr(x <= 0)\nmodel.addConstr(y <= 2)\nmodel.solve()\nreport(42)`,
});
