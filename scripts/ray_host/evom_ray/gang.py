"""The learner over several machines: its processes begin together, from the newest checkpoint, and when one dies all begin again."""

from __future__ import annotations

import json
import time
from pathlib import Path

from .plan import LearnerPlan

# Learners that end at once are not begun again faster than this.
SHORTEST_LIFE_S = 10.0
# A machine that cannot be asked for this long is away.
PATIENCE_S = 6.0


class Gang:
    """`ranks` are handles as engines.py makes them."""

    def __init__(self, plan: LearnerPlan, ranks: list) -> None:
        self.plan, self.ranks = plan, ranks
        self._begun: dict | None = None  # the request that the processes are at, and the lives of the ranks that they began in
        self.starts = 0
        self.fault: str | None = None
        self._last: tuple[float, dict] | None = None  # when all ranks answered last, and what was told then

    def tend(self) -> dict:
        """Looks once, does what is due, and says how the learner stands. A busy machine may answer late."""
        now = time.monotonic()
        for rank in self.ranks:
            rank.ask()
        states = [rank.answer() for rank in self.ranks]
        if None not in states:
            self._last = (now, self._tend(states))
        elif self._last is None or now - self._last[0] > PATIENCE_S:
            return self._told("waiting for machines", states)
        return self._last[1]

    def _tend(self, states: list[dict]) -> dict:
        request = read_request(Path(self.plan.root))
        lives = [state["life"] for state in states]
        faults = [state["fault"] for state in states if state["fault"]]
        self.fault = faults[0] if faults else self.fault
        if request is None:
            if any(state["phase"] != "idle" for state in states):
                self._stop()
            return self._told("waiting for the trainer", states)
        is_same = self._begun is not None and self._begun["id"] == request["id"]
        if is_same and self._begun["lives"] == lives:
            phases = {state["phase"] for state in states}
            if phases == {"running"}:
                return self._told("running", states)
            if phases == {"ended"} and not faults:
                return self._told("done", states)
            if min(state["seconds"] for state in states) < SHORTEST_LIFE_S:
                return self._told("failed", states)
        self._stop()
        self._begin(request, lives)
        return self._told("starting", states)

    def _begin(self, request: dict, lives: list[str]) -> None:
        meeting = self.ranks[0].call("meeting")
        if meeting is None:
            return
        arguments = from_newest(request["arguments"], Path(self.plan.root))
        for number, rank in enumerate(self.ranks):
            rank.call("start", self.command(number, meeting, [*arguments, "--parent", "{owner}"]), self.plan.env)
        self._begun = {"id": request["id"], "lives": lives}
        self.starts += 1

    def command(self, number: int, rendezvous: str, arguments: list[str]) -> list[str]:
        p = self.plan
        module = ["-m", "evom_torch.learn"]
        if p.nodes == 1 and p.processes == 1:
            return [p.python, *module, *arguments]
        host, _, port = rendezvous.rpartition(":")
        torchrun = [
            *("-m", "torch.distributed.run", "--nnodes", str(p.nodes), "--node-rank", str(number)),
            *("--nproc-per-node", str(p.processes), "--master-addr", host, "--master-port", port),
        ]
        return [p.python, *torchrun, *module, *arguments]

    def _stop(self) -> None:
        for rank in self.ranks:
            rank.call("stop")
        self._begun = None

    def _told(self, phase: str, states: list[dict | None]) -> dict:
        hosts = [state["host"] if state else None for state in states]
        nodes = [state.get("node") if state else None for state in states]
        return {"name": "learner", "phase": phase, "hosts": hosts, "nodes": nodes, "starts": self.starts, "fault": self.fault}


def read_request(root: Path) -> dict | None:
    """What the trainer asks to be started (src/servers/torch-learner.ts); None while no trainer runs."""
    try:
        return json.loads((root / "exchange" / "LAUNCH.json").read_text())
    except (OSError, ValueError):
        return None


def from_newest(arguments: list[str], root: Path) -> list[str]:
    """The same arguments, from the run's newest checkpoint: the trainer keeps the batches since then, and they are taken again."""
    try:
        newest = root / (root / "latest").read_text().strip()
    except OSError:
        return arguments
    if not (newest / "evom_state").is_dir():
        return arguments
    words = list(arguments)
    if "--from-checkpoint" in words:
        at = words.index("--from-checkpoint")
        del words[at : at + 2]
    return [*words, "--from-checkpoint", str(newest)]
