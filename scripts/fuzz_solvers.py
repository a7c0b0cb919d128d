"""The side of scripts/fuzz-solvers.mjs that runs highspy: one model a line of JSON on stdin, one answer a line on stdout.

Each model is solved with presolve and without it. A model is what `Solvers.ask` in scripts/fuzz-solvers/solvers.mjs writes; an
infinite bound is null.
"""

import json
import os
import sys

import highspy
import numpy as np

TIME_LIMIT_S = 0.5
STATUSES = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible_or_unbounded",
    highspy.HighsModelStatus.kTimeLimit: "time_limit",
}


def highs_lp(model: dict) -> highspy.HighsLp:
    """The model as highspy takes it."""
    infinity = highspy.kHighsInf
    lp = highspy.HighsLp()
    lp.num_col_ = len(model["cost"])
    lp.num_row_ = len(model["rowLower"])
    lp.sense_ = highspy.ObjSense.kMaximize if model["sense"] == "max" else highspy.ObjSense.kMinimize
    lp.offset_ = model["offset"]
    lp.col_cost_ = np.array(model["cost"], dtype=np.double)
    for name, open_side in (("colLower", -infinity), ("colUpper", infinity), ("rowLower", -infinity), ("rowUpper", infinity)):
        sides = np.array([open_side if side is None else side for side in model[name]], dtype=np.double)
        setattr(lp, {"colLower": "col_lower_", "colUpper": "col_upper_", "rowLower": "row_lower_", "rowUpper": "row_upper_"}[name], sides)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(model["starts"], dtype=np.int32)
    lp.a_matrix_.index_ = np.array(model["indices"], dtype=np.int32)
    lp.a_matrix_.value_ = np.array(model["values"], dtype=np.double)
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in model["integer"]]
    return lp


def answer(lp: highspy.HighsLp, presolve: str) -> dict:
    """Status, and the point where there is one."""
    # A solver of its own for each: the clock that the time limit is compared with runs on over the solves of one.
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("time_limit", TIME_LIMIT_S)
    highs.setOptionValue("presolve", presolve)
    highs.passModel(lp)
    highs.run()
    status = STATUSES.get(highs.getModelStatus(), "error")
    values = list(highs.getSolution().col_value) if status in ("optimal", "time_limit") else []
    has_point = len(values) == lp.num_col_ and all(abs(value) < 1e20 for value in values)
    return {"status": status, "values": values if has_point else None}


def main() -> None:
    # HiGHS greets on file descriptor 1 before it can be told to be silent.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    print(json.dumps({"version": highspy.Highs().version()}), file=answers, flush=True)
    for line in sys.stdin:
        lp = highs_lp(json.loads(line))
        print(json.dumps([answer(lp, presolve) for presolve in ("choose", "off")]), file=answers, flush=True)


main()
