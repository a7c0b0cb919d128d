"""One program in its child process: read it, lock the jail, run it, write what it showed."""

import builtins
import json
import opcode
import os
import sys
import tempfile
import traceback
import types

from recorder import SolveLimit

PROGRAM = "program.py"
TEMPORARY = ("/tmp", "/var/tmp")


def run(job, recorder, jail, started):
    """Never returns.

    `job`: the fork server's line for this program. `started`: the end of a pipe that gets a byte once nothing of ours is left to go
    wrong before the program; it is closed before the program runs, which therefore cannot tell a lie there.
    """
    status = 1
    try:
        with open(job["input"], encoding="utf-8") as file:
            task = json.load(file)
        result = os.open(job["result"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        _redirect(job)
        _close_but(result, started, *jail.rulesets[job["slot"] : job["slot"] + 1])
        os.chdir(_home(task, job["slot"], jail))
        _settle_in()
        for name, text in task.get("files", {}).items():
            _write_beside(name, text)
        recorder.max_solves, recorder.solver_s = job["max_solves"], job["solver_s"]
        jail.enter(job["slot"], job["limits"])
        os.write(started, b"1")
        os.close(started)
        record = _execute(task["code"], recorder, PROGRAM)
        _write_record(result, _fitted(record, job["limits"]["file_bytes"]))
        status = 0
    except MemoryError:
        status = 77  # the host reads it as `memory`
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _home(task, slot, jail):
    """The folder that a program begins in: its slot's scratch folder.

    One whose text names /tmp finds the scratch folder there; the others are spared the cost.
    """
    texts = (task["code"], *task.get("files", {}).values())
    folders = [folder for folder in TEMPORARY if os.path.isdir(folder)]
    is_named = any(TEMPORARY[0] in text for text in texts)
    return folders[0] if is_named and folders and jail.cover(slot, folders) else jail.scratch[slot]


def _settle_in():
    """Tells the libraries where files may lie, and that there is no screen."""
    here = os.getcwd()
    os.environ.update(HOME=here, TMPDIR=here, MPLCONFIGDIR=os.path.join(here, ".matplotlib"), MPLBACKEND="Agg")
    tempfile.tempdir = None  # a library may have asked already


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
    with open(name, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)


def _fitted(record, most):
    """The record in at most `most` bytes: where it is larger, the models of earlier solves go; then a record that only says so."""
    text = _encoded(record)
    if len(text) > most:
        for solve in record["solves"][:-1]:
            _drop_model(solve, record["reported"])
        text = _encoded(record)
    if len(text) > most:
        message = f"the models and solutions take {len(text)} bytes; the limit is {most}"
        error = {"type": "RecordTooLarge", "message": message, "line": None}
        text = _encoded({"error": error, "solves": [], "options": {}, "reported": None, "licence": record["licence"]})
    return text


def _drop_model(solve, reported):
    """Keeps of a solve how it ended and how large it was; one whose objective the program reported is kept whole."""
    model, objective = solve["model"], solve["objective"]
    if reported is not None and objective is not None and abs(objective - reported) <= 1e-6 * max(1, abs(reported)):
        return
    if model is not None:
        rows = len(model["row_names"]) + len(model.get("quadratic", {"rows": ()})["rows"])
        sizes = len(model["names"]), sum(model["integer"]), rows
        solve["size"] = dict(zip(("variables", "integers", "constraints"), sizes, strict=True))
    solve["model"] = solve["values"] = None


def _encoded(record):
    return json.dumps(record, allow_nan=False, default=_plain).encode()


def _write_record(result, text):
    os.ftruncate(result, 0)
    at = 0
    while at < len(text):  # a write may end early
        at += os.pwrite(result, text[at:], at)


def _execute(code, recorder, name):
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __file__=name, report=recorder.report)
    sys.modules["__main__"] = main
    sys.argv = [name]
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]
    error = None
    try:
        # Python itself leaves out the byte order mark of a file.
        exec(compile(code.removeprefix("\ufeff"), name, "exec", dont_inherit=True), main.__dict__)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            error = _describe(stop, name, f"exit code {stop.code}", recorder)
    except SolveLimit as stop:
        error = {"type": "SolveLimit", "message": str(stop), "line": None}
    except BaseException as raised:
        error = _describe(raised, name, None, recorder)
        _print_trace(raised)
    return {
        "error": error,
        "solves": recorder.solves,
        "options": recorder.options,
        "reported": recorder.reported,
        "licence": recorder.licence,
    }


def _describe(error, name, message, recorder):
    """An error with its place; `unread` where it comes of a solution that is not there, `module` of an import that found none."""
    line = None
    if isinstance(error, SyntaxError) and error.filename == name:
        line = error.lineno
    for frame in traceback.walk_tb(error.__traceback__):
        if frame[0].f_code.co_filename == name:
            line = frame[1]
    kind = type(error).__name__
    is_syntax = isinstance(error, SyntaxError) and error.filename == name
    text = message if message is not None else (error.msg if is_syntax else str(error))
    module = error.name.split(".")[0] if isinstance(error, ModuleNotFoundError) and isinstance(error.name, str) else None
    unread = isinstance(error, SystemExit) or recorder.unread(error) or _is_of_nothing(error) or _is_raised_by(error, name)
    return {"type": kind, "message": str(text)[:2000], "line": line, "syntax": is_syntax, "unread": unread, "module": module}


def _is_of_nothing(error):
    """Whether a program computed with the None, or pandas' NA, that stands for a value."""
    return isinstance(error, TypeError) and any(name in str(error) for name in ("NoneType", "NAType"))


def _is_raised_by(error, name):
    """Whether a program raised an error itself, by `raise` or `assert`."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return code.co_filename == name and code.co_code[trace.tb_lasti] == opcode.opmap["RAISE_VARARGS"]


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
