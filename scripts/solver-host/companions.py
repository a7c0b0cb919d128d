"""What published programs import beside their solver: `requirements.txt` installs it, and nothing of it is loaded before a program asks."""

import importlib.util

# By the imports of Gurobi's modeling-examples and gurobi-optimods, of PuLP's and PySCIPOpt's examples and of the CP-SAT primer.
COMPANIONS = ("gurobipy_pandas", "matplotlib", "networkx", "numpy", "openpyxl", "pandas", "plotly", "prettytable", "scipy", "seaborn",
              "sklearn", "sympy", "tabulate", "tqdm")  # fmt: skip


def absent():
    """Those that this environment does not have. Looked for, not imported."""
    return [name for name in COMPANIONS if importlib.util.find_spec(name) is None]
