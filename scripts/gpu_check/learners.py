"""The PyTorch learner of evom as the configuration would make it, and batches for it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from evom_torch.arguments import add_learner_arguments, learner_of
from evom_torch.batch import Batch, Row
from evom_torch.distributed import join_world
from evom_torch.learner import Learner

# GRPO with DAPO's clip, as in configs/grpo.yaml.
LOSS = {
    "type": "policy_gradient", "clipLow": 0.2, "clipHigh": 0.28, "dualClip": None, "ratio": "token", "surrogate": "ppo", "aggregation": "token_mean",
    "normLength": None, "klCoef": 0, "klEstimator": "k3", "samplerCorrection": None,
}


def learner(model: Path, micro_batch_tokens: int, is_checkpointed: bool = False, precision: str = "bfloat16") -> Learner:
    parser = argparse.ArgumentParser()
    add_learner_arguments(parser)
    given = ["--model", str(model), "--micro-batch-tokens", str(micro_batch_tokens), "--precision", precision, "--lr", "1e-6", "--max-grad-norm", "1"]
    arguments = parser.parse_args([*given, *(["--gradient-checkpointing"] if is_checkpointed else [])])
    return learner_of(arguments, join_world("auto"))


def random_batch(vocabulary: int, rows: int, prompt: int, completion: int) -> Batch:
    """Rows of random tokens whose completions are in the loss; advantages of either sign."""
    random = np.random.default_rng(0)
    mask = np.r_[np.zeros(prompt, np.uint8), np.ones(completion, np.uint8)]
    logprobs = np.where(mask == 1, -np.log(vocabulary), 0).astype(np.float32)

    def row(index: int) -> Row:
        ids = random.integers(1, vocabulary, prompt + completion).astype(np.int32)
        return Row(f"{index}", f"{index // 4}", ids, mask, logprobs, None, None, float(random.standard_normal()), None, None, 1.0, 1.0)

    return Batch(tuple(row(i) for i in range(rows)), LOSS, rows * completion, rows, {})
