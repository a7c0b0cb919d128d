"""The gradient step: a batch in, the next version of the weights out; on one process, or on many by DDP or FSDP2."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .batch import Batch, Row
from .distributed import World
from .loss import token_loss
from .packing import is_padded, micro_batch, pack, used_length
from .policy_model import ModelOptions, TokenScorer, build_model, load_model
from .statistics import StepStatistics


@dataclass(frozen=True)
class OptimizerOptions:
    lr: float
    betas: tuple[float, float]
    eps: float
    weight_decay: float
    max_grad_norm: float | None


@dataclass(frozen=True)
class LearnerOptions:
    model: ModelOptions
    optimizer: OptimizerOptions
    micro_batch_tokens: int
    strategy: str  # ddp | fsdp
    max_skipped_steps: int = 5


class Learner:
    """Weights, moments and counters. `version` counts steps, `updates` those that changed the weights."""

    def __init__(self, options: LearnerOptions, world: World) -> None:
        self.options = options
        self.world = world
        self.version = 0
        self.updates = 0
        self.skipped_in_a_row = 0
        self.model = build_model(options.model)
        self.scorer = TokenScorer(self.model)
        self._reference: TokenScorer | None = None
        self._is_sharded = options.strategy == "fsdp" and world.size > 1
        self.train_step_module = self._distribute(self.scorer)
        self.scorer.train()
        self.optimizer = self._build_optimizer()
        self.max_positions = int(getattr(self.model.config, "max_position_embeddings", 2**31))

    def _distribute(self, scorer: TokenScorer) -> nn.Module:
        if self._is_sharded:
            return shard(scorer, self.world, self.options.model.precision)
        scorer.to(self.world.device)
        if self.world.size == 1:
            return scorer
        from torch.nn.parallel import DistributedDataParallel

        ids = [self.world.device.index] if self.world.device.type == "cuda" else None
        return DistributedDataParallel(scorer, device_ids=ids)

    def _build_optimizer(self) -> torch.optim.AdamW:
        o = self.options.optimizer
        named = [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]
        # As in the embedded learner: matrices and embeddings decay, norms and biases do not.
        groups = [
            {"params": [p for _, p in named if p.ndim > 1], "weight_decay": o.weight_decay},
            {"params": [p for _, p in named if p.ndim <= 1], "weight_decay": 0.0},
        ]
        fused = self.world.device.type == "cuda"
        return torch.optim.AdamW([g for g in groups if g["params"]], lr=o.lr, betas=o.betas, eps=o.eps, fused=fused)

    def trainable(self) -> list[tuple[str, nn.Parameter]]:
        """Parameters with a gradient, in the order of the forward pass, Hugging Face names (LoRA: PEFT's)."""
        return [(name, p) for name, p in self.model.named_parameters() if p.requires_grad]

    def autocast(self) -> contextlib.AbstractContextManager:
        is_half = self.options.model.precision == "bfloat16"
        return torch.autocast(self.world.device.type, dtype=torch.bfloat16) if is_half else contextlib.nullcontext()

    def step(self, batch: Batch, learning_rate_factor: float) -> dict[str, float | None]:
        """One update. Raises ValueError for a batch that does not fit the model, before anything has changed."""
        self._check(batch)
        batch = self.with_reference(batch)
        statistics, micro_batches = self.accumulate(batch)
        norm = self._gradient_norm()
        usable = micro_batches > 0 and math.isfinite(norm)
        if usable:
            self._update(norm, learning_rate_factor)
        self.optimizer.zero_grad(set_to_none=True)
        self.skipped_in_a_row = 0 if usable or micro_batches == 0 else self.skipped_in_a_row + 1
        if self.skipped_in_a_row > self.options.max_skipped_steps:
            raise RuntimeError(
                f"the gradient was not finite in {self.skipped_in_a_row} steps in a row; lower the learning rate or go back to an earlier checkpoint"
            )
        self.version += 1
        figures = {
            **self.world.merge(statistics).metrics(batch.loss), "grad_norm": norm, "skipped": 0 if usable else 1,
            "micro_batches": micro_batches,
        }
        # JSON has no word for NaN and the infinities: null says that the figure is there and is not a number.
        return {name: value if math.isfinite(value) else None for name, value in figures.items()}

    def _check(self, batch: Batch) -> None:
        for row in batch.rows:
            if row.loss_tokens > 0 and used_length(row) > self.max_positions:
                raise ValueError(f"row {row.sample_id}: {len(row.input_ids)} tokens, but the model has {self.max_positions} positions")

    def accumulate(self, batch: Batch) -> tuple[StepStatistics, int]:
        """Adds the gradient of the batch's loss to the parameters; this rank's figures, and the micro-batches of all ranks."""
        statistics = StepStatistics()
        self.optimizer.zero_grad(set_to_none=True)
        if all(row.loss_tokens == 0 for row in batch.rows):
            return statistics, 0
        padded = is_padded(self.world.device)
        shares = pack(batch, self.options.micro_batch_tokens, self.world.size, padded)
        own = shares[self.world.rank]
        for index, indices in enumerate(own):
            micro = micro_batch(batch, indices, padded).to(self.world.device)
            with self._synchronized(last=index == len(own) - 1), self.autocast():
                logprobs, entropy = self.train_step_module(
                    micro.input_ids, micro.position_ids, micro.select, micro.targets, micro.inverse_temperature
                )
                result = token_loss(batch.loss, logprobs, micro.columns)
                total = (micro.columns.weight * result.loss).sum()
                # DDP and FSDP average gradients over ranks; the weights already hold the global denominators.
                (total * self.world.size).backward()
            statistics.add(batch.loss, micro.columns, logprobs, entropy, result, micro.input_ids.numel())
        return statistics, sum(1 for share in shares for indices in share if indices)

    def _synchronized(self, last: bool) -> contextlib.AbstractContextManager:
        """Gradients are exchanged once a step, with the last micro-batch."""
        if self.world.size == 1:
            return contextlib.nullcontext()
        if self._is_sharded:
            self.train_step_module.set_requires_gradient_sync(last)
            return contextlib.nullcontext()
        return contextlib.nullcontext() if last else self.train_step_module.no_sync()

    def _gradient_norm(self) -> float:
        gradients = [p.grad for _, p in self.trainable() if p.grad is not None]
        if not gradients:
            return 0.0
        norm = torch.nn.utils.get_total_norm(gradients)
        return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)

    def _update(self, norm: float, learning_rate_factor: float) -> None:
        o = self.options.optimizer
        if o.max_grad_norm is not None:
            scale = min(1.0, o.max_grad_norm / (norm + 1e-6))
            if scale < 1:
                for _, p in self.trainable():
                    if p.grad is not None:
                        p.grad.mul_(scale)
        for group in self.optimizer.param_groups:
            group["lr"] = o.lr * learning_rate_factor
        self.optimizer.step()
        self.updates += 1

    def logprobs(self, rows: tuple[Row, ...], scorer: nn.Module | None = None) -> list[np.ndarray]:
        """[T] log-probabilities of the loss tokens of each row at the current weights, 0 elsewhere; on every rank."""
        module = scorer or self.train_step_module
        with self.autocast():
            return token_logprobs(module, rows, self.world, self.options.micro_batch_tokens)

    def with_reference(self, batch: Batch) -> Batch:
        """Fills `ref_logprobs` where the loss has a KL coefficient and the batch leaves them to the learner."""
        if batch.loss["type"] != "policy_gradient" or batch.loss["klCoef"] == 0:
            return batch
        if all(row.ref_logprobs is not None for row in batch.rows):
            return batch
        scores = self._reference_logprobs(batch.rows)
        rows = tuple(
            row if row.ref_logprobs is not None else dataclasses.replace(row, ref_logprobs=score) for row, score in zip(batch.rows, scores)
        )
        return dataclasses.replace(batch, rows=rows)

    def _reference_logprobs(self, rows: tuple[Row, ...]) -> list[np.ndarray]:
        if self.options.model.lora is not None:
            with self.model.disable_adapter():
                return self.logprobs(rows)
        if self._reference is None:
            o = self.options.model
            dtype = torch.bfloat16 if o.precision == "bfloat16" else torch.float32
            reference = TokenScorer(load_model(o.directory, dtype, o.attention)).eval().requires_grad_(False)
            self._reference = shard(reference, self.world, o.precision, keeps_root=False) if self._is_sharded else reference.to(self.world.device)
        return self.logprobs(rows, self._reference)


