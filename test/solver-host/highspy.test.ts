import { describeHostedDialect, hardRows } from './hosted-dialect.suite.ts';

const head = 'import highspy\nh = highspy.Highs()\n';
const optimal = `${head}h.silent()
x = h.addIntegral(name="x")
y = h.addVariable(name="y")
h.addConstr(x + y <= 4)
h.addConstr(x <= 2.5)
h.maximize(3 * x + 2 * y)
print("objective", h.getObjectiveValue())`;

describeHostedDialect('highspy', {
  backend: 'highspy',
  solver: /^HiGHS 1\./,
  optimal,
  infeasible: `${head}x = h.addVariable()\nh.addConstr(x >= 3)\nh.addConstr(x <= 1)\nh.run()`,
  unbounded: `${head}x = h.addVariable()\ny = h.addVariable()\nh.addConstr(y <= 1)\nh.maximize(x)`,
  timeLimit: `${hardRows}
${head}h.setOptionValue("time_limit", 0.3)
x = [h.addBinary() for _ in range(n)]
slack = [h.addVariable() for _ in range(10)]
for i, (row, right) in enumerate(zip(rows, rights)):
    h.addConstr(sum(row[j] * x[j] for j in range(n)) + slack[2 * i] - slack[2 * i + 1] == right)
h.minimize(sum(slack))`,
  apiError: { code: `${head}h.addVariable(lower=3)`, type: /TypeError/, message: /lower/ },
  noSolve: `${head}h.addVariable()\nprint("nothing")`,
  twice: `${optimal}\nh.addConstr(x <= 0)\nh.addConstr(y <= 2)\nh.run()\nreport(42)`,
});
