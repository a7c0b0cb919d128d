"""What one program hands to its solver: each solve's model as it was, and what the library said of it."""

import ctypes
import gc
import math
import time


class SolveLimit(BaseException):
    """More solves than one program may ask for; no program can catch it by `except Exception`."""


class Recorder:
    """The solves of one program. The fork server makes one; a child fills its own copy."""

    def __init__(self):
        # Whether an error is the library's word that it holds no solution to read; each library's capture says how it speaks.
        self.unread = lambda error: False
        self.reset()

    def reset(self):
        """Forgets everything, for the next program."""
        self.solves = []
        self.options = {}
        self.reported = None
        self.licence = None
        self.max_solves = 64
        self.solver_s = 10.0
        self._spent = 0.0
        self.running = False

    def report(self, value):
        """The program's answer, where it is another number than the objective of its last solve. One that is not finite is none."""
        value = float(value)
        self.reported = value if math.isfinite(value) else None

    def remaining(self):
        """Seconds of solver time that this program has left, at least a moment; our own reading of its models is not counted."""
        return max(0.01, self.solver_s - self._spent)

    def honour(self, name, value):
        """Remembers an option that the program itself set."""
        if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
            self.options[name] = value

    def solve(self, export, run, read, *, refused=None):
        """Runs a library's solve and records it.

        export() -> a model (see `linear` and `quadratic`), or None when it is neither; called before the solve.
        run() -> the library's own return value; its exceptions pass through.
        read() -> (status, objective or None, values or None); called after it.
        refused(error) -> what the licence refused, or None.
        """
        if self.running:
            return run()
        if len(self.solves) >= self.max_solves:
            raise SolveLimit(f"the program asked for more than {self.max_solves} solves")
        self.running = True
        record = {"model": None, "status": "error", "objective": None, "values": None, "ms": 0.0, "fault": None}
        try:
            try:
                record["model"] = export()
            except Exception as error:  # ours, not the program's: the host calls it so
                record["fault"] = f"{type(error).__name__}: {error}"
            begun = time.perf_counter()
            try:
                result = run()
            except Exception as error:
                self.licence = self.licence or (refused(error) if refused else None)
                record["message"] = str(error)
                raise
            finally:
                seconds = time.perf_counter() - begun
                record["ms"] = seconds * 1000
                self._spent += seconds
            try:
                status, objective, values = read()
                record["status"] = status
                record["objective"] = None if objective is None else number(objective)
                record["values"] = None if values is None else {name: number(value) for name, value in values.items()}
            except Exception as error:
                record["fault"] = f"{type(error).__name__}: {error}"
            return result
        finally:
            self.running = False
            self.solves.append(record)


def linear(*, sense, offset, names, lower, upper, integer, cost, row_names, row_lower, row_upper, starts, columns, coefficients):
    """A linear model in the columns that the host reads; an infinite bound is None, and so is a number that is none."""
    return {
        "sense": sense, "offset": number(offset), "names": list(names), "lower": [lower_bound(v) for v in lower],
        "upper": [upper_bound(v) for v in upper], "integer": [1 if i else 0 for i in integer], "cost": [number(c) for c in cost],
        "row_names": list(row_names), "row_lower": [lower_bound(v) for v in row_lower],
        "row_upper": [upper_bound(v) for v in row_upper], "starts": list(starts), "columns": list(columns),
        "coefficients": [number(c) for c in coefficients],
    }  # fmt: skip


def quadratic(model, *, products, rows):
    """A model of `linear` with products of variables beside its linear part.

    products: [(first, second, coefficient)] of the objective, by places of variables; a square has one variable twice.
    rows: constraints with products, as `product_row` makes them.
    """
    return {**model, "quadratic": {"products": _products(products), "rows": rows}}


def product_row(name, lower, upper, linear_terms, products):
    """A constraint `lower <= linear_terms + products <= upper`; linear_terms: [(place, coefficient)]."""
    terms = list(linear_terms)
    return {
        "name": name, "lower": lower_bound(lower), "upper": upper_bound(upper), "columns": [int(j) for j, _ in terms],
        "coefficients": [number(a) for _, a in terms], "products": _products(products),
    }  # fmt: skip


def _products(products):
    return [[int(i), int(j), number(a)] for i, j, a in products]


def number(value):
    """A finite number as JSON can hold it: beyond 1e30 it is 1e30, which no solver takes; NaN is None."""
    value = float(value)
    return None if value != value else min(max(value, -1e30), 1e30)


def lower_bound(value):
    """None for minus infinity, which begins at -1e20 as in most solvers."""
    return None if value <= -1e20 else number(value)


def upper_bound(value):
    return None if value >= 1e20 else number(value)


def sides(kind, right):
    """(lower, upper) of a row `expression kind right` with kind `<`, `>` or `=`."""
    return {"<": (-1e30, right), ">": (right, 1e30), "=": (right, right)}[kind]


def replace_method(owner, name, make):
    """Replaces a method of a class, also of one in C whose attributes Python refuses to set.

    `make(original)` gives the new method. Instances made elsewhere (copies, models read from a file) have it too.
    """
    original = getattr(owner, name)
    method = make(original)
    try:
        setattr(owner, name, method)
    except TypeError:
        # The class's own dictionary, behind the read-only proxy that `__dict__` gives.
        gc.get_referents(owner.__dict__)[0][name] = method
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
    if getattr(owner, name) is not method:
        raise RuntimeError(f"{owner.__name__}.{name} could not be replaced")
