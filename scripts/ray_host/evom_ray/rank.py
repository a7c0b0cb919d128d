"""One machine's share of the learner: it runs the torchrun that it is told to, and says how that goes."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from .process import Process, free_port


class Rank:
    """Runs in an actor of Ray's, or in this process. A new one has a new `life`, so that whoever asks notices that it was replaced."""

    def __init__(self, name: str, host: str, directory: str, cwd: str) -> None:
        self.name, self.host, self.cwd = name, host, cwd
        self.log = Path(directory) / f"{name}.log"
        self.life = uuid.uuid4().hex
        self.process: Process | None = None
        self.began = 0.0

    def state(self) -> dict:
        phase = "idle" if self.process is None else "running" if self.process.code is None else "ended"
        return {
            "name": self.name, "phase": phase, "host": self.host, "life": self.life,
            "fault": None if self.process is None or self.process.code == 0 else self.process.ending(),
            "seconds": time.monotonic() - self.began if self.process else 0.0,
        }

    def meeting(self) -> str:
        """Where the processes of all machines may meet, when this is the first: host:port."""
        return f"{self.host}:{free_port(self.host)}"

    def start(self, command: list[str], env: dict[str, str]) -> None:
        self.stop()
        self.began = time.monotonic()
        # The learner ends when the process with this id is gone; the guard ends it too.
        self.process = Process([word.replace("{owner}", str(os.getpid())) for word in command], env, self.log, self.cwd)

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            self.process = None
