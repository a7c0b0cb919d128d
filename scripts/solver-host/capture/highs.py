"""highspy: `Highs.run`, and whatever calls it (`solve`, `minimize`, `maximize`), hands the model to the recorder."""

from recorder import linear, quadratic, replace_method

DEFAULTS = {"mip_rel_gap": (1e-4, 0.0), "threads": (0, 1)}
NOTED = ("time_limit", "mip_rel_gap", "mip_abs_gap", "threads", "mip_max_nodes", "presolve", "solver", "random_seed")


# Solved once before the first fork, so that children find bound symbols and ready tables instead of making their own.
WARM_UP = """\
import highspy
h = highspy.Highs()
x = h.addIntegral(name="x")
y = [h.addVariable(ub=3) for _ in range(2)]
h.addConstr(3 * x + y[0] - y[1] <= 7.5)
h.addConstr(x + y[0] + y[1] <= 4)
h.maximize(sum(y) + 2 * x)
print(h.getObjectiveValue(), h.val(x))
del h
highspy._core._Highs.resetThreadScheduler(True)  # a program that sets `threads` makes its own
"""


def load(recorder):
    import highspy

    def with_record(original):
        def run(self, *arguments, **keywords):
            return recorder.solve(
                lambda: export(self, highspy),
                lambda: (tune(self, highspy, recorder), original(self, *arguments, **keywords))[1],
                lambda: read(self, highspy),
            )

        return run

    replace_method(highspy._core._Highs, "run", with_record)
    version = highspy.Highs().version()
    return {"library": f"highspy {version}", "solver": f"HiGHS {version}", "licence": "free", "backend": "highspy"}


def tune(solver, highspy, recorder):
    defaults = highspy.HighsOptions()
    for name in NOTED:
        _, current = solver.getOptionValue(name)
        default = getattr(defaults, name)
        if current != default:
            recorder.honour(name, current)
        elif name in DEFAULTS:
            _quietly(solver, name, DEFAULTS[name][1])
    if solver.getOptionValue("time_limit")[1] > recorder.remaining():
        _quietly(solver, "time_limit", recorder.remaining())


def _quietly(solver, name, value):
    solver.setOptionValue(name, value)


def export(solver, highspy):
    model = solver.getModel()
    lp = model.lp_
    types = lp.integrality_
    plain = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    if any(kind not in plain for kind in types):
        return None
    n, m = lp.num_col_, lp.num_row_
    matrix = lp.a_matrix_
    first, index, value = list(matrix.start_), list(matrix.index_), [float(v) for v in matrix.value_]
    rows = [[] for _ in range(m)]
    if matrix.format_ == highspy.MatrixFormat.kColwise:
        for j in range(n if len(first) > n else 0):
            for k in range(first[j], first[j + 1]):
                rows[index[k]].append((j, value[k]))
    else:
        for i in range(m):
            rows[i] = [(index[k], value[k]) for k in range(first[i], first[i + 1])]
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row))
    names, row_names = list(lp.col_names_), list(lp.row_names_)
    captured = linear(
        sense="max" if lp.sense_ == highspy.ObjSense.kMaximize else "min",
        offset=lp.offset_,
        names=_named(names, n, "x"),
        lower=lp.col_lower_,
        upper=lp.col_upper_,
        integer=[kind == highspy.HighsVarType.kInteger for kind in types] or [False] * n,
        cost=lp.col_cost_,
        row_names=_named(row_names, m, "r"),
        row_lower=lp.row_lower_,
        row_upper=lp.row_upper_,
        starts=starts,
        columns=[int(j) for row in rows for j, _ in row],
        coefficients=[a for row in rows for _, a in row],
    )
    return quadratic(captured, products=_products(model.hessian_, highspy), rows=[]) if model.hessian_.dim_ > 0 else captured


def _products(hessian, highspy):
    """The products of `x' Q x / 2`: a triangle of Q holds each pair once, a square twice."""
    start, index, value = list(hessian.start_), list(hessian.index_), list(hessian.value_)
    halved = hessian.format_ == highspy.HessianFormat.kSquare
    return [
        (index[k], j, value[k] / 2 if halved or index[k] == j else value[k])
        for j in range(hessian.dim_)
        for k in range(start[j], start[j + 1])
    ]


def _named(names, count, letter):
    """HiGHS keeps no names where none were given."""
    return [names[i] if i < len(names) and names[i] else f"{letter}{i}" for i in range(count)]


STATUS = {
    "kOptimal": "optimal", "kInfeasible": "infeasible", "kUnbounded": "unbounded", "kUnboundedOrInfeasible": "infeasible_or_unbounded",
    "kTimeLimit": "time_limit", "kIterationLimit": "time_limit", "kSolutionLimit": "time_limit", "kInterrupt": "time_limit",
    "kHighsInterrupt": "time_limit", "kObjectiveBound": "time_limit", "kObjectiveTarget": "time_limit", "kUnknown": "feasible",
}  # fmt: skip


def read(solver, highspy):
    status = STATUS.get(solver.getModelStatus().name, "error")
    solution = solver.getSolution()
    if not solution.value_valid or status in ("infeasible", "unbounded", "infeasible_or_unbounded"):
        return status, None, None
    lp = solver.getLp()
    names = _named(list(lp.col_names_), lp.num_col_, "x")
    return status, solver.getInfo().objective_function_value, dict(zip(names, solution.col_value))
