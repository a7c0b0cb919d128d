"""coptpy: `Model.solve` and `Model.solveLP` hand the model to the recorder."""

import os

from recorder import linear, product_row, quadratic, replace_method, sides

DEFAULTS = {"RelGap": 0.0, "Threads": 1}
NOTED = ("TimeLimit", "RelGap", "AbsGap", "Threads", "NodeLimit", "SolTimeLimit", "Presolve", "LpMethod", "FeasTol", "IntTol")
# Attributes that are zero unless a model is more than quadratic.
BEYOND_QUADRATIC = ("haspsdobj", "hasnlobj", "soss", "indicators", "cones", "expcones", "affinecones", "psdcols",
                 "psdconstrs", "lmiconstrs", "nlconstrs", "multiobjs")  # fmt: skip


# Solved once before the first fork, so that children find bound symbols and ready tables instead of making their own.
WARM_UP = """\
import coptpy as cp
m = cp.Envr().createModel("warm")
x = m.addVar(vtype=cp.COPT.INTEGER, name="x")
y = m.addVars(2, ub=3)
m.setObjective(cp.quicksum(y[i] for i in range(2)) + 2 * x, sense=cp.COPT.MAXIMIZE)
m.addConstr(3 * x + y[0] - y[1] <= 7.5, name="c")
m.addConstr(x + y[0] + y[1] <= 4)
m.solve()
print(m.objval, x.x)
"""


def load(recorder):
    import coptpy
    from coptpy import COPT

    try:
        coptpy.Envr()
        licence = "size-limited (2000 variables, 2000 constraints)" if not _has_licence_file() else "full"
    except coptpy.CoptError as error:
        licence = f"refused: {error}"

    def with_record(relaxed):
        def make(original):
            def solve(self, *arguments, **keywords):
                return recorder.solve(
                    lambda: export(self, COPT, relaxed),
                    lambda: (tune(self, recorder), original(self, *arguments, **keywords))[1],
                    lambda: read(self, COPT, relaxed),
                    refused=refused,
                )

            return solve

        return make

    replace_method(coptpy.Model, "solve", with_record(False))
    replace_method(coptpy.Model, "solveLP", with_record(True))
    version = f"{COPT.VERSION_MAJOR}.{COPT.VERSION_MINOR}.{COPT.VERSION_TECHNICAL}"
    return {"library": f"coptpy {version}", "solver": f"COPT {version}", "licence": licence, "backend": "copt"}


def _has_licence_file():
    folders = [os.environ.get("COPT_LICENSE_DIR", ""), os.path.join(os.environ.get("HOME", ""), "copt")]
    return any(folder and os.path.exists(os.path.join(folder, "license.dat")) for folder in folders)


def tune(model, recorder):
    for name in NOTED:
        try:
            _, current, default, _, _ = model.getParamInfo(name)
        except Exception:  # a parameter that this version does not have
            continue
        if current != default:
            recorder.honour(name, current)
        elif name in DEFAULTS:
            model.setParam(name, DEFAULTS[name])
    if model.getParam("TimeLimit") > recorder.remaining():
        model.setParam("TimeLimit", recorder.remaining())


def export(model, COPT, relaxed):
    if any(getattr(model, name, 0) for name in BEYOND_QUADRATIC):
        return None
    variables, constraints = model.getVars(), model.getConstrs()
    types = [variable.vtype for variable in variables] if model.ismip else []
    if any(kind in "SN" for kind in types):
        return None
    starts, columns, coefficients = [0], [], []
    for constraint in constraints:
        row = model.getRow(constraint)
        for k in range(row.getSize()):
            columns.append(row.getVar(k).index)
            coefficients.append(row.getCoeff(k))
        starts.append(len(columns))
    info = lambda name, of: model.getInfo(name, of) if len(of) else []  # noqa: E731
    captured = linear(
        sense="max" if model.objsense == COPT.MAXIMIZE else "min",
        offset=model.objconst,
        names=[variable.name for variable in variables],
        lower=info("LB", variables),
        upper=info("UB", variables),
        integer=[not relaxed and kind != "C" for kind in types] or [False] * len(variables),
        cost=info("Obj", variables),
        row_names=[constraint.name for constraint in constraints],
        row_lower=info("LB", constraints),
        row_upper=info("UB", constraints),
        starts=starts,
        columns=columns,
        coefficients=coefficients,
    )
    if not model.hasqobj and not model.qconstrs:
        return captured
    return quadratic(
        captured,
        products=_products(model.getObjective()) if model.hasqobj else [],
        rows=[_product_row(model, constraint, COPT) for constraint in model.getQConstrs()],
    )


def _products(expression):
    return [(expression.getVar1(k).index, expression.getVar2(k).index, expression.getCoeff(k)) for k in range(expression.getSize())]


def _product_row(model, constraint, COPT):
    row = model.getQuadRow(constraint)
    terms = row.getLinExpr()
    kind = {COPT.LESS_EQUAL: "<", COPT.GREATER_EQUAL: ">", COPT.EQUAL: "="}[constraint.getSense()]
    lower, upper = sides(kind, constraint.getRhs() - terms.getConstant())
    return product_row(
        constraint.getName(), lower, upper, [(terms.getVar(k).index, terms.getCoeff(k)) for k in range(terms.getSize())], _products(row)
    )


def read(model, COPT, relaxed):
    names = {
        COPT.OPTIMAL: "optimal", COPT.INFEASIBLE: "infeasible", COPT.UNBOUNDED: "unbounded",
        COPT.INF_OR_UNB: "infeasible_or_unbounded", COPT.IMPRECISE: "feasible", COPT.LOCAL_OPTIMAL: "feasible",
        COPT.NODELIMIT: "time_limit", COPT.TIMEOUT: "time_limit", COPT.ITERLIMIT: "time_limit", COPT.INTERRUPTED: "time_limit",
    }  # fmt: skip
    status = names.get(model.lpstatus if relaxed else model.status, "error")
    has_point = model.haslpsol if relaxed or not model.ismip else model.hasmipsol
    if not has_point or status in ("infeasible", "unbounded", "infeasible_or_unbounded"):
        return status, None, None
    variables = model.getVars()
    return status, model.lpobjval if relaxed else model.objval, {v.name: v.x for v in variables}


def refused(error):
    # Its code for a licence that does not allow the model is 4; the text says `(LICENSE)`.
    return f"COPT: {error}" if "license" in str(error).lower() else None


def unread(error):
    return type(error).__name__ == "CoptError" and "(INVALID) Fail" in str(error)
