"""Sampling by the colocated host's own sampler: tokens a second."""

from __future__ import annotations

import random
import time

import torch

from evom_torch.policy_model import load_model
from evom_torch.sampler import Request, Sampler
from evom_torch.sampling import SamplingParams

from .machine import device, peak_memory_gib, synchronize
from .models import SHAPES, model_folder
from .phase import Phase


def sampling(phase: Phase) -> None:
    shape = "tiny" if phase.is_tiny else "Qwen2.5-0.5B"
    prompts, samples, prompt_tokens, new_tokens = (2, 2, 16, 16) if phase.is_tiny else (16, 8, 128, 192)
    model = load_model(model_folder(phase.scratch, shape), torch.bfloat16, "sdpa").to(device()).eval()
    sampler = Sampler(model, [], device(), prompts * samples)
    draws = random.Random(0)

    def requests(round_: str) -> list[Request]:
        ids = [[draws.randrange(1, SHAPES[shape]["vocab_size"]) for _ in range(prompt_tokens)] for _ in range(prompts)]
        return [Request(own, [f"{round_}/{p}/{k}" for k in range(samples)]) for p, own in enumerate(ids)]

    list(sampler.generate(requests("warm-up"), SamplingParams(1.0, 0, 1.0, 4)))
    synchronize()
    began = time.perf_counter()
    completions = list(sampler.generate(requests("timed"), SamplingParams(1.0, 0, 1.0, new_tokens)))
    synchronize()
    seconds = time.perf_counter() - began
    tokens = sum(len(c.token_ids) for c in completions)
    phase.tell(
        {
            "shape": shape, "precision": "bfloat16", "sequences": prompts * samples, "prompt_tokens": prompt_tokens, "new_tokens": new_tokens,
            "sampling_s": round(seconds, 3), "tokens_per_s": round(tokens / seconds), **peak_memory_gib(),
        }
    )
