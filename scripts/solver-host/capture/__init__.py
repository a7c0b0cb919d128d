"""One module a dialect: `load(recorder)` imports the library, replaces its solve and says which versions run."""

import importlib

MODULES = {
    "gurobipy": "gurobi",
    "coptpy": "copt",
    "ortools": "or_tools",
    "highspy": "highs",
    "pyscipopt": "scip",
    "pulp": "pulp_solver",
}


def load(dialect, recorder):
    """Returns {"library", "solver", "licence", "backend"}: versions and the licence's state in words."""
    return importlib.import_module(f"capture.{MODULES[dialect]}").load(recorder)
