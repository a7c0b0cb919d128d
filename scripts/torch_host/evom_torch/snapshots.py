"""What a learner whose processes died goes on from, without the trainer: a snapshot now and then, and the batches since.

    snapshots/SESSION                the trainer's session; another one's are removed
    snapshots/v000010/               weights, moments and counters at a version
    snapshots/steps/step_000010/     a step's batches and, once it was taken, RESULT.json

On storage that all machines see each rank writes its own shards (torch.distributed.checkpoint); else the leader keeps the whole state.
Going on is the snapshot and then the same steps again, so it ends at the same weights: on a CPU to the bit.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp

from . import exchange
from .checkpoint import load_state, write_state
from .learner import Learner
from .sending import Sent

COUNTERS = "counters.json"


class Snapshots:
    def __init__(self, root: Path, session: str, every: int, learner: Learner, is_shared: bool) -> None:
        """Removes what another session left. `every`: steps between snapshots."""
        self.directory = exchange.snapshots_directory(root)
        self.every, self.learner, self.is_shared = every, learner, is_shared
        self._kept = learner.version
        world = learner.world
        if world.leads and _read(self.directory / "SESSION") != session:
            shutil.rmtree(self.directory, ignore_errors=True)
            (self.directory / "steps").mkdir(parents=True)
            exchange.write_atomically(self.directory / "SESSION", session + "\n")
        world.barrier()

    def begin_step(self, source: Path) -> None:
        """Keeps a step's batches before it is taken."""
        if not self.learner.world.leads:
            return
        target = self._step(self.learner.version)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in source.iterdir():
            if path.suffix == ".arrow" or path.name == "manifest.json":
                _link(path, target / path.name)

    def end_step(self, result: dict) -> None:
        """Keeps a step's answer before it is given, and the state when one is due."""
        if self.learner.world.leads:
            exchange.write_atomically(self._step(self.learner.version - 1) / "RESULT.json", json.dumps(result) + "\n")
        if self.learner.version - self._kept >= self.every:
            self.keep()

    def keep(self) -> None:
        """Writes a snapshot of the current version; then the one before and the steps up to it can go. All ranks call it."""
        learner, world = self.learner, self.learner.world
        target = self.directory / f"v{learner.version:06d}"
        temporary = target.with_name(f"{target.name}.tmp")
        if world.leads:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
        world.barrier()
        if self.is_shared:
            dcp.save(_tensors(learner), checkpoint_id=temporary, process_group=world.control, no_dist=world.size == 1)
        else:
            write_state(learner, temporary)
        world.barrier()
        if world.leads:
            counters = {"version": learner.version, "updates": learner.updates, "skippedInARow": learner.skipped_in_a_row}
            exchange.write_atomically(temporary / COUNTERS, json.dumps(counters) + "\n")
            shutil.rmtree(target, ignore_errors=True)
            os.replace(temporary, target)
            self._forget(learner.version)
        self._kept = learner.version
        world.barrier()

    def go_on(self, replay: Callable[[Path, dict], None]) -> dict | None:
        """Brings a learner that was just made to where its session had come. Returns the answer of its last step, if it took one."""
        learner, world = self.learner, self.learner.world
        newest = world.agree(max((v for v in self._versions()), default=None) if world.leads else None)
        if newest is not None:
            self._load(self.directory / f"v{newest:06d}")
        self._kept = learner.version
        while (taken := world.agree(_result(self._step(learner.version)) if world.leads else None)) is not None:
            folder = self._step(learner.version)
            manifest = world.agree(json.loads((folder / "manifest.json").read_text()) if world.leads else None)
            replay(folder, manifest)
        return world.agree(_result(self._step(learner.version - 1)) if world.leads else None)

    def _load(self, folder: Path) -> None:
        learner = self.learner
        if not self.is_shared:
            sent = Sent(learner.world, folder)
            load_state(learner, sent.folder)
            learner.world.barrier()
            sent.close()
            return
        counters = json.loads((folder / COUNTERS).read_text())
        for _, p in learner.trainable():
            step = torch.tensor(float(counters["updates"]))
            step = step.to(learner.world.device) if learner.world.device.type == "cuda" else step
            learner.optimizer.state[p] = {"step": step, "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
        with torch.no_grad():
            dcp.load(_tensors(learner), checkpoint_id=folder, process_group=learner.world.control, no_dist=learner.world.size == 1)
        learner.version, learner.updates = counters["version"], counters["updates"]
        learner.skipped_in_a_row = counters["skippedInARow"]

    def _step(self, version: int) -> Path:
        return self.directory / "steps" / f"step_{version:06d}"

    def _versions(self) -> list[int]:
        return [int(found[1]) for path in self.directory.glob("v*") if (found := re.fullmatch(r"v(\d+)", path.name))]

    def _forget(self, version: int) -> None:
        """Snapshots before this one, and steps before the last, whose answer may still have to be given."""
        for old in self._versions():
            if old < version:
                shutil.rmtree(self.directory / f"v{old:06d}", ignore_errors=True)
        for path in (self.directory / "steps").iterdir():
            if int(path.name.removeprefix("step_")) < version - 1:
                shutil.rmtree(path, ignore_errors=True)


def _tensors(learner: Learner) -> dict[str, torch.Tensor]:
    """Trained weights and moments, sharded as they are; written and read in place."""
    out = {}
    for name, p in learner.trainable():
        out[f"weight.{name}"] = p.detach()
        state = learner.optimizer.state.get(p, {})
        for moment in ("exp_avg", "exp_avg_sq"):
            out[f"{moment}.{name}"] = state[moment] if moment in state else torch.zeros_like(p.detach())
    return out


def _result(folder: Path) -> dict | None:
    text = _read(folder / "RESULT.json")
    return None if text is None else json.loads(text)


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
