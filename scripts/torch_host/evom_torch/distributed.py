"""The processes of one learner: who they are, and the few collectives that the gradient step needs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist

from .statistics import MAXIMA, SUMS, StepStatistics


@dataclass(frozen=True)
class World:
    rank: int
    size: int
    device: torch.device
    control: object | None  # a gloo group for commands; None alone
    leader: int = 0  # the rank that reads commands and writes weights

    @property
    def leads(self) -> bool:
        return self.rank == self.leader

    def agree(self, value):
        """What the leader says, on every rank."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=self.leader, group=self.control)
        return box[0]

    def all(self, value) -> list:
        """What each rank says, by rank, on every rank."""
        if self.size == 1:
            return [value]
        said = [None] * self.size
        dist.all_gather_object(said, value, group=self.control)
        return said

    def send(self, data: torch.Tensor) -> None:
        """The leader's values, put into every rank's tensor of the same size (CPU)."""
        if self.size > 1:
            dist.broadcast(data, src=self.leader, group=self.control)

    def merge(self, statistics: StepStatistics) -> StepStatistics:
        """Sums and maxima over all ranks."""
        if self.size == 1:
            return statistics
        for names, operation in ((SUMS, dist.ReduceOp.SUM), (MAXIMA, dist.ReduceOp.MAX)):
            values = torch.tensor([statistics.values[name] for name in names], dtype=torch.float64)
            dist.all_reduce(values, op=operation, group=self.control)
            statistics.values.update(zip(names, values.tolist()))
        return statistics

    def sum(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        """The sums over all ranks of float32 arrays, whose shapes are the same on each."""
        if self.size == 1:
            return arrays
        flat = torch.from_numpy(np.concatenate([array.reshape(-1) for array in arrays]))
        dist.all_reduce(flat, group=self.control)
        pieces = np.split(flat.numpy(), np.cumsum([array.size for array in arrays])[:-1])
        return [piece.reshape(array.shape) for piece, array in zip(pieces, arrays)]

    def barrier(self) -> None:
        if self.size > 1:
            dist.barrier(group=self.control)

    def close(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()


def is_lost_peer(error: Exception) -> bool:
    """Whether a collective failed because another process is gone. NCCL says so by the type, gloo in words alone."""
    if isinstance(error, dist.DistError):
        return True
    return type(error) is RuntimeError and re.search(r"gloo|Connection (reset|closed)|Broken pipe", str(error)) is not None


def join_world(device: str) -> World:
    """Joins the processes that torchrun started (by its environment), or stands alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    target = torch.device(chosen, local) if chosen == "cuda" else torch.device(chosen)
    if chosen == "cuda":
        torch.cuda.set_device(target)
    if size == 1:
        return World(0, 1, target, None)
    dist.init_process_group("nccl" if chosen == "cuda" else "gloo", device_id=target if chosen == "cuda" else None)
    # Ranks wait here while programs are sampled and verified: a NCCL broadcast would run into its watchdog.
    control = dist.new_group(backend="gloo", timeout=timedelta(days=7))
    return World(dist.get_rank(), size, target, control)
