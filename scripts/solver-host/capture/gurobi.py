"""gurobipy: `Model.optimize` hands the model to the recorder."""

import io
import os
from contextlib import redirect_stdout

from recorder import linear, product_row, quadratic, replace_method, sides

# What the program may set; anything it leaves alone gets the value here, so that a solve proves its optimum and repeats.
DEFAULTS = {"MIPGap": 0.0, "Threads": 1, "Seed": 0}
NOTED = ("TimeLimit", "MIPGap", "MIPGapAbs", "Threads", "Seed", "SolutionLimit", "NodeLimit", "IterationLimit", "Presolve", "Method",
         "MIPFocus", "NonConvex", "FeasibilityTol", "IntFeasTol", "OptimalityTol", "DualReductions", "LazyConstraints")  # fmt: skip
LICENCE_ERRORS = {10009: "no licence", 10010: "the model is larger than the size-limited licence allows", 10011: "the licence is in use"}


# Solved once before the first fork, so that children find bound symbols and ready tables instead of making their own.
WARM_UP = """\
import gurobipy as gp
m = gp.Model()
x = m.addVar(vtype="I", name="x")
y = m.addVars(2, ub=3)
m.setObjective(gp.quicksum(y[i] for i in range(2)) + 2 * x, gp.GRB.MAXIMIZE)
m.addConstr(3 * x + y[0] - y[1] <= 7.5, "c")
m.addConstr(x + y[0] + y[1] <= 4)
m.optimize()
print(m.ObjVal, x.X)
"""


def load(recorder):
    import gurobipy as gp

    said = io.StringIO()
    with redirect_stdout(said):
        try:
            gp.Model().dispose()  # opens the default environment, which every program then shares
            licence = "full"
            if "Restricted license" in said.getvalue() or not (os.environ.get("GRB_LICENSE_FILE") or os.path.exists("/opt/gurobi/gurobi.lic")):
                licence = "size-limited (2000 variables, 2000 constraints)"
        except gp.GurobiError as error:
            licence = f"refused: {error}"

    def with_record(original):
        def optimize(self, *arguments, **keywords):
            return recorder.solve(
                lambda: export(self),
                lambda: (tune(self, recorder), original(self, *arguments, **keywords))[1],
                lambda: read(self),
                refused=refused,
            )

        return optimize

    replace_method(gp.Model, "optimize", with_record)
    recorded = gp.Model.optimize
    # A model that is being solved in the background can neither be read nor be given parameters: it is solved at once.
    replace_method(gp.Model, "optimizeAsync", lambda _: lambda self, *arguments, **keywords: recorded(self, *arguments, **keywords))
    version = ".".join(map(str, gp.gurobi.version()))
    return {"library": f"gurobipy {version}", "solver": f"Gurobi {version}", "licence": licence, "backend": "gurobi"}


def tune(model, recorder):
    for name in NOTED:
        _, _, current, _, _, default = model.getParamInfo(name)
        if current != default:
            recorder.honour(name, current)
        elif name in DEFAULTS and default != DEFAULTS[name]:
            model.setParam(name, DEFAULTS[name]) if model.Params.OutputFlag == 0 else _quietly(model, name, DEFAULTS[name])
    if model.Params.TimeLimit > recorder.remaining():
        _quietly(model, "TimeLimit", recorder.remaining())


def _quietly(model, name, value):
    """Sets a parameter without the line that Gurobi prints about it."""
    output = model.Params.OutputFlag
    if output:
        with redirect_stdout(io.StringIO()):
            model.setParam(name, value)
    else:
        model.setParam(name, value)


def export(model):
    model.update()
    attribute = model.getAttr
    special = any(attribute(name) > 0 for name in ("NumSOS", "NumGenConstrs", "NumPWLObjVars"))
    if special or attribute("NumObj") > 1 or model.Params.LazyConstraints:
        return None
    variables, constraints = model.getVars(), model.getConstrs()
    types = attribute("VType", variables)
    if any(kind in "SN" for kind in types):
        return None
    starts, columns, coefficients, rows = [0], [], [], []
    for constraint, kind, right in zip(constraints, attribute("Sense", constraints), attribute("RHS", constraints)):
        row = model.getRow(constraint)
        for k in range(row.size()):
            columns.append(row.getVar(k).index)
            coefficients.append(row.getCoeff(k))
        starts.append(len(columns))
        rows.append(sides(kind, right))
    captured = linear(
        sense="max" if attribute("ModelSense") < 0 else "min",
        offset=attribute("ObjCon"),
        names=attribute("VarName", variables),
        lower=attribute("LB", variables),
        upper=attribute("UB", variables),
        integer=[kind != "C" for kind in types],
        cost=attribute("Obj", variables),
        row_names=attribute("ConstrName", constraints),
        row_lower=[lower for lower, _ in rows],
        row_upper=[upper for _, upper in rows],
        starts=starts,
        columns=columns,
        coefficients=coefficients,
    )
    # IsQP is 0 for a quadratic objective beside quadratic rows.
    if not attribute("NumQNZs") and not attribute("NumQConstrs"):
        return captured
    return quadratic(
        captured,
        products=_products(model.getObjective()) if attribute("NumQNZs") else [],
        rows=[_product_row(model, constraint) for constraint in model.getQConstrs()],
    )


def _products(expression):
    return [(expression.getVar1(k).index, expression.getVar2(k).index, expression.getCoeff(k)) for k in range(expression.size())]


def _product_row(model, constraint):
    row = model.getQCRow(constraint)
    terms = row.getLinExpr()
    lower, upper = sides(constraint.QCSense, constraint.QCRHS - terms.getConstant())
    return product_row(
        constraint.QCName, lower, upper, [(terms.getVar(k).index, terms.getCoeff(k)) for k in range(terms.size())], _products(row)
    )


STATUS = {2: "optimal", 3: "infeasible", 4: "infeasible_or_unbounded", 5: "unbounded", 13: "feasible", 18: "feasible"}
BUDGETS = {6, 7, 8, 9, 10, 11, 15, 16, 17}


def read(model):
    status = STATUS.get(model.Status, "time_limit" if model.Status in BUDGETS else "error")
    if model.SolCount == 0 or status in ("infeasible", "unbounded", "infeasible_or_unbounded"):
        return status, None, None
    return status, model.ObjVal, dict(zip(model.getAttr("VarName", model.getVars()), model.getAttr("X", model.getVars())))


def refused(error):
    number = getattr(error, "errno", None)
    return f"Gurobi: {LICENCE_ERRORS[number]} ({error})" if number in LICENCE_ERRORS else None


def unread(error):
    """Its message may name another attribute than the one that was asked for, never an unknown one."""
    return str(error).startswith(("Unable to retrieve attribute", "No solution available"))
