"""Solves a captured quadratic model again with SCIP: a job of the host's own, jailed as a program is.

The model comes as `model.json`, the verdict goes out as one line of JSON. The host checks the point itself; of what this says it
believes only the bound, and only beside such a point.
"""

import json

WARM_UP = """\
from pyscipopt import Model
m = Model()
m.hideOutput()
x, y, t = m.addVar("x", ub=3), m.addVar("y", vtype="I", ub=3), m.addVar("t", lb=None)
m.addCons(x * y - t >= 0)
m.addCons(x + y <= 4)
m.setObjective(t, "maximize")
m.optimize()
"""

GAP = 1e-9


def load(_recorder):
    import pyscipopt

    model = pyscipopt.Model()
    version = f"{model.getMajorVersion()}.{model.getMinorVersion()}.{model.getTechVersion()}"
    return {"library": f"PySCIPOpt {pyscipopt.__version__}", "solver": f"SCIP {version}", "licence": "free", "backend": "scip"}


def solve(path="model.json"):
    with open(path, encoding="utf-8") as file:
        task = json.load(file)
    print(json.dumps(_verdict(task)))


def _verdict(task):
    model, variables = _build(task["model"])
    model.setParam("timing/clocktype", 1)  # of the processor: a busy machine is not this model's fault
    model.setParam("limits/time", task["time_s"])
    model.setParam("limits/gap", GAP)
    model.setParam("numerics/feastol", task["feasibility"])
    if task["other_way"]:
        model.setParam("presolving/maxrounds", 0)
        model.setParam("propagating/maxroundsroot", 10)
        model.setParam("randomization/randomseedshift", 7)
        model.setParam("randomization/permutationseed", 7)
    if task["start"] is not None:
        _suggest(model, variables, task["start"])
    model.optimize()
    status = model.getStatus()
    point = None
    if model.getNSols() > 0 and status not in ("infeasible", "unbounded", "inforunbd"):
        best = model.getBestSol()
        point = [best[variable] for variable in variables]
    bound = model.getDualbound()
    return {"status": status, "values": point, "bound": bound if abs(bound) < 1e20 else None, "nodes": model.getNTotalNodes()}


def _build(given):
    from pyscipopt import Model, quicksum
    from pyscipopt.scip import ExprCons

    model = Model()
    model.hideOutput()
    linear = given["linear"]
    variables = [
        model.addVar(f"x{j}", vtype="I" if v["integer"] else "C", lb=v["lower"], ub=v["upper"]) for j, v in enumerate(linear["variables"])
    ]

    def products(terms):
        return [a * (variables[i] * variables[j]) for i, j, a in terms]

    def sides(expression, row):
        model.addCons(ExprCons(expression, lhs=row["lower"], rhs=row["upper"]))

    for row in linear["constraints"]:
        sides(quicksum(a * variables[j] for j, a in zip(row["columns"], row["coefficients"])), row)
    for row in given["rows"]:
        sides(quicksum([a * variables[j] for j, a in zip(row["columns"], row["coefficients"])] + products(row["products"])), row)
    objective = quicksum(v["cost"] * variable for v, variable in zip(linear["variables"], variables) if v["cost"] != 0)
    maximal = linear["sense"] == "max"
    if given["products"]:
        # SCIP takes linear objectives: the products are at most, or at least, a variable of their own.
        worth = model.addVar("worth", lb=None)
        difference = quicksum(products(given["products"])) - worth
        model.addCons(difference >= 0 if maximal else difference <= 0)
        objective = objective + worth
    model.setObjective(objective + linear["offset"], "maximize" if maximal else "minimize")
    return model, variables


def _suggest(model, variables, values):
    start = model.createPartialSol()
    for variable, value in zip(variables, values):
        model.setSolVal(start, variable, value)
    model.addSol(start)
