"""One module a dialect: `load(recorder)` imports the library, replaces its solve and says which versions run."""

import importlib
import sys

MODULES = {
    "gurobipy": "gurobi",
    "coptpy": "copt",
    "ortools": "or_tools",
    "highspy": "highs",
    "pyscipopt": "scip",
    "pulp": "pulp_solver",
    "simulator-python": "no_solver",
    "scip-resolve": "scip_resolve",  # no dialect of programs: the host's own solver of quadratic models
}


def load(dialect, recorder, preload):
    """Returns {"library", "solver", "licence", "backend"}: versions and the licence's state in words.

    `preload`: `core` for the library alone; `all` also for numpy and those parts of the library that bring much with them.
    """
    module = importlib.import_module(f"capture.{MODULES[dialect]}")
    about = module.load(recorder)
    recorder.unread = getattr(module, "unread", recorder.unread)
    if preload == "all":
        for name in ("numpy", *getattr(module, "MORE", ())):
            importlib.import_module(name)
    exec(compile(module.WARM_UP, "warm_up.py", "exec"), {"__name__": "__main__"})
    sys.stdout.flush()  # what is left in the buffer would come out of every child
    recorder.reset()
    return about
