import { describeHostedDialect, hardRows } from './hosted-dialect.suite.ts';

const head = 'from pyscipopt import Model, quicksum\nm = Model()\n';
const optimal = `${head}m.hideOutput()
x = m.addVar("x", vtype="I")
y = m.addVar("y")
m.setObjective(3 * x + 2 * y, "maximize")
m.addCons(x + y <= 4)
m.addCons(x <= 2.5)
m.optimize()
print("objective", m.getObjVal())`;

describeHostedDialect('pyscipopt', {
  backend: 'scip',
  solver: /^SCIP 10\./,
  optimal,
  infeasible: `${head}x = m.addVar()\nm.addCons(x >= 3)\nm.addCons(x <= 1)\nm.optimize()`,
  unbounded: `${head}x = m.addVar()\ny = m.addVar()\nm.setObjective(x, "maximize")\nm.addCons(y <= 1)\nm.optimize()`,
  timeLimit: `${hardRows}
${head}m.setParam("limits/time", 0.3)
x = [m.addVar(vtype="B") for _ in range(n)]
slack = [m.addVar() for _ in range(10)]
for i, (row, right) in enumerate(zip(rows, rights)):
    m.addCons(quicksum(row[j] * x[j] for j in range(n)) + slack[2 * i] - slack[2 * i + 1] == right)
m.setObjective(quicksum(slack))
m.optimize()`,
  apiError: { code: `${head}m.addVar(vtype="Z")`, type: /Warning|Error|Exception/, message: /./ },
  noSolve: `${head}m.addVar()\nprint("nothing")`,
  twice: `${optimal}\nm.freeTransform()\nm.addCons(x <= 0)\nm.addCons(y <= 2)\nm.optimize()\nreport(42)`,
});
