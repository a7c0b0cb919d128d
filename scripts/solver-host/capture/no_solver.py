"""Simulators: functions that say of a given solution what it is worth. They have no solver: an import of one fails as if it were not there.

That is no wall: a program that takes the entry out of `sys.modules` gets its solver back, and its verdict is still compared with the model.
"""

import sys

PACKAGES = ("gurobipy", "coptpy", "ortools", "highspy", "pyscipopt", "pulp", "scipy",
            "gurobipy_pandas", "networkx", "sklearn", "sympy")  # fmt: skip

# What a simulator and the lines that call it need, loaded before the first fork.
WARM_UP = "import json, math\n"


def load(recorder):
    for name in PACKAGES:
        sys.modules[name] = None
    version = sys.version.split()[0]
    return {"library": f"Python {version}", "solver": f"Python {version}", "licence": "free", "backend": "none"}
