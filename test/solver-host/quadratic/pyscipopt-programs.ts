/** The problems of `gurobipy-programs.ts` in pyscipopt, whose objectives are linear: each has its worth as a variable. */
import { gurobipyPrograms, type QuadraticProgram } from './gurobipy-programs.ts';

const head = 'from pyscipopt import Model, quicksum\nm = Model()\n';
const tail = '\nm.optimize()\nprint(m.getStatus(), m.getObjVal())';
const optimumOf = (start: string): number => gurobipyPrograms.find(({ name }) => name.startsWith(start))?.optimum ?? Number.NaN;

export const pyscipoptPrograms: readonly QuadraticProgram[] = [
  {
    name: 'goat pen',
    optimum: optimumOf('the largest goat pen'),
    code: `${head}width, length, area = m.addVar("width"), m.addVar("length"), m.addVar("area")
m.addCons(2 * width + length <= 240)
m.addCons(area == width * length)
m.setObjective(area, "maximize")${tail}`,
  },
  {
    name: 'open crate',
    optimum: optimumOf('the cheapest open crate'),
    code: `${head}x, h = m.addVar("side", lb=0.1, ub=50), m.addVar("height", lb=0.1, ub=50)
floor, cost = m.addVar("floor", ub=2500), m.addVar("cost")
m.addCons(floor == x ** 2)
m.addCons(floor * h >= 32)
m.addCons(cost >= floor + 4 * x * h)
m.setObjective(cost, "minimize")${tail}`,
  },
  {
    name: 'shares by return for risk',
    optimum: 2.25,
    code: `${head}price, gain, risk = [50, 120, 80], [6, 18, 11], [3, 8, 5.5]
s = [m.addVar(f"s{i}", vtype="I", ub=200) for i in range(3)]
ratio = m.addVar("ratio", ub=100)
spent = quicksum(price[i] * s[i] for i in range(3))
m.addCons(spent <= 6000)
m.addCons(spent >= 2400)
m.addCons(ratio * quicksum(risk[i] * s[i] for i in range(3)) == quicksum(gain[i] * s[i] for i in range(3)))
m.setObjective(ratio, "maximize")${tail}`,
  },
  {
    name: 'cost a kilowatt hour',
    optimum: optimumOf('the lowest cost'),
    code: `${head}panels, turbines = m.addVar("panels", vtype="I", ub=200), m.addVar("turbines", vtype="I", ub=30)
unit = m.addVar("unit", ub=100)
energy, cost = 150 * panels + 400 * turbines, 700 * panels + 1200 * turbines
m.addCons(energy >= 6000)
m.addCons(cost <= 60000)
m.addCons(unit * energy >= cost)
m.setObjective(unit)${tail}`,
  },
  {
    name: 'vans and trips',
    optimum: optimumOf('vans of three kinds'),
    code: `${head}profit, cost, most = [40, 44, 50], [30, 32, 45], [6, 5, 3]
vans = [m.addVar(f"vans{i}", vtype="I", ub=10) for i in range(3)]
trips = [m.addVar(f"trips{i}", vtype="I", ub=most[i]) for i in range(3)]
total = m.addVar("total", ub=5000)
m.addCons(quicksum(vans) <= 10)
m.addCons(quicksum(cost[i] * vans[i] * trips[i] for i in range(3)) <= 1400)
m.addCons(quicksum(vans[i] * trips[i] for i in range(3)) <= 41)
m.addCons(total == quicksum(profit[i] * vans[i] * trips[i] for i in range(3)))
m.setObjective(total, "maximize")${tail}`,
  },
  {
    name: 'machines',
    optimum: optimumOf('units and the money'),
    code: `${head}a, b = m.addVar("a", vtype="I", ub=200), m.addVar("b", vtype="I", ub=300)
ra, rb, profit = m.addVar("ra", ub=2000), m.addVar("rb", ub=2000), m.addVar("profit")
m.addCons(2.5 * a + 4 * b <= 500)
m.addCons(ra + rb <= 2000)
m.addCons(profit <= (100 + 0.05 * ra) * a + (120 + 0.04 * rb) * b)
m.setObjective(profit, "maximize")${tail}`,
  },
  {
    name: 'portfolio by the recipe for nonlinear objectives',
    optimum: optimumOf('a portfolio'),
    code: `from pyscipopt.recipes.nonlinear import set_nonlinear_objective
${head}variance, returns = [0.04, 0.09, 0.0225], [0.06, 0.12, 0.08]
w = [m.addVar(f"w{i}", ub=1) for i in range(3)]
m.addCons(quicksum(w) == 1)
m.addCons(quicksum(returns[i] * w[i] for i in range(3)) >= 0.075)
set_nonlinear_objective(m, quicksum(variance[i] * w[i] ** 2 for i in range(3)), sense="minimize")${tail}`,
  },
  {
    name: 'pond bank',
    optimum: optimumOf('the point of a pond'),
    code: `${head}x, y, far = m.addVar("x", ub=5), m.addVar("y", ub=25), m.addVar("far")
m.addCons(y >= x ** 2)
m.addCons(x <= 4)
m.addCons(far >= (x - 3) ** 2 + y ** 2)
m.setObjective(far)${tail}`,
  },
  {
    name: 'cylinder in a sphere',
    optimum: optimumOf('the largest cylinder'),
    code: `import math
${head}r2, h, volume = m.addVar("r2", ub=9), m.addVar("h", ub=6), m.addVar("volume")
m.addCons(r2 + 0.25 * h ** 2 <= 9)
m.addCons(volume == math.pi * r2 * h)
m.setObjective(volume, "maximize")${tail}`,
  },
  {
    name: 'two teas',
    optimum: optimumOf('the price and quantity'),
    code: `${head}q = [m.addVar(f"q{i}", ub=200) for i in range(2)]
p = [m.addVar(f"p{i}", ub=100) for i in range(2)]
income = m.addVar("income")
m.addCons(p[0] == 60 - 0.4 * q[0])
m.addCons(p[1] == 28 - 0.4 * q[1])
m.addCons(q[0] + 3 * q[1] <= 75)
m.addCons(income == quicksum(p[i] * q[i] for i in range(2)))
m.setObjective(income, "maximize")${tail}`,
  },
];
