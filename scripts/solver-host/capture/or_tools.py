"""OR-Tools: the solves of pywraplp, model_builder, MathOpt and CP-SAT hand their models to the recorder."""

from capture import cp_sat
from capture.on_import import on_import
from recorder import linear, product_row, quadratic, replace_method


# Solved once before the first fork, so that children find bound symbols and ready tables instead of making their own.
WARM_UP = """\
from ortools.linear_solver import pywraplp
for name in ("SCIP", "GLOP"):
    s = pywraplp.Solver.CreateSolver(name)
    x = s.IntVar(0, s.infinity(), "x") if name == "SCIP" else s.NumVar(0, 9, "x")
    y = [s.NumVar(0, 3, f"y{i}") for i in range(2)]
    s.Maximize(sum(y) + 2 * x)
    s.Add(3 * x + y[0] - y[1] <= 7.5)
    s.Add(x + y[0] + y[1] <= 4)
    s.Solve()
    print(s.Objective().Value(), x.solution_value())
"""


# Loaded before programs that may need them. pandas comes with them, and every fork pays for its pages.
MORE = ("ortools.linear_solver.python.model_builder", "ortools.math_opt.python.mathopt", "ortools.sat.python.cp_model")


def load(recorder):
    import ortools

    on_import("ortools.linear_solver.pywraplp", lambda module: _install_wrapper(recorder, module))
    on_import("ortools.linear_solver.python.model_builder", lambda module: _install_builder(recorder, module))
    on_import("ortools.math_opt.python.solve", lambda module: _install_mathopt(recorder, module))
    on_import("ortools.sat.python.cp_model", lambda module: cp_sat.install(recorder, module))
    from ortools.linear_solver import pywraplp  # noqa: F401

    version = ortools.__version__
    return {"library": f"ortools {version}", "solver": f"OR-Tools {version}", "licence": "free", "backend": "ortools"}


def _install_wrapper(recorder, pywraplp):
    replace_method(pywraplp.Solver, "Solve", _wrapper_solve(recorder, pywraplp))


def _install_builder(recorder, model_builder):
    replace_method(model_builder.Solver, "solve", _builder_solve(recorder, model_builder))


def _install_mathopt(recorder, solve):
    record = _mathopt_record(recorder)
    once = solve.solve

    def with_record(opt_model, solver_type, *, params=None, **keywords):
        return record(opt_model, solver_type, params, lambda params: once(opt_model, solver_type, params=params, **keywords))

    def again(original):
        def with_record(self, *, params=None, **keywords):
            return record(self._model, self._solver_type, params, lambda params: original(self, params=params, **keywords))

        return with_record

    solve.solve = with_record  # `mathopt` takes the function from here
    replace_method(solve.IncrementalSolver, "solve", again)


# --- pywraplp ----------------------------------------------------------------------------------------------------------


def _wrapper_solve(recorder, pywraplp):
    from ortools.linear_solver import linear_solver_pb2

    def make(original):
        def solve(self, *arguments):
            def run():
                parameters = arguments[0] if arguments else pywraplp.MPSolverParameters()
                if not arguments:
                    parameters.SetDoubleParam(pywraplp.MPSolverParameters.RELATIVE_MIP_GAP, 0.0)
                # The wrapper does not tell its own time limit: a program's call of SetTimeLimit is noted below.
                asked = getattr(self, "_evom_time_limit_ms", None)
                left = recorder.remaining() * 1000
                if asked is not None:
                    recorder.honour("time_limit_ms", asked)
                set_limit(self, int(min(left, asked if asked else left)))
                return original(self, parameters)

            return recorder.solve(lambda: export(self), run, lambda: read(self))

        return solve

    def export(solver):
        proto = linear_solver_pb2.MPModelProto()
        solver.ExportModelToProto(proto)
        return from_mp_model(proto)

    def read(solver):
        response = linear_solver_pb2.MPSolutionResponse()
        solver.FillSolutionResponseProto(response)
        names = {
            linear_solver_pb2.MPSOLVER_OPTIMAL: "optimal", linear_solver_pb2.MPSOLVER_FEASIBLE: "time_limit",
            linear_solver_pb2.MPSOLVER_INFEASIBLE: "infeasible", linear_solver_pb2.MPSOLVER_UNBOUNDED: "unbounded",
            linear_solver_pb2.MPSOLVER_NOT_SOLVED: "time_limit",
        }  # fmt: skip
        status = names.get(response.status, "error")
        if status not in ("optimal", "time_limit") or not response.variable_value:
            return status, None, None
        return status, response.objective_value, {v.name(): v.solution_value() for v in solver.variables()}

    set_limit = pywraplp.Solver.SetTimeLimit

    def noting_limit(original):
        def set_time_limit(self, milliseconds):
            self._evom_time_limit_ms = int(milliseconds)
            return original(self, milliseconds)

        return set_time_limit

    replace_method(pywraplp.Solver, "SetTimeLimit", noting_limit)
    replace_method(pywraplp.Solver, "set_time_limit", noting_limit)
    return make


