/** Reference programs of nonlinear word problems in gurobipy: areas, volumes, ratios, trips, investments, portfolios. */

export interface QuadraticProgram {
  readonly name: string;
  readonly code: string;
  /** The optimum, found on paper or by enumeration. */
  readonly optimum: number;
}

/** By trying all numbers of vans and trips. */
function mostOfVans(): number {
  const kinds = [
    { profit: 40, cost: 30, most: 6 },
    { profit: 44, cost: 32, most: 5 },
    { profit: 50, cost: 45, most: 3 },
  ];
  let states = [{ vans: 0, cost: 0, trips: 0, profit: 0 }];
  for (const kind of kinds)
    states = states.flatMap((state) =>
      Array.from({ length: 11 * (kind.most + 1) }, (_, k) => {
        const [vans, trips] = [Math.floor(k / (kind.most + 1)), k % (kind.most + 1)];
        const rides = vans * trips;
        return {
          vans: state.vans + vans,
          cost: state.cost + kind.cost * rides,
          trips: state.trips + rides,
          profit: state.profit + kind.profit * rides,
        };
      }).filter(({ vans, cost, trips }) => vans <= 10 && cost <= 1400 && trips <= 41),
    );
  return Math.max(...states.map(({ profit }) => profit));
}

const head = 'import gurobipy as gp\nfrom gurobipy import GRB\nm = gp.Model()\n';

