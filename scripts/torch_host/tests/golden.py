"""The golden files of the learners: plain float64 references that scripts/make-goldens.py computed row by row."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from evom_torch.batch import Batch, Row
from evom_torch.distributed import World
from evom_torch.learner import Learner, LearnerOptions, OptimizerOptions
from evom_torch.policy_model import LoraOptions, ModelOptions

GOLDEN = Path(__file__).resolve().parents[3] / "test" / "golden" / "learner"
CASES = ["llama-grpo", "llama-sft", "llama-dual-clip", "qwen2-gspo", "qwen3-cispo", "qwen3-token-advantages"]
ALONE = World(0, 1, torch.device("cpu"), None)
ADAMW = OptimizerOptions(lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, max_grad_norm=1.0)


def golden_batch(name: str) -> tuple[Batch, float, dict[str, torch.Tensor]]:
    """The batch of a case, its loss, and the gradient of each parameter."""
    case = json.loads((GOLDEN / f"{name}.json").read_text())
    array = lambda values, dtype=np.float32: None if values is None else np.array(values, dtype=dtype)
    rows = tuple(
        Row(
            sample_id=f"s{i}", group_id=row["groupId"], input_ids=array(row["inputIds"], np.int32), loss_mask=array(row["lossMask"], np.uint8),
            sampler_logprobs=array(row["samplerLogprobs"]), old_logprobs=array(row["oldLogprobs"]), ref_logprobs=array(row["refLogprobs"]),
            advantage=row["advantage"], token_advantages=array(row["tokenAdvantages"]), kl_weights=array(row["klWeights"]),
            loss_weight=row["lossWeight"], temperature=row["temperature"],
        )
        for i, row in enumerate(case["rows"])
    )
    batch = Batch(rows, case["loss"], case["globalLossTokens"], case["globalLossRows"], {})
    return batch, case["expectedLoss"], load_file(GOLDEN / f"{name}.gradients.safetensors")


def model_folder(name: str, folder: Path) -> Path:
    """A Hugging Face folder of a golden model."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(GOLDEN / f"{name}.config.json", folder / "config.json")
    shutil.copyfile(GOLDEN / f"{name}.model.safetensors", folder / "model.safetensors")
    return folder


def golden_learner(
    name: str, folder: Path, *, micro_batch_tokens: int = 2048, precision: str = "float32", lora: LoraOptions | None = None,
    gradient_checkpointing: bool = False, attention: str = "sdpa", optimizer: OptimizerOptions = ADAMW, world: World = ALONE,
    strategy: str = "ddp",
) -> Learner:
    model = ModelOptions(model_folder(name, folder), precision, attention, gradient_checkpointing, lora, seed=0)
    return Learner(LearnerOptions(model, optimizer, micro_batch_tokens, strategy), world)


def relative_error(actual: torch.Tensor, expected: torch.Tensor) -> float:
    return float((actual.double() - expected.double()).norm() / expected.double().norm())
