"""A command that runs as long as its owner: its log, how it ended, and no descendant left behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parent.parent
LOG_LINES = 6


class Process:
    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path, cwd: str | None = None) -> None:
        """`env` is added to this process's own; both output streams are appended to `log`."""
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        # The package's folder reaches the guard alone: the command's PYTHONPATH is as the plan says.
        guard = [sys.executable, "-I", str(PACKAGE_FOLDER / "evom_ray" / "guard.py"), *command]
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                guard, stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=cwd, env={**os.environ, **env}, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def code(self) -> int | None:
        """Exit code of the command; None while it runs."""
        return self._child.poll()

    def wait(self) -> int:
        return self._child.wait()

    def ending(self) -> str | None:
        """How it ended and the last lines of its log; None while it runs."""
        code = self.code
        return None if code is None else f"ended with exit code {code}; {self.log} ends with:\n{last_lines(self.log)}"

    def stop(self) -> None:
        """SIGTERM to it and all its descendants, SIGKILL five seconds later; returns when they are gone."""
        if self._child.stdin is not None and not self._child.stdin.closed:
            self._child.stdin.close()
        self._child.wait()


def last_lines(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-LOG_LINES:])
    except OSError:
        return ""


def free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
