/** The problems of `gurobipy-programs.ts`, and like ones, in coptpy. */
import { gurobipyPrograms, type QuadraticProgram } from './gurobipy-programs.ts';

const head = 'import coptpy as cp\nfrom coptpy import COPT\nm = cp.Envr().createModel("m")\n';
const optimumOf = (start: string): number => gurobipyPrograms.find(({ name }) => name.startsWith(start))?.optimum ?? Number.NaN;

export const coptpyPrograms: readonly QuadraticProgram[] = [
  {
    name: 'goat pen: nonconvex, of which COPT proves a local optimum only',
    optimum: optimumOf('the largest goat pen'),
    code: `${head}width, length = m.addVar(ub=240, name="width"), m.addVar(ub=240, name="length")
m.addConstr(2 * width + length <= 240, name="wire")
m.setObjective(width * length, COPT.MAXIMIZE)
m.solve()
print(m.status, m.objval)`,
  },
  {
    name: 'open crate: rows with products',
    optimum: optimumOf('the cheapest open crate'),
    code: `${head}x = m.addVar(lb=0.1, ub=50, name="side")
h = m.addVar(lb=0.1, ub=50, name="height")
floor = m.addVar(ub=2500, name="floor")
m.addQConstr(floor == x * x, name="square")
m.addQConstr(floor * h >= 32, name="volume")
m.setObjective(floor + 4 * x * h, COPT.MINIMIZE)
m.solve()`,
  },
  {
    name: 'two kinds of shares by return for risk',
    optimum: 2.25,
    code: `${head}a = m.addVar(vtype=COPT.INTEGER, ub=100, name="a")
b = m.addVar(vtype=COPT.INTEGER, ub=50, name="b")
ratio = m.addVar(ub=10, name="ratio")
m.addConstr(50 * a + 120 * b <= 6000)
m.addConstr(50 * a + 120 * b >= 2400)
m.addQConstr(3 * ratio * a + 8 * ratio * b - 6 * a - 18 * b == 0)
m.setObjective(ratio, COPT.MAXIMIZE)
m.solve()`,
  },
  {
    name: 'cost a kilowatt hour',
    optimum: optimumOf('the lowest cost'),
    code: `${head}panels = m.addVar(vtype=COPT.INTEGER, ub=200, name="panels")
turbines = m.addVar(vtype=COPT.INTEGER, ub=30, name="turbines")
unit = m.addVar(ub=100, name="unit")
m.addConstr(150 * panels + 400 * turbines >= 6000)
m.addConstr(700 * panels + 1200 * turbines <= 60000)
m.addQConstr(150 * unit * panels + 400 * unit * turbines - 700 * panels - 1200 * turbines >= 0)
m.setObjective(unit, COPT.MINIMIZE)
m.solve()`,
  },
  {
    name: 'vans and trips',
    optimum: optimumOf('vans of three kinds'),
    code: `${head}profit, cost, most = [40, 44, 50], [30, 32, 45], [6, 5, 3]
vans = [m.addVar(vtype=COPT.INTEGER, ub=10, name=f"vans_{i}") for i in range(3)]
trips = [m.addVar(vtype=COPT.INTEGER, ub=most[i], name=f"trips_{i}") for i in range(3)]
m.addConstr(cp.quicksum(vans) <= 10)
m.addQConstr(cp.quicksum(cost[i] * vans[i] * trips[i] for i in range(3)) <= 1400)
m.addQConstr(cp.quicksum(vans[i] * trips[i] for i in range(3)) <= 41)
m.setObjective(cp.quicksum(profit[i] * vans[i] * trips[i] for i in range(3)), COPT.MAXIMIZE)
m.solve()`,
  },
  {
    name: 'machines',
    optimum: optimumOf('units and the money'),
    code: `${head}a = m.addVar(vtype=COPT.INTEGER, ub=200, name="a")
b = m.addVar(vtype=COPT.INTEGER, ub=300, name="b")
ra, rb = m.addVar(ub=2000, name="ra"), m.addVar(ub=2000, name="rb")
m.addConstr(2.5 * a + 4 * b <= 500)
m.addConstr(ra + rb <= 2000)
m.setObjective(100 * a + 0.05 * ra * a + 120 * b + 0.04 * rb * b, COPT.MAXIMIZE)
m.solve()`,
  },
  {
    name: 'portfolio: convex',
    optimum: optimumOf('a portfolio'),
    code: `${head}variance, returns = [0.04, 0.09, 0.0225], [0.06, 0.12, 0.08]
w = [m.addVar(ub=1, name=f"w{i}") for i in range(3)]
m.addConstr(cp.quicksum(w) == 1)
m.addConstr(cp.quicksum(returns[i] * w[i] for i in range(3)) >= 0.075)
m.setObjective(cp.quicksum(variance[i] * w[i] * w[i] for i in range(3)), COPT.MINIMIZE)
m.solve()`,
  },
  {
    name: 'pond bank: a convex row',
    optimum: optimumOf('the point of a pond'),
    code: `${head}x, y = m.addVar(ub=5, name="x"), m.addVar(ub=25, name="y")
m.addQConstr(x * x - y <= 0, name="bank")
m.addConstr(x <= 4)
m.setObjective(x * x - 6 * x + 9 + y * y, COPT.MINIMIZE)
m.solve()`,
  },
  {
    name: 'cylinder in a sphere',
    optimum: optimumOf('the largest cylinder'),
    code: `import math
${head}r2, h = m.addVar(ub=9, name="r2"), m.addVar(ub=6, name="h")
m.addQConstr(r2 + 0.25 * h * h <= 9)
m.setObjective(math.pi * r2 * h, COPT.MAXIMIZE)
m.solve()`,
  },
  {
    name: 'two teas',
    optimum: optimumOf('the price and quantity'),
    code: `${head}q = [m.addVar(ub=200, name=f"q{i}") for i in range(2)]
m.addConstr(q[0] + 3 * q[1] <= 75)
m.setObjective(60 * q[0] - 0.4 * q[0] * q[0] + 28 * q[1] - 0.4 * q[1] * q[1], COPT.MAXIMIZE)
m.solve()`,
  },
];
