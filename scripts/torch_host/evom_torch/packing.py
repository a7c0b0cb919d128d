"""Sequences to micro-batches: longest first, end to end or side by side, and shared out over processes by position alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .batch import Batch, Row
from .loss import TokenColumns, row_scale


@dataclass(frozen=True)
class MicroBatch:
    """The tokens of one or more sequences: packed end to end [1, T], or side by side [R, T] with the shorter ones filled up.

    Packed, positions start from 0 at each sequence, which keeps attention apart. Filled up, what follows a sequence is never looked at.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    # [N] positions of the flattened tokens whose next token is in the loss, those tokens, and 1 / temperature.
    select: torch.Tensor
    targets: torch.Tensor
    inverse_temperature: torch.Tensor
    columns: TokenColumns
    # Indices of the rows in the batch, in order; empty for a micro-batch without weight.
    row_indices: tuple[int, ...]

    def to(self, device: torch.device) -> MicroBatch:
        move = lambda value: value.to(device, non_blocking=True)
        columns = TokenColumns(**{k: move(v) if torch.is_tensor(v) else v for k, v in vars(self.columns).items()})
        return MicroBatch(
            move(self.input_ids), move(self.position_ids), move(self.select), move(self.targets), move(self.inverse_temperature), columns,
            self.row_indices,
        )


def used_length(row: Row) -> int:
    """Tokens that the row's loss depends on: the last loss token is predicted and never read."""
    return int(np.flatnonzero(row.loss_mask)[-1])


def is_padded(device: torch.device) -> bool:
    """On a CPU sequences lie side by side: attention over a packed row costs the square of all its tokens there, masked ones included."""
    return device.type == "cpu"


def pack(batch: Batch, micro_batch_tokens: int, processes: int, padded: bool) -> list[list[tuple[int, ...]]]:
    """Row indices of each micro-batch of each process; longest first. Depends on the arguments alone.

    Packed, rows go where they fit first; side by side, neighbours in length share a micro-batch. Every process gets the same number
    of micro-batches, so that collective operations meet; a process without work for one repeats row 0 there, and `micro_batch` is
    told to give it no weight.
    """
    rows = [i for i, row in enumerate(batch.rows) if row.loss_tokens > 0]
    length = {i: used_length(batch.rows[i]) for i in rows}
    rows.sort(key=lambda i: (-length[i], i))
    size = lambda one: len(one) * length[one[0]] if padded else sum(length[i] for i in one)
    limit = max(1, min(micro_batch_tokens, -(-size(rows) // processes)))
    bins: list[list[int]] = []
    for i in rows:
        open_bins = bins[-1:] if padded else bins
        fit = next((one for one in open_bins if size([*one, i]) <= limit), None)
        if fit is None:
            bins.append([i])
        else:
            fit.append(i)
    shares: list[list[tuple[int, ...]]] = [[] for _ in range(processes)]
    load = [0] * processes
    for one in sorted(bins, key=lambda one: -size(one)):
        process = load.index(min(load))
        shares[process].append(tuple(one))
        load[process] += size(one)
    most = max(map(len, shares))
    for share in shares:
        share.extend([()] * (most - len(share)))
    return shares


def micro_batch(batch: Batch, indices: tuple[int, ...], padded: bool) -> MicroBatch:
    """Lays rows end to end or side by side. No indices: the first usable row with weights of 0, to keep a process in step with the others."""
    idle = not indices
    if idle:
        indices = (next(i for i, row in enumerate(batch.rows) if row.loss_tokens > 0),)
    longest = max(used_length(batch.rows[i]) for i in indices)
    ids, positions, select, targets, cells, at = [], [], [], [], [], 0
    for k, i in enumerate(indices):
        row = batch.rows[i]
        tokens = used_length(row)
        width = longest if padded else tokens
        predicted = np.flatnonzero(row.loss_mask)
        ids.append(np.pad(row.input_ids[:tokens], (0, width - tokens)))
        positions.append(np.arange(width))
        select.append(at + predicted - 1)
        targets.append(row.input_ids[predicted])
        cells.append(_cells(row, predicted, 0.0 if idle else row_scale(row, batch), k, batch.loss))
        at += width
    join = lambda parts, dtype: torch.from_numpy(np.concatenate(parts)).to(dtype)
    column = lambda name, dtype=torch.float32: join([c[name] for c in cells], dtype)
    sequences = len(indices) if padded else 1
    return MicroBatch(
        input_ids=join(ids, torch.long).view(sequences, -1), position_ids=join(positions, torch.long).view(sequences, -1), select=join(select, torch.long),
        targets=join(targets, torch.long), inverse_temperature=column("inverse_temperature"),
        columns=TokenColumns(
            **{name: column(name) for name in ("weight", "advantage", "sampler", "old", "ref", "kl_weight")}, row=column("row", torch.long),
            num_rows=len(indices),
        ),
        row_indices=() if idle else indices,
    )


def _cells(row: Row, at: np.ndarray, scale: float, index: int, loss: dict) -> dict[str, np.ndarray]:
    n = len(at)
    fill = lambda value: np.full(n, value, dtype=np.float32)
    take = lambda values, default: fill(default) if values is None else values[at]
    if loss["type"] == "policy_gradient" and loss["klCoef"] != 0 and row.ref_logprobs is None:
        raise ValueError(f"row {row.sample_id}: the loss has a KL coefficient but ref_logprobs is null")
    return {
        "weight": fill(scale),
        "advantage": take(row.token_advantages, row.advantage),
        "sampler": row.sampler_logprobs[at],
        "old": take(row.old_logprobs, np.nan),
        "ref": take(row.ref_logprobs, 0.0),
        "kl_weight": take(row.kl_weights, 1.0),
        "inverse_temperature": fill(1.0 / row.temperature if row.temperature > 0 else 1.0),
        "row": np.full(n, index, dtype=np.int64),
    }
