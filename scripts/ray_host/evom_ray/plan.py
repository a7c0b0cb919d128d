"""What `evom cluster up` wants to run, as src/config/build/cluster-plan.ts writes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Group:
    """Equal parts that serve HTTP: solver hosts, or replicas of a model server."""

    kind: str  # names the parts: solver-host-0, solver-host-1, ...
    file: str  # where their addresses are written, one a line
    least: int
    most: int
    cpus: float
    gpus: float
    command: list[str]  # {host} and {port} are put in
    health: str  # path that answers 200 once requests are taken
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LearnerPlan:
    """The learner: `processes` ranks on each of `nodes` machines, begun by torchrun when the trainer asks for it."""

    root: str  # the run's directory, which every machine sees
    nodes: int
    processes: int
    cpus: float  # of one machine
    gpus: float
    python: str
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    name: str
    address: str  # of the Ray cluster
    directory: str  # for logs, which every machine may write to
    cwd: str
    exposed: bool  # whether parts listen on their machine's address, or on 127.0.0.1
    groups: list[Group]
    learner: LearnerPlan | None = None

    @staticmethod
    def parse(text: str) -> Plan:
        raw = json.loads(text)
        learner = raw.pop("learner", None)
        groups = [Group(**group) for group in raw.pop("groups")]
        return Plan(**raw, groups=groups, learner=None if learner is None else LearnerPlan(**learner))

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)
