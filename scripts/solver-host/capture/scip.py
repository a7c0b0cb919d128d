"""pyscipopt: `Model.optimize` and its variants hand the model to the recorder."""

from recorder import linear, product_row, quadratic, replace_method

# Parts that add constraints or columns while SCIP solves: a model with one is more than its constraints say.
PLUGINS = ("includeConshdlr", "includePricer", "includeBenders", "includeBendersDefaultCuts")
NOTED = ("limits/time", "limits/gap", "limits/absgap", "limits/nodes", "limits/solutions", "limits/totalnodes", "numerics/feastol")


# Solved once before the first fork, so that children find bound symbols and ready tables instead of making their own.
WARM_UP = """\
from pyscipopt import Model, quicksum
m = Model()
x = m.addVar("x", vtype="I")
y = [m.addVar(ub=3) for _ in range(2)]
m.setObjective(quicksum(y) + 2 * x, "maximize")
m.addCons(3 * x + y[0] - y[1] <= 7.5)
m.addCons(x + y[0] + y[1] <= 4)
m.optimize()
print(m.getObjVal(), m.getVal(x))
"""


def load(recorder):
    import pyscipopt

    extended = set()

    def with_record(original):
        def optimize(self, *arguments, **keywords):
            return recorder.solve(
                lambda: None if id(self) in extended else export(self),
                lambda: (tune(self, recorder), original(self, *arguments, **keywords))[1],
                lambda: read(self),
            )

        return optimize

    def with_mark(original):
        def include(self, *arguments, **keywords):
            extended.add(id(self))
            return original(self, *arguments, **keywords)

        return include

    for name in ("optimize", "optimizeNogil", "solveConcurrent"):
        replace_method(pyscipopt.Model, name, with_record)
    for name in PLUGINS:
        if hasattr(pyscipopt.Model, name):
            replace_method(pyscipopt.Model, name, with_mark)
    model = pyscipopt.Model()
    version = f"{model.version()}"
    major = f"{pyscipopt.Model().getMajorVersion()}.{model.getMinorVersion()}.{model.getTechVersion()}" if hasattr(model, "getMajorVersion") else version
    return {"library": f"PySCIPOpt {pyscipopt.__version__}", "solver": f"SCIP {major}", "licence": "free", "backend": "scip"}


def tune(model, recorder):
    defaults = {"limits/time": 1e20, "limits/gap": 0.0, "limits/absgap": 0.0, "limits/nodes": -1, "limits/solutions": -1,
                "limits/totalnodes": -1, "numerics/feastol": 1e-6}  # fmt: skip
    for name in NOTED:
        current = model.getParam(name)
        if current != defaults[name]:
            recorder.honour(name, current)
    if model.getParam("limits/time") > recorder.remaining():
        model.setParam("limits/time", recorder.remaining())


def export(model):
    variables = model.getVars()
    constraints = model.getConss()
    kinds = [variable.vtype() for variable in variables]
    if any(kind not in ("CONTINUOUS", "INTEGER", "BINARY") for kind in kinds):
        return None
    constraints, with_products = _sorted(model, constraints)
    if constraints is None:
        return None
    place = {variable.name: j for j, variable in enumerate(variables)}
    if len(place) != len(variables):
        return _with_products(model, variables, with_products, _by_index(model, variables, constraints, kinds))
    starts, columns, coefficients, lower, upper = [0], [], [], [], []
    for constraint in constraints:
        for name, value in model.getValsLinear(constraint).items():
            columns.append(place[name])
            coefficients.append(value)
        starts.append(len(columns))
        lower.append(model.getLhs(constraint))
        upper.append(model.getRhs(constraint))
    captured = _linear(model, variables, constraints, kinds, starts, columns, coefficients, lower, upper)
    return _with_products(model, variables, with_products, captured)


def _sorted(model, constraints):
    """(linear ones, quadratic ones), or (None, None) where one is neither."""
    plain, with_products = [], []
    for constraint in constraints:
        handler = constraint.getConshdlrName()
        if handler == "linear":
            plain.append(constraint)
        elif handler == "nonlinear" and model.checkQuadraticNonlinear(constraint):
            with_products.append(constraint)
        else:
            return None, None
    return plain, with_products


def _with_products(model, variables, constraints, captured):
    if not constraints:
        return captured
    place = {variable.getIndex(): j for j, variable in enumerate(variables)}

    def row(constraint):
        pairs, squares, singles = model.getTermsQuadratic(constraint)
        at = lambda variable: place[variable.getIndex()]  # noqa: E731
        terms = [(at(x), a) for x, a in singles] + [(at(x), a) for x, _, a in squares if a != 0]
        products = [(at(x), at(y), a) for x, y, a in pairs] + [(at(x), at(x), a) for x, a, _ in squares if a != 0]
        return product_row(constraint.name, model.getLhs(constraint), model.getRhs(constraint), terms, products)

    return quadratic(captured, products=[], rows=[row(constraint) for constraint in constraints])


def _by_index(model, variables, constraints, kinds):
    """Names that repeat: coefficients are asked for by variable."""
    place = {variable.getIndex(): j for j, variable in enumerate(variables)}
    starts, columns, coefficients, lower, upper = [0], [], [], [], []
    for constraint in constraints:
        for variable, value in zip(model.getConsVars(constraint), model.getConsVals(constraint)):
            columns.append(place[variable.getIndex()])
            coefficients.append(value)
        starts.append(len(columns))
        lower.append(model.getLhs(constraint))
        upper.append(model.getRhs(constraint))
    return _linear(model, variables, constraints, kinds, starts, columns, coefficients, lower, upper)


def _linear(model, variables, constraints, kinds, starts, columns, coefficients, lower, upper):
    return linear(
        sense="max" if model.getObjectiveSense() == "maximize" else "min",
        offset=model.getObjoffset(),
        names=[variable.name for variable in variables],
        lower=[variable.getLbOriginal() for variable in variables],
        upper=[variable.getUbOriginal() for variable in variables],
        integer=[kind != "CONTINUOUS" for kind in kinds],
        cost=[variable.getObj() for variable in variables],
        row_names=[constraint.name for constraint in constraints],
        row_lower=lower,
        row_upper=upper,
        starts=starts,
        columns=columns,
        coefficients=coefficients,
    )


STATUS = {"optimal": "optimal", "infeasible": "infeasible", "unbounded": "unbounded", "inforunbd": "infeasible_or_unbounded"}
BUDGETS = {"timelimit", "gaplimit", "nodelimit", "totalnodelimit", "stallnodelimit", "sollimit", "bestsollimit", "memlimit",
           "restartlimit", "userinterrupt", "primallimit", "duallimit"}  # fmt: skip


def read(model):
    status = model.getStatus()
    status = STATUS.get(status, "time_limit" if status in BUDGETS else "error")
    if model.getNSols() == 0 or status in ("infeasible", "unbounded", "infeasible_or_unbounded"):
        return status, None, None
    best = model.getBestSol()
    return status, model.getObjVal(), {variable.name: best[variable] for variable in model.getVars()}


def unread(error):
    return isinstance(error, Warning) and "solution" in str(error)
