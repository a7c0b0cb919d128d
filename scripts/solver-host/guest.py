"""One program in its child process: read it, lock the jail, run it, write what it showed."""

import builtins
import json
import os
import sys
import traceback
import types

from recorder import SolveLimit

PROGRAM = "program.py"


def run(job, recorder, jail):
    """Never returns. `job`: the fork server's line for this program."""
    status = 1
    try:
        with open(job["input"], encoding="utf-8") as file:
            task = json.load(file)
        result = os.open(job["result"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        _redirect(job)
        _close_but(result, *jail.rulesets[job["slot"] : job["slot"] + 1])
        os.chdir(jail.scratch[job["slot"]])
        for name, text in task.get("files", {}).items():
            _write_beside(name, text)
        recorder.max_solves, recorder.solver_s = job["max_solves"], job["solver_s"]
        jail.enter(job["slot"], job["limits"])
        record = _execute(task["code"], recorder, job.get("program_name", PROGRAM))
        text = json.dumps(record, allow_nan=False, default=_plain).encode()
        os.ftruncate(result, 0)
        os.pwrite(result, text, 0)
        status = 0
    except MemoryError:
        status = 77  # the host reads it as `memory`
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _redirect(job):
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    for path, target in ((job["stdout"], 1), (job["stderr"], 2)):
        out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.dup2(out, target)


def _close_but(*kept):
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 1 << 10)


def _write_beside(name, text):
    if os.path.isabs(name) or ".." in name.split("/"):
        raise ValueError(f"a file of a program must lie beside it, not at {name}")
    if os.path.dirname(name):
        os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def _execute(code, recorder, name):
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __file__=name, report=recorder.report)
    sys.modules["__main__"] = main
    sys.argv = [name]
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]
    error = None
    try:
        exec(compile(code, name, "exec", dont_inherit=True), main.__dict__)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            error = _describe(stop, name, f"exit code {stop.code}")
    except SolveLimit as stop:
        error = {"type": "SolveLimit", "message": str(stop), "line": None}
    except BaseException as raised:
        error = _describe(raised, name, None)
        _print_trace(raised)
    return {
        "error": error,
        "solves": recorder.solves,
        "options": recorder.options,
        "reported": recorder.reported,
        "licence": recorder.licence,
    }


def _describe(error, name, message):
    line = None
    if isinstance(error, SyntaxError) and error.filename == name:
        line = error.lineno
    for frame in traceback.walk_tb(error.__traceback__):
        if frame[0].f_code.co_filename == name:
            line = frame[1]
    kind = type(error).__name__
    is_syntax = isinstance(error, SyntaxError) and error.filename == name
    text = message if message is not None else (error.msg if is_syntax else str(error))
    return {"type": kind, "message": str(text)[:2000], "line": line, "syntax": is_syntax}


def _print_trace(error):
    try:
        traceback.print_exception(error, limit=-8)
    except Exception:
        pass


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass


def _plain(value):
    """Numbers of numpy and the like."""
    return value.item() if hasattr(value, "item") else str(value)
