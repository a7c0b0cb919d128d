"""CP-SAT: `CpSolver.solve` hands the model to the recorder, as a linear model where it is one.

Variables of CP-SAT are whole numbers with bounds, so a constraint under a condition is linear too: the side that does not hold is
moved out of reach by as much as the bounds allow. `AllDifferent`, products, intervals and the like are not linear.
"""

from recorder import linear, replace_method

# Two names of one setting, old and new; CP-SAT calls a model invalid when both are set.
WORKERS = ("num_workers", "num_search_workers")
ANY = (-(1 << 62), 1 << 62)  # sides beyond these bind nothing


def install(recorder, cp_model):
    def with_record(original):
        def solve(self, model, *arguments, **keywords):
            if recorder.running:  # Solve calls solve
                return original(self, model, *arguments, **keywords)

            def run():
                parameters = self.parameters
                asked = parameters.max_time_in_seconds
                if asked != float("inf"):
                    recorder.honour("max_time_in_seconds", asked)
                parameters.max_time_in_seconds = min(asked, recorder.remaining())
                workers = {name: getattr(parameters, name) for name in WORKERS if getattr(parameters, name)}
                for name, count in workers.items():
                    recorder.honour(name, count)
                if not workers:
                    parameters.num_workers = 1
                try:
                    run.status = original(self, model, *arguments, **keywords)
                finally:
                    parameters.max_time_in_seconds = asked
                    if not workers:
                        parameters.clear_num_workers()
                return run.status

            def read():
                status = status_of.get(int(run.status), "error")
                if int(run.status) not in (int(cp_model.OPTIMAL), int(cp_model.FEASIBLE)):
                    return status, None, None
                values = list(self.response_proto.solution)
                named = {v.name or f"x{j}": value for j, (v, value) in enumerate(zip(model.proto.variables, values))}
                return status, self.objective_value, named

            return recorder.solve(lambda: export(model.proto), run, read)

        return solve

    status_of = {int(cp_model.OPTIMAL): "optimal", int(cp_model.FEASIBLE): "time_limit", int(cp_model.INFEASIBLE): "infeasible",
                 int(cp_model.UNKNOWN): "time_limit", int(cp_model.MODEL_INVALID): "error"}  # fmt: skip
    replace_method(cp_model.CpSolver, "solve", with_record)
    replace_method(cp_model.CpSolver, "Solve", with_record)


class NotLinear(Exception):
    pass


def export(proto):
    try:
        return _export(proto)
    except NotLinear:
        return None


def _export(proto):
    variables = proto.variables
    domains = [list(v.domain) for v in variables]
    restricted = proto.has_objective() and len(proto.objective.domain) > 0
    if any(len(domain) != 2 for domain in domains) or restricted or len(proto.assumptions) > 0:
        return None
    lower, upper = [d[0] for d in domains], [d[1] for d in domains]
    rows = []
    for constraint in proto.constraints:
        conditions = list(constraint.enforcement_literal)
        for terms, low, high in _sides(constraint):
            rows.extend(_conditioned(terms, low, high, conditions, lower, upper))
    cost, offset, sense = [0.0] * len(variables), 0.0, "min"
    if proto.has_floating_point_objective():
        objective = proto.floating_point_objective
        sense, offset = ("max" if objective.maximize else "min"), objective.offset
        for j, value in zip(objective.vars, objective.coeffs):
            _add_cost(cost, j, value)
    elif proto.has_objective():
        objective = proto.objective
        scale = objective.scaling_factor or 1.0
        sense, offset = ("max" if scale < 0 else "min"), scale * objective.offset
        for j, value in zip(objective.vars, objective.coeffs):
            offset += _add_cost(cost, j, scale * value)
    starts, columns, coefficients = [0], [], []
    for terms, _, _ in rows:
        columns.extend(terms)
        coefficients.extend(terms.values())
        starts.append(len(columns))
    return linear(
        sense=sense,
        offset=offset,
        names=[v.name or f"x{j}" for j, v in enumerate(variables)],
        lower=lower,
        upper=upper,
        integer=[True] * len(variables),
        cost=cost,
        row_names=[f"r{i}" for i in range(len(rows))],
        row_lower=[-1e30 if low is None else low for _, low, _ in rows],
        row_upper=[1e30 if high is None else high for _, _, high in rows],
        starts=starts,
        columns=columns,
        coefficients=coefficients,
    )


def _add_cost(cost, j, value):
    """A negative index is the complement of a Boolean or the negation of a variable: -1 - j stands for -x_j in an objective."""
    if j >= 0:
        cost[j] += value
    else:
        cost[-1 - j] -= value
    return 0.0


def _sides(constraint):
    """(terms, low, high) of each row that a constraint is; None for a side that it does not have."""
    kind = next((name for name in ("linear", "bool_or", "bool_and", "at_most_one", "exactly_one") if getattr(constraint, f"has_{name}")()), None)
    if kind == "linear":
        row = constraint.linear
        domain = list(row.domain)
        if len(domain) != 2:
            raise NotLinear
        low, high = (None if domain[0] <= ANY[0] else domain[0]), (None if domain[1] >= ANY[1] else domain[1])
        terms = {}
        for j, value in zip(row.vars, row.coeffs):
            j, value = (j, value) if j >= 0 else (-1 - j, -value)
            terms[j] = terms.get(j, 0) + value
        return [(terms, low, high)]
    if kind == "bool_or":
        return [_literals(constraint.bool_or.literals, 1, None)]
    if kind == "bool_and":
        return [_literals([literal], 1, None) for literal in constraint.bool_and.literals]
    if kind == "at_most_one":
        return [_literals(constraint.at_most_one.literals, None, 1)]
    if kind == "exactly_one":
        return [_literals(constraint.exactly_one.literals, 1, 1)]
    raise NotLinear


def _literals(literals, low, high):
    """A sum of literals between two numbers: `not x` is 1 - x."""
    terms, constant = {}, 0
    for literal in literals:
        if literal >= 0:
            terms[literal] = terms.get(literal, 0) + 1
        else:
            terms[-1 - literal] = terms.get(-1 - literal, 0) - 1
            constant += 1
    return terms, None if low is None else low - constant, None if high is None else high - constant


def _conditioned(terms, low, high, conditions, lower, upper):
    """The row itself, or, under conditions, one row a side that binds only when every condition holds."""
    if not conditions:
        return [(terms, low, high)]
    least = sum(min(a * lower[j], a * upper[j]) for j, a in terms.items())
    most = sum(max(a * lower[j], a * upper[j]) for j, a in terms.items())
    rows = []
    if low is not None and low > least:
        rows.append((*_released(terms, least, low - least, conditions), None))
    if high is not None and high < most:
        row, right = _released(terms, most, high - most, conditions)
        rows.append((row, None, right))
    return rows


def _released(terms, reach, gap, conditions):
    """`terms` against `reach + gap` when every condition holds, and against at most `reach` otherwise: (row, right side)."""
    row, right = dict(terms), reach + gap * (1 - len(conditions))
    for literal in conditions:
        j = literal if literal >= 0 else -1 - literal
        row[j] = row.get(j, 0) - (gap if literal >= 0 else -gap)
        right += 0 if literal >= 0 else gap
    return row, right
