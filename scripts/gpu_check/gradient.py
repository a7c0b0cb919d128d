"""Gradient steps of the PyTorch learner: seconds, tokens a second, share of the peak (MFU), and memory."""

from __future__ import annotations

import gc

import torch

from .learners import learner, random_batch
from .machine import peak_memory_gib, peak_tflops, seconds_of
from .models import SHAPES, model_folder, step_flops
from .phase import Phase


def gradient_small(phase: Phase) -> None:
    settings = [{"micro_batch_tokens": 16384, "is_checkpointed": False}]
    measure(phase, "tiny" if phase.is_tiny else "Qwen2.5-0.5B", settings)


def gradient_large(phase: Phase) -> None:
    settings = [{"micro_batch_tokens": 8192, "is_checkpointed": False}, {"micro_batch_tokens": 16384, "is_checkpointed": True}]
    measure(phase, "tiny" if phase.is_tiny else "Qwen2.5-1.5B", settings)


def measure(phase: Phase, shape: str, settings: list[dict]) -> None:
    rows, prompt, completion = (4, 32, 32) if phase.is_tiny else (16, 512, 512)
    folder = model_folder(phase.scratch, shape)
    batch = random_batch(SHAPES[shape]["vocab_size"], rows, prompt, completion)
    flops = step_flops(shape, rows, prompt, completion)
    phase.tell({"shape": shape, "rows": rows, "prompt_tokens": prompt, "completion_tokens": completion, "steps": []})
    steps = []
    for setting in settings:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        one = learner(folder, **setting)
        metrics: dict = {}
        times = sorted(seconds_of(lambda: metrics.update(one.step(batch, 1.0)), 3))
        median = times[len(times) // 2]
        peak = peak_tflops()
        steps.append(
            {
                **setting, "precision": "bfloat16", "seconds": [round(t, 4) for t in times], "tokens_per_s": round(rows * (prompt + completion) / median),
                "tflops": round(flops / median / 1e12, 4), "mfu": None if peak is None else round(flops / median / 1e12 / peak, 4),
                "grad_norm": metrics["grad_norm"], "micro_batches": metrics["micro_batches"], **peak_memory_gib(),
            }
        )
        if metrics["skipped"]:
            raise RuntimeError(f"the learner skipped the step of {shape}: its gradient has the norm {metrics['grad_norm']}")
        phase.tell({"steps": steps})
        del one
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
