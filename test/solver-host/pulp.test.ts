import { describeHostedDialect, hardRows } from './hosted-dialect.suite.ts';

const optimal = `import pulp
m = pulp.LpProblem("shop", pulp.LpMaximize)
x = pulp.LpVariable("x", lowBound=0, cat="Integer")
y = pulp.LpVariable("y", lowBound=0)
m += 3 * x + 2 * y
m += x + y <= 4, "supply"
m += x <= 2.5
m.solve(pulp.PULP_CBC_CMD(msg=0))
print("objective", pulp.value(m.objective))`;
const head = 'import pulp\nm = pulp.LpProblem("p", pulp.LpMaximize)\n';

describeHostedDialect('pulp', {
  backend: 'pulp',
  solver: /^HiGHS 1\./,
  optimal,
  infeasible: `${head}x = pulp.LpVariable("x", 0)\nm += x\nm += x >= 3\nm += x <= 1\nm.solve()`,
  unbounded: `${head}x = pulp.LpVariable("x", 0)\ny = pulp.LpVariable("y", 0)\nm += x + y\nm += y <= 1\nm.solve()`,
  timeLimit: `${hardRows}
import pulp
m = pulp.LpProblem("split", pulp.LpMinimize)
x = [pulp.LpVariable(f"x{j}", cat="Binary") for j in range(n)]
slack = [pulp.LpVariable(f"s{k}", 0) for k in range(10)]
m += pulp.lpSum(slack)
for i, (row, right) in enumerate(zip(rows, rights)):
    m += pulp.lpSum(row[j] * x[j] for j in range(n)) + slack[2 * i] - slack[2 * i + 1] == right
m.solve(pulp.PULP_CBC_CMD(timeLimit=0.3))`,
  apiError: { code: `${head}m += pulp.LpVariable("x", low=3)`, type: /TypeError/, message: /low/ },
  noSolve: `${head}m += pulp.LpVariable("x", 0)\nprint("nothing")`,
  twice: `${optimal}\nm += x <= 0\nm += y <= 2\nm.solve()\nreport(42)`,
});