export const gurobipyPrograms: readonly QuadraticProgram[] = [
  {
    name: 'the largest goat pen of 240 m of wire along a barn',
    optimum: 7200,
    code: `${head}width, length = m.addVar(name="width"), m.addVar(name="length")
m.addConstr(2 * width + length <= 240, "wire")
m.setObjective(width * length, GRB.MAXIMIZE)
m.optimize()`,
  },
  {
    name: 'the cheapest open crate of 32 litres with a square floor',
    optimum: 48, // x = 4, h = 2: 16 + 4 * 4 * 2
    code: `${head}x = m.addVar(lb=0.1, ub=50, name="side")
h = m.addVar(lb=0.1, ub=50, name="height")
floor = m.addVar(ub=2500, name="floor")
m.addConstr(floor == x * x)
m.addConstr(floor * h >= 32, "volume")
m.setObjective(floor + 4 * x * h, GRB.MINIMIZE)
m.optimize()
print(x.X, h.X)`,
  },
  {
    name: 'shares with the best return for their risk',
    optimum: 2.25, // all of B: 18 / 8
    code: `${head}shares = m.addVars(["A", "B", "C"], vtype=GRB.INTEGER, name="shares")
price = {"A": 50, "B": 120, "C": 80}
gain = {"A": 6, "B": 18, "C": 11}
risk = {"A": 3, "B": 8, "C": 5.5}
ratio = m.addVar(ub=100, name="ratio")
m.addConstr(gp.quicksum(price[k] * shares[k] for k in price) <= 6000)
m.addConstr(gp.quicksum(price[k] * shares[k] for k in price) >= 2400)
m.addConstr(ratio * gp.quicksum(risk[k] * shares[k] for k in price) == gp.quicksum(gain[k] * shares[k] for k in price))
m.setObjective(ratio, GRB.MAXIMIZE)
m.optimize()`,
  },
  {
    name: 'the lowest cost a kilowatt hour of panels and turbines',
    optimum: 3, // turbines alone: 1200 / 400
    code: `${head}panels = m.addVar(vtype="I", ub=200, name="panels")
turbines = m.addVar(vtype="I", ub=30, name="turbines")
unit = m.addVar(lb=0, ub=100, name="unit_cost")
cost = 700 * panels + 1200 * turbines
energy = 150 * panels + 400 * turbines
m.addConstr(energy >= 6000)
m.addConstr(cost <= 60000)
m.addConstr(unit * energy >= cost)
m.setObjective(unit)
m.optimize()`,
  },
  {
    name: 'vans of three kinds and as many trips for each van of a kind',
    optimum: mostOfVans(),
    code: `${head}profit, cost, most = [40, 44, 50], [30, 32, 45], [6, 5, 3]
vans = m.addVars(3, vtype="I", ub=10, name="vans")
trips = m.addVars(3, vtype="I", name="trips")
for i in range(3):
    trips[i].UB = most[i]
m.addConstr(vans.sum() <= 10)
m.addConstr(gp.quicksum(cost[i] * vans[i] * trips[i] for i in range(3)) <= 1400)
m.addConstr(gp.quicksum(vans[i] * trips[i] for i in range(3)) <= 41)
m.setObjective(gp.quicksum(profit[i] * vans[i] * trips[i] for i in range(3)), GRB.MAXIMIZE)
m.optimize()`,
  },
  {
    name: 'units and the money for machines that make each unit dearer to sell',
    optimum: 40_000, // all 500 hours and all 2000 dollars on one product: 200 * (100 + 0.05 * 2000)
    code: `${head}a, b = m.addVar(vtype="I", ub=200, name="a"), m.addVar(vtype="I", ub=300, name="b")
ra, rb = m.addVar(ub=2000, name="machines_a"), m.addVar(ub=2000, name="machines_b")
m.addConstr(2.5 * a + 4 * b <= 500, "hours")
m.addConstr(ra + rb <= 2000, "money")
m.setObjective((100 + 0.05 * ra) * a + (120 + 0.04 * rb) * b, GRB.MAXIMIZE)
m.optimize()`,
  },
  {
    name: 'a portfolio of least variance that returns 7.5 percent',
    optimum: 1 / (25 + 100 / 9 + 400 / 9), // weights go as 1 / variance, and return more than is asked
    code: `${head}variance = [0.04, 0.09, 0.0225]
returns = [0.06, 0.12, 0.08]
w = m.addVars(3, ub=1, name="w")
m.addConstr(w.sum() == 1)
m.addConstr(gp.quicksum(returns[i] * w[i] for i in range(3)) >= 0.075)
m.setObjective(gp.quicksum(variance[i] * w[i] ** 2 for i in range(3)))
m.optimize()`,
  },
  {
    name: 'the point of a pond bank y >= x^2 that is nearest to (3, 0)',
    optimum: 5, // (1, 1): squared distance 4 + 1
    code: `${head}x, y = m.addVar(lb=0, ub=5, name="x"), m.addVar(lb=0, ub=25, name="y")
m.addConstr(y >= x * x, "bank")
m.addConstr(x <= 4)
m.setObjective((x - 3) * (x - 3) + y * y)
m.optimize()`,
  },
  {
    name: 'the largest cylinder inside a sphere of radius 3',
    optimum: (4 * Math.PI * 27) / (3 * Math.sqrt(3)),
    code: `import math
${head}r2 = m.addVar(ub=9, name="radius_squared")
h = m.addVar(ub=6, name="height")
m.addConstr(r2 + 0.25 * h * h <= 9, "inside")
m.addConstr(h <= 6)
m.setObjective(math.pi * r2 * h, GRB.MAXIMIZE)
m.optimize()`,
  },
  {
    name: 'the price and quantity of two teas whose prices fall as more is sold',
    optimum: 2299, // (64.5, 3.5), where 3 (60 - 0.8 a) = 28 - 0.8 b on the shared 75 kg
    code: `${head}q = m.addVars(2, ub=200, name="kg")
price = m.addVars(2, ub=100, name="price")
m.addConstr(price[0] == 60 - 0.4 * q[0])
m.addConstr(price[1] == 28 - 0.4 * q[1])
m.addConstr(q[0] + 3 * q[1] <= 75)
m.setObjective(gp.quicksum(price[i] * q[i] for i in range(2)), GRB.MAXIMIZE)
m.optimize()`,
  },
];
