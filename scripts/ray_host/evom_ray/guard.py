"""Runs a command and ends it, with all its descendants, when whoever started it is gone.

    python -m evom_ray.guard vllm serve ...

Its standard input is a pipe whose other end the owner holds. The kernel closes it when the owner dies, by kill -9 too. torchrun and
vLLM start their workers in sessions of their own, so a signal to a group would miss them: this process adopts orphans and ends them all.

It is two processes. A worker of Ray's that ends kills its children with -9: that is the outer one, which only waits. The inner one lives
on until it has ended the rest.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE_S = 5.0
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
prctl = ctypes.CDLL(None).prctl


def main(command: list[str]) -> int:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # the pipe alone says when to end
    inner = os.fork()
    if inner != 0:
        return os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1])
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=begin_child)
    threading.Thread(target=end_with_owner, args=(child,), daemon=True).start()
    code = child.wait()
    end_all(signal.SIGKILL)
    return code if code >= 0 else 128 - code


def begin_child() -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_DFL)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # should the inner process itself be killed


def end_with_owner(child: subprocess.Popen) -> None:
    while os.read(0, 4096):
        pass
    end_all(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and descendants(os.getpid()):
        time.sleep(0.05)
    end_all(signal.SIGKILL)
    os._exit(0)


def end_all(name: signal.Signals) -> None:
    """Signals every descendant, until none is left where the signal cannot be refused."""
    for _ in range(50 if name == signal.SIGKILL else 1):
        left = descendants(os.getpid())
        if not left:
            return
        for process in left:
            try:
                os.kill(process, name)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


def descendants(process: int) -> list[int]:
    """Process ids of all that stem from a process and still run."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "pid (name) state parent ...": a name may hold spaces and brackets.
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(path.parent.name))
    found, todo = [], [process]
    while todo:
        more = children.get(todo.pop(), [])
        found.extend(more)
        todo.extend(more)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