@torch.no_grad()
def token_logprobs(scorer: nn.Module, rows: tuple[Row, ...], world: World, micro_batch_tokens: int) -> list[np.ndarray]:
    """[T] log-probabilities (nats, at each row's temperature) of the loss tokens of each row, 0 elsewhere.

    Each rank scores its share of the rows, and all are told of all.
    """
    neutral = Batch(rows, {"type": "cross_entropy", "aggregation": "token_mean"}, 1, 1, {})
    out = [np.zeros(len(row.input_ids), dtype=np.float32) for row in rows]
    if all(row.loss_tokens == 0 for row in rows):
        return out
    # As many micro-batches on every rank: under FSDP all of them take part in each forward pass.
    padded = is_padded(world.device)
    for indices in pack(neutral, micro_batch_tokens, world.size, padded)[world.rank]:
        micro = micro_batch(neutral, indices, padded).to(world.device)
        values, _ = scorer(micro.input_ids, micro.position_ids, micro.select, micro.targets, micro.inverse_temperature)
        values, owner = values.float().cpu().numpy(), micro.columns.row.cpu().numpy()
        for k, i in enumerate(micro.row_indices):
            out[i][np.flatnonzero(rows[i].loss_mask)] = values[owner == k]
    return world.sum(out)


def shard(scorer: nn.Module, world: World, precision: str, keeps_root: bool = True) -> nn.Module:
    """FSDP2 layer by layer. The weights are still on the CPU: a GPU holds its shards and one whole layer, never the model.

    `keeps_root`: embedding and head stay whole after a forward pass, for the backward pass that follows.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    mesh = init_device_mesh(world.device.type, (world.size,))
    half = {"param_dtype": torch.bfloat16, "reduce_dtype": torch.float32} if precision == "bfloat16" else {}
    for layer in decoder_layers(scorer):
        fully_shard(layer, mesh=mesh, mp_policy=MixedPrecisionPolicy(**half))
    # The root is given 1 / temperature: as bfloat16 all tokens would be scored at another one, 1/0.7 at 1/0.6995.
    root = MixedPrecisionPolicy(**half, cast_forward_inputs=False)
    return fully_shard(scorer, mesh=mesh, mp_policy=root, reshard_after_forward=not keeps_root)


def decoder_layers(model: nn.Module) -> nn.ModuleList:
    """The blocks of a decoder, whichever architecture: its longest list of modules."""
    lists = [m for m in model.modules() if isinstance(m, nn.ModuleList)]
    return max(lists, key=len)