def from_mp_model(proto):
    """A model of the wrapper's own exchange format; None when it is more than linear."""
    if proto.general_constraint or proto.HasField("quadratic_objective"):
        return None
    starts, columns, coefficients = [0], [], []
    for row in proto.constraint:
        columns.extend(row.var_index)
        coefficients.extend(row.coefficient)
        starts.append(len(columns))
    return linear(
        sense="max" if proto.maximize else "min",
        offset=proto.objective_offset,
        names=[v.name or f"x{j}" for j, v in enumerate(proto.variable)],
        lower=[v.lower_bound for v in proto.variable],
        upper=[v.upper_bound for v in proto.variable],
        integer=[v.is_integer for v in proto.variable],
        cost=[v.objective_coefficient for v in proto.variable],
        row_names=[row.name for row in proto.constraint],
        row_lower=[row.lower_bound for row in proto.constraint],
        row_upper=[row.upper_bound for row in proto.constraint],
        starts=starts,
        columns=columns,
        coefficients=coefficients,
    )


# --- model_builder -----------------------------------------------------------------------------------------------------


def _builder_solve(recorder, model_builder):
    names = model_builder.SolveStatus
    status_of = {names.OPTIMAL: "optimal", names.FEASIBLE: "time_limit", names.INFEASIBLE: "infeasible", names.UNBOUNDED: "unbounded",
                 names.NOT_SOLVED: "time_limit"}  # fmt: skip

    def make(original):
        def solve(self, model):
            asked = getattr(self, "_evom_time_limit_s", None)

            def run():
                if asked is not None:
                    recorder.honour("time_limit_s", asked)
                set_limit(self, min(asked if asked is not None else recorder.remaining(), recorder.remaining()))
                run.status = original(self, model)
                return run.status

            def read():
                status = status_of.get(run.status, "error")
                if status not in ("optimal", "time_limit"):
                    return status, None, None
                variables = model.get_variables()
                values = {v.name or f"x{j}": self.value(v) for j, v in enumerate(variables)}
                return status, self.objective_value, values

            return recorder.solve(lambda: export(model), run, read)

        return solve

    def export(model):
        return from_mp_model(model.export_to_proto())

    set_limit = model_builder.Solver.set_time_limit_in_seconds

    def noting_limit(original):
        def set_time_limit_in_seconds(self, limit):
            self._evom_time_limit_s = float(limit)
            return original(self, limit)

        return set_time_limit_in_seconds

    replace_method(model_builder.Solver, "set_time_limit_in_seconds", noting_limit)
    return make


# --- MathOpt -----------------------------------------------------------------------------------------------------------


