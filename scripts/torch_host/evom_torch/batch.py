"""Reads `evom.batch_version` 1: an uncompressed Arrow IPC file, one row a sequence (columns: src/batch/columns.ts)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

BATCH_VERSION = "1"
LISTS = ("loss_mask", "sampler_logprobs", "old_logprobs", "ref_logprobs", "token_advantages", "kl_weights")
REQUIRED_LISTS = ("loss_mask", "sampler_logprobs")
MAX_LOGPROB = 1e-4  # a float32 log-softmax may round to a little above 0


class BatchError(ValueError):
    """A batch that cannot be trained on; the message names the file, the row and the column."""


@dataclass(frozen=True)
class Row:
    """One sequence of T tokens; lists are [T], log-probabilities in nats and 0 where the mask is 0."""

    sample_id: str
    group_id: str
    input_ids: np.ndarray
    loss_mask: np.ndarray
    sampler_logprobs: np.ndarray
    old_logprobs: np.ndarray | None
    ref_logprobs: np.ndarray | None
    advantage: float
    token_advantages: np.ndarray | None
    kl_weights: np.ndarray | None
    loss_weight: float
    temperature: float

    @property
    def loss_tokens(self) -> int:
        """Tokens that the row sends to the loss; 0 when its weight takes it out of the gradient."""
        return int(self.loss_mask.sum()) if self.loss_weight > 0 else 0


@dataclass(frozen=True)
class Batch:
    rows: tuple[Row, ...]
    loss: dict
    # Denominators of the whole batch, whichever shard of it is at hand.
    global_loss_tokens: int
    global_loss_rows: int
    metadata: dict[str, str]


def read_batch(path: Path | str) -> Batch:
    """Reads and checks a file. Raises BatchError for another version, a missing column, or a row that breaks a promise."""
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise BatchError(f"{path} cannot be read as an Arrow IPC file: {error}") from error
    metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    version = metadata.get("evom.batch_version")
    if version != BATCH_VERSION:
        raise BatchError(f"{path}: evom.batch_version is {version}, this learner reads {BATCH_VERSION}")
    try:
        loss = json.loads(metadata["loss"])
        tokens, rows_in_loss = int(metadata["global_loss_tokens"]), int(metadata["global_loss_rows"])
    except (KeyError, ValueError) as error:
        raise BatchError(f"{path}: its metadata has no valid loss or denominators ({error})") from error
    rows = tuple(_rows(table, path))
    return Batch(rows, loss, tokens, rows_in_loss, metadata)


def _rows(table: pa.Table, path: Path | str):
    needed = ["sample_id", "group_id", "input_ids", "advantage", "loss_weight", "temperature", *LISTS]
    missing = [name for name in needed if name not in table.column_names]
    if missing:
        raise BatchError(f"{path}: column {missing[0]} is missing")
    columns = {name: table.column(name).combine_chunks() for name in needed}
    for index in range(table.num_rows):
        def value(name):
            return columns[name][index].as_py()

        def array(name):
            cell = columns[name][index]
            return np.asarray(cell.values) if cell.is_valid else None

        input_ids = array("input_ids")
        lists = {name: array(name) for name in LISTS}
        where = f"{path}: row {index} (sample {value('sample_id')})"
        _check(where, input_ids, lists, value("advantage"), value("loss_weight"))
        yield Row(
            sample_id=value("sample_id"), group_id=value("group_id"), input_ids=input_ids, advantage=value("advantage"),
            loss_weight=value("loss_weight"), temperature=value("temperature"), **lists,
        )


def _check(where: str, input_ids: np.ndarray | None, lists: dict, advantage: float, loss_weight: float) -> None:
    if input_ids is None:
        raise BatchError(f"{where}, column input_ids is null")
    for name, values in lists.items():
        if values is None:
            if name in REQUIRED_LISTS:
                raise BatchError(f"{where}, column {name} is null")
        elif len(values) != len(input_ids):
            raise BatchError(f"{where}, column {name} has {len(values)} entries, input_ids {len(input_ids)}")
    mask = lists["loss_mask"] == 1
    if not np.isin(lists["loss_mask"], (0, 1)).all():
        raise BatchError(f"{where}, column loss_mask holds more than 0 and 1")
    logprobs = lists["sampler_logprobs"][mask]
    if not ((logprobs <= MAX_LOGPROB) & np.isfinite(logprobs)).all():
        raise BatchError(f"{where}, column sampler_logprobs holds something else than finite nats of at most 0")
    if not math.isfinite(advantage):
        raise BatchError(f"{where}, column advantage is {advantage}")
    if not (0 <= loss_weight < math.inf):
        raise BatchError(f"{where}, column loss_weight is {loss_weight}")
    if len(mask) > 0 and mask[0] and loss_weight > 0:
        raise BatchError(f"{where}: its first token is in the loss but nothing predicts it; mask it out")
