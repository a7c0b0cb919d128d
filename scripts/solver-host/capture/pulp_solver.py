"""PuLP: `LpProblem.solve` hands the model to the recorder.

PuLP starts CBC as a process of its own, which the jail forbids; programs are therefore solved by HiGHS inside this one, whichever
solver they name, with the time limit and gap that they gave to it.
"""

from recorder import linear, replace_method

KEPT = ("timeLimit", "gapRel", "gapAbs", "threads")


# Solved once before the first fork, so that children find bound symbols and ready tables instead of making their own.
WARM_UP = """\
import pulp
m = pulp.LpProblem("warm", pulp.LpMaximize)
x = pulp.LpVariable("x", 0, cat="Integer")
y = [pulp.LpVariable(f"y{i}", 0, 3) for i in range(2)]
m += pulp.lpSum(y) + 2 * x
m += 3 * x + y[0] - y[1] <= 7.5
m += x + y[0] + y[1] <= 4
m.solve()
print(pulp.value(m.objective), x.varValue)
"""


def load(recorder):
    import highspy
    import pulp

    solve = pulp.LpProblem.solve

    def recorded(problem, asked, **keywords):
        def run():
            try:
                return solve(problem, in_process(asked, pulp, recorder), **keywords)
            finally:
                problem.solver = asked  # a program that solves again asks for what it asked for before

        return recorder.solve(lambda: export(problem, pulp), run, lambda: read(problem, pulp))

    def through_problem(_):
        return lambda self, solver=None, **keywords: recorded(self, solver or self.solver or pulp.LpSolverDefault, **keywords)

    def through_solver(original):
        def actual_solve(self, lp, *arguments, **keywords):
            return original(self, lp, *arguments, **keywords) if recorder.running else recorded(lp, self, **keywords)

        return actual_solve

    replace_method(pulp.LpProblem, "solve", through_problem)
    # `sequentialSolve`, and programs themselves, call a solver's own method.
    for kind in _below(pulp.LpSolver):
        if "actualSolve" in vars(kind):
            replace_method(kind, "actualSolve", through_solver)
    highs = highspy.Highs().version()
    return {"library": f"PuLP {pulp.VERSION}", "solver": f"HiGHS {highs}", "licence": "free", "backend": "pulp"}


def _below(kind):
    """The classes that derive from a class, each once."""
    found = {}
    for child in kind.__subclasses__():
        found[child] = True
        found.update(_below(child))
    return found


def in_process(asked, pulp, recorder):
    """HiGHS with the limits of the solver that the program asked for."""
    limits = {}
    for name in KEPT:
        value = getattr(asked, name, None)
        if value is None:
            value = getattr(asked, "optionsDict", {}).get(name)
        if value is not None:
            recorder.honour(name, value)
            limits[name] = value
    limits["timeLimit"] = min(limits.get("timeLimit", recorder.remaining()), recorder.remaining())
    limits.setdefault("gapRel", 0.0)
    limits["threads"] = 1
    relaxed = asked is not None and getattr(asked, "mip", True) is False
    return pulp.HiGHS(msg=False, mip=not relaxed, **limits)


def export(problem, pulp):
    if problem.sos1 or problem.sos2:
        return None
    variables = _variables(problem)
    place = {variable: j for j, variable in enumerate(variables)}
    infinity = 1e30
    starts, columns, coefficients, names, lower, upper = [0], [], [], [], [], []
    for name, constraint in problem._constraints.items() if hasattr(problem, "_constraints") else problem.constraints.items():
        for variable, value in constraint.items():
            columns.append(place[variable])
            coefficients.append(value)
        starts.append(len(columns))
        names.append(name)
        low, high = constraint.getLb(), constraint.getUb()
        lower.append(-infinity if low is None else low)
        upper.append(infinity if high is None else high)
    objective = problem.objective
    return linear(
        sense="max" if problem.sense == pulp.LpMaximize else "min",
        offset=0 if objective is None else objective.constant,
        names=[variable.name for variable in variables],
        lower=[-infinity if v.lowBound is None else v.lowBound for v in variables],
        upper=[infinity if v.upBound is None else v.upBound for v in variables],
        integer=[v.cat == pulp.LpInteger for v in variables],
        cost=[0 if objective is None else objective.get(v, 0) for v in variables],
        row_names=names,
        row_lower=lower,
        row_upper=upper,
        starts=starts,
        columns=columns,
        coefficients=coefficients,
    )


def _variables(problem):
    """Without the one that PuLP adds where there is no objective."""
    return [variable for variable in problem.variables() if variable is not problem.dummyVar]


def read(problem, pulp):
    import highspy

    kinds = highspy.HighsModelStatus
    exact = {kinds.kUnboundedOrInfeasible: "infeasible_or_unbounded", kinds.kTimeLimit: "time_limit", kinds.kIterationLimit: "time_limit",
             kinds.kInterrupt: "time_limit", kinds.kSolutionLimit: "time_limit"}  # fmt: skip
    status = exact.get(problem.solverModel.getModelStatus())
    if status is None:
        status = {pulp.LpStatusOptimal: "optimal", pulp.LpStatusInfeasible: "infeasible", pulp.LpStatusUnbounded: "unbounded"}.get(
            problem.status, "error"
        )
    values = {variable.name: variable.varValue for variable in _variables(problem)}
    if status not in ("optimal", "time_limit") or any(value is None for value in values.values()):
        return status, None, None
    return status, 0 if problem.objective is None else pulp.value(problem.objective), values