def _mathopt_record(recorder):
    import datetime

    from ortools.math_opt.python.parameters import SolveParameters, SolverType
    from ortools.math_opt.python.result import TerminationReason as reasons

    status_of = {reasons.OPTIMAL: "optimal", reasons.INFEASIBLE: "infeasible", reasons.UNBOUNDED: "unbounded",
                 reasons.INFEASIBLE_OR_UNBOUNDED: "infeasible_or_unbounded", reasons.FEASIBLE: "time_limit",
                 reasons.NO_SOLUTION_FOUND: "time_limit", reasons.IMPRECISE: "feasible"}  # fmt: skip

    def record(opt_model, solver_type, params, solve):
        def run():
            parameters = params or SolveParameters()
            if parameters.time_limit is not None:
                recorder.honour("time_limit_s", parameters.time_limit.total_seconds())
            left = datetime.timedelta(seconds=recorder.remaining())
            kept = parameters.time_limit, parameters.relative_gap_tolerance
            parameters.time_limit = min(parameters.time_limit or left, left)
            if parameters.relative_gap_tolerance is None and solver_type not in (SolverType.GLOP, SolverType.PDLP):
                parameters.relative_gap_tolerance = 0.0
            try:
                run.result = solve(parameters)
            finally:
                parameters.time_limit, parameters.relative_gap_tolerance = kept
            return run.result

        def read():
            result = run.result
            status = status_of.get(result.termination.reason, "error")
            if not result.has_primal_feasible_solution() or status in ("infeasible", "unbounded", "infeasible_or_unbounded"):
                return status, None, None
            values = {v.name or f"x{v.id}": value for v, value in result.variable_values().items()}
            return status, result.objective_value(), values

        return recorder.solve(lambda: export(opt_model), run, read)

    def export(model):
        proto = model.export_model()
        if proto.sos1_constraints or proto.sos2_constraints or proto.indicator_constraints or proto.auxiliary_objectives:
            return None
        if proto.second_order_cone_constraints:
            return None
        place = {identifier: j for j, identifier in enumerate(proto.variables.ids)}
        row_place = {identifier: i for i, identifier in enumerate(proto.linear_constraints.ids)}
        rows = [[] for _ in row_place]
        matrix = proto.linear_constraint_matrix
        for row, column, value in zip(matrix.row_ids, matrix.column_ids, matrix.coefficients):
            rows[row_place[row]].append((place[column], value))
        cost = [0.0] * len(place)
        for identifier, value in zip(proto.objective.linear_coefficients.ids, proto.objective.linear_coefficients.values):
            cost[place[identifier]] = value
        starts = [0]
        for row in rows:
            starts.append(starts[-1] + len(row))
        names = proto.variables.names or [""] * len(place)
        row_names = proto.linear_constraints.names or [""] * len(rows)
        captured = linear(
            sense="max" if proto.objective.maximize else "min",
            offset=proto.objective.offset,
            names=[name or f"x{identifier}" for name, identifier in zip(names, proto.variables.ids)],
            lower=proto.variables.lower_bounds,
            upper=proto.variables.upper_bounds,
            integer=proto.variables.integers,
            cost=cost,
            row_names=row_names,
            row_lower=proto.linear_constraints.lower_bounds,
            row_upper=proto.linear_constraints.upper_bounds,
            starts=starts,
            columns=[j for row in rows for j, _ in row],
            coefficients=[a for row in rows for _, a in row],
        )
        products = proto.objective.quadratic_coefficients
        if not products.row_ids and not proto.quadratic_constraints:
            return captured

        def placed(matrix):
            return [(place[i], place[j], a) for i, j, a in zip(matrix.row_ids, matrix.column_ids, matrix.coefficients)]

        def product_rows():
            for key, row in sorted(proto.quadratic_constraints.items()):
                terms = [(place[j], a) for j, a in zip(row.linear_terms.ids, row.linear_terms.values)]
                yield product_row(row.name or f"q{key}", row.lower_bound, row.upper_bound, terms, placed(row.quadratic_terms))

        return quadratic(captured, products=placed(products), rows=list(product_rows()))

    return record


def unread(error):
    """MathOpt raises; model_builder gives pandas' NA, and the others 0."""
    return isinstance(error, ValueError) and "feasible solution" in str(error)
