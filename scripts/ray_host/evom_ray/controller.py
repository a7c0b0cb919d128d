"""Keeps what runs equal to the plan: makes parts, asks how they are, writes their addresses, and adds or removes solver hosts."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path

from .gang import Gang
from .plan import Group, Plan
from .registry import write_addresses
from .scaling import Scaling

POLL_S = 0.5
# A part that cannot be asked for this long is not named to the trainer any more.
PATIENCE_S = 6.0


class Controller:
    def __init__(self, plan: Plan, engine) -> None:
        self.plan, self.engine = plan, engine
        self._lock = threading.Lock()
        self._told: dict = {"parts": [], "learner": None}
        self.fault: str | None = None
        found = engine.found()
        # The learner first: it needs room on several machines at once, and the others take what is left.
        self.gang = Gang(plan.learner, engine.ranks(plan.learner)) if plan.learner else None
        self.groups = [GroupKeeper(group, engine, found) for group in plan.groups]

    def tend(self) -> None:
        """Looks at everything once."""
        parts = [line for keeper in self.groups for line in keeper.tend(time.monotonic())]
        learner = self.gang.tend() if self.gang else None
        with self._lock:
            self._told = {"parts": parts, "learner": learner}

    def tend_until(self, stop: threading.Event) -> None:
        """A fault of one look (a full disk, a machine that goes while it is asked) is told by `status`, and the next look may pass."""
        while not stop.is_set():
            try:
                self.tend()
                self.fault = None
            except Exception as error:
                traceback.print_exc()
                self.fault = f"{type(error).__name__}: {error}"
            stop.wait(POLL_S)

    def status(self) -> dict:
        with self._lock:
            told = dict(self._told)
        parts, learner = told["parts"], told["learner"]
        ready = [part for part in parts if part["phase"] == "ready"]
        least = sum(keeper.group.least for keeper in self.groups)
        has_machines = self.gang is None or (learner is not None and learner["phase"] != "waiting for machines")
        up = len(ready) >= least and has_machines
        return {"name": self.plan.name, "up": up, "fault": self.fault, **told, "machines": self.engine.machines()}

    def end(self) -> None:
        """Ends all parts; the addresses go first."""
        for keeper in self.groups:
            write_addresses(Path(keeper.group.file), [])
        handles = [handle for keeper in self.groups for handle in [*keeper.parts.values(), *keeper.leaving.values()]]
        threads = [threading.Thread(target=handle.end) for handle in [*handles, *(self.gang.ranks if self.gang else [])]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class GroupKeeper:
    """The parts of one group."""

    def __init__(self, group: Group, engine, found: dict) -> None:
        self.group, self.engine = group, engine
        self.scaling = Scaling(group.least, group.most)
        self.parts = {name: handle for name, handle in found.items() if name.rpartition("-")[0] == group.kind}
        self.leaving: dict = {}
        self._last: dict[str, tuple[float, dict]] = {}
        self._faults: dict[str, str] = {}
        while len(self.parts) < group.least:
            self._add()

    def _add(self) -> None:
        number = next(i for i in range(self.group.most + len(self.leaving)) if f"{self.group.kind}-{i}" not in {**self.parts, **self.leaving})
        name = f"{self.group.kind}-{number}"
        self.parts[name] = self.engine.part(self.group, name)

    def tend(self, now: float) -> list[dict]:
        """Asks each part, writes the addresses of those that answer, scales; returns a line about each."""
        for handle in [*self.parts.values(), *self.leaving.values()]:
            handle.ask()
        lines = [self._answer(name, handle, now) for name, handle in self.parts.items()]
        ready = [line for line in lines if line["phase"] == "ready"]
        write_addresses(Path(self.group.file), [line["address"] for line in ready])
        loads = [line["load"] for line in ready if line["load"]]
        wanted = self.scaling.wanted(now, len(self.parts), loads)
        while len(self.parts) < wanted:
            self._add()
        if len(self.parts) > wanted:
            name = max(self.parts, key=lambda one: int(one.rpartition("-")[2]))
            self.leaving[name] = self.parts.pop(name)  # its address is gone with the next writing
        return [*lines, *self._see_off(now)]

    def _see_off(self, now: float) -> list[dict]:
        """A part that leaves ends when it has nothing to do."""
        lines = []
        for name, handle in list(self.leaving.items()):
            line = {**self._answer(name, handle, now), "phase": "leaving"}
            if name not in self._last or not (line["load"] or {}).get("asked"):
                handle.end()
                del self.leaving[name]
            lines.append(line)
        return lines

    def _answer(self, name: str, handle, now: float) -> dict:
        state = handle.answer()
        if state is not None:
            self._last[name] = (now, state)
            if state["fault"]:
                self._faults[name] = state["fault"]
        at, last = self._last.get(name, (float("-inf"), None))
        if last is None or now - at > PATIENCE_S:
            return {"name": name, "phase": "being placed", "address": None, "load": None, "fault": self._faults.get(name)}
        return {**last, "fault": self._faults.get(name)}
