"""One part that serves HTTP: a process, the address that it got, whether it answers, and what it is at."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from .plan import Group
from .process import Process, free_port

# A command that cannot start is tried again this often at most.
SHORTEST_LIFE_S = 10.0
# How long the end of a process can be asked about before its part ends with it.
TELLING_S = 3.0


class Part:
    """Runs in an actor of Ray's, or in this process. `state` is asked again and again; nothing else is."""

    def __init__(self, group: Group, name: str, host: str, directory: str, cwd: str, restarts: bool) -> None:
        self.group, self.name = group, name
        port = free_port(host)
        self.address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        command = [word.replace("{host}", host).replace("{port}", str(port)) for word in group.command]
        self.began = time.monotonic()
        self.process = Process(command, group.env, Path(directory) / f"{name}.log", cwd)
        self.ready = False
        self.load: dict | None = None
        if restarts:
            threading.Thread(target=self._end_with_process, daemon=True).start()

    def _end_with_process(self) -> None:
        """An actor that ends is started again by Ray, wherever there is room."""
        self.process.wait()
        time.sleep(max(TELLING_S, SHORTEST_LIFE_S - (time.monotonic() - self.began)))
        os._exit(1)

    def state(self) -> dict:
        ending = self.process.ending()
        if ending is None:
            self._ask_health()
        phase = "ended" if ending is not None else "ready" if self.ready else "starting"
        return {"name": self.name, "phase": phase, "address": self.address, "fault": ending, "pid": self.process.pid, "load": self.load}

    def _ask_health(self) -> None:
        """Once ready it stays so while its process runs: a busy server may answer late."""
        try:
            with urllib.request.urlopen(self.address + self.group.health, timeout=2) as answer:
                body = answer.read()
        except (OSError, urllib.error.URLError):
            return
        self.ready = True
        try:
            health = json.loads(body)
            slots = sum(dialect["concurrency"] for dialect in health["dialects"])
            self.load = {"asked": health["running"] + health["queued"], "slots": slots}
        except (ValueError, KeyError, TypeError):
            self.load = None  # not a solver host

    def stop(self) -> None:
        self.process.stop()
