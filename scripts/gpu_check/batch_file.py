"""A step for the learner: an Arrow batch of `evom.batch_version` 1 with the columns that it reads, hashed and marked READY."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pyarrow as pa

from evom_torch.batch import BATCH_VERSION
from evom_torch.exchange import sha256

from .learners import LOSS


def publish_step(directory: Path, requests: list[dict], completions: list[dict], rewards: list[float]) -> Path:
    """GRPO's advantages of each prompt's samples, `(r - mean) / std` (arXiv:2402.03300), with the completions as rows."""
    rows = []
    for completion, reward in zip(completions, rewards):
        group = [r for c, r in zip(completions, rewards) if c["request"] == completion["request"]]
        deviation = statistics.pstdev(group)
        prompt, own = requests[completion["request"]]["prompt_ids"], completion["token_ids"]
        rows.append(
            {
                "sample_id": f"{completion['request']}/{completion['sample']}", "group_id": str(completion["request"]), "input_ids": [*prompt, *own],
                "loss_mask": [0] * len(prompt) + [1] * len(own), "sampler_logprobs": [0.0] * len(prompt) + [min(0.0, lp) for lp in completion["logprobs"]],
                "old_logprobs": None, "ref_logprobs": None, "advantage": (reward - statistics.fmean(group)) / deviation if deviation > 0 else 0.0,
                "token_advantages": None, "kl_weights": None, "loss_weight": 1.0, "temperature": 1.0,
            }
        )
    floats = pa.list_(pa.float32())
    metadata = {
        "evom.batch_version": BATCH_VERSION, "loss": json.dumps(LOSS), "global_loss_tokens": str(sum(sum(row["loss_mask"]) for row in rows)),
        "global_loss_rows": str(len(rows)),
    }
    schema = pa.schema(
        [
            ("sample_id", pa.utf8()), ("group_id", pa.utf8()), ("input_ids", pa.list_(pa.int32())), ("loss_mask", pa.list_(pa.uint8())),
            ("sampler_logprobs", floats), ("old_logprobs", floats), ("ref_logprobs", floats), ("advantage", pa.float32()), ("token_advantages", floats),
            ("kl_weights", floats), ("loss_weight", pa.float32()), ("temperature", pa.float32()),
        ],
        metadata=metadata,
    )
    directory.mkdir(parents=True)
    path = directory / "batch-000.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    manifest = {"files": {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)}}}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    (directory / "READY").write_text("")
    return directory
