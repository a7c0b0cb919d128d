"""The whole circle through the colocated host: sample, reward, step, sample with the new weights; then a second process loads them from disk.

The reward of a completion is the share of its tokens with an even id: dense, and learnt within a few steps from random weights.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from .batch_file import publish_step
from .models import SHAPES, model_folder
from .phase import Phase

PROBE = {"requests": [{"prompt_ids": [5, 6, 7, 8], "completion_ids": [9, 10, 11, 12]}], "temperature": 1}


class Host:
    """`python -m evom_torch.host` with an address; ends with the block."""

    def __init__(self, folder: Path, name: str, arguments: list[str]) -> None:
        self.address_file = folder / f"{name}.address"
        self.address_file.unlink(missing_ok=True)
        self.token = secrets.token_hex(16)
        command = [sys.executable, "-m", "evom_torch.host", "--address-file", str(self.address_file), "--parent", str(os.getpid()), *arguments]
        self.process = subprocess.Popen(command, env={**os.environ, "EVOM_HOST_TOKEN": self.token})

    def __enter__(self) -> Host:
        while not self.address_file.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"evom_torch.host ended with {self.process.returncode} before it took requests")
            time.sleep(0.1)
        self.address = self.address_file.read_text().strip()
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()

    def ask(self, path: str, body: dict | None = None) -> list[dict]:
        """The lines of the answer, one JSON object each."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def probe(self) -> list[float]:
        return self.ask("/score", PROBE)[0]["logprobs"][0]


def closed_loop(phase: Phase) -> None:
    shape = "tiny" if phase.is_tiny else "Qwen2.5-0.5B"
    steps, prompts, samples, tokens = (2, 2, 4, 12) if phase.is_tiny else (4, 8, 8, 128)
    folder = phase.scratch / "closed_loop"
    folder.mkdir(exist_ok=True)
    model = model_folder(phase.scratch, shape)
    common = ["--model", str(model), "--precision", "bfloat16", "--rows", str(prompts * samples)]
    # Adam's first steps move each weight by the learning rate: a small model takes more.
    rate = "1e-2" if phase.is_tiny else "1e-4"
    requests = [{"prompt_ids": [1 + (31 * p + i) % (SHAPES[shape]["vocab_size"] - 1) for i in range(24)]} for p in range(prompts)]
    history: list[dict] = []
    with Host(folder, "learner", [*common, "--lr", rate, "--micro-batch-tokens", "16384", "--max-grad-norm", "1"]) as host:
        probes = [host.probe()]
        for step in range(steps):
            seeded = [{**r, "seeds": [f"{step}/{p}/{k}" for k in range(samples)]} for p, r in enumerate(requests)]
            began = time.perf_counter()
            lines = host.ask("/generate", {"requests": seeded, "temperature": 1, "top_k": 0, "top_p": 1, "max_tokens": tokens})
            sampled = time.perf_counter()
            if lines[-1] != {"done": True}:
                raise RuntimeError(f"the host did not finish sampling: {lines[-1]}")
            completions = lines[:-1]
            rewards = [sum(t % 2 == 0 for t in c["token_ids"]) / len(c["token_ids"]) for c in completions]
            directory = publish_step(folder / f"step{step}", requests, completions, rewards)
            answer = host.ask("/train_step", {"directory": str(directory), "learning_rate_factor": 1})[0]
            learnt = time.perf_counter()
            probes.append(host.probe())
            if answer["version"] != step + 1 or probes[-1] == probes[-2]:
                raise RuntimeError(f"step {step + 1} left the host at version {answer['version']} with the probe's log-probabilities {probes[-1]}")
            metrics = answer["metrics"]
            history.append(
                {
                    "reward": round(statistics.fmean(rewards), 4), "sampling_s": round(sampled - began, 3), "learning_s": round(learnt - sampled, 3),
                    "new_tokens": sum(len(c["token_ids"]) for c in completions), **{k: metrics[k] for k in ("grad_norm", "logprob_diff_mean", "logprob_diff_max", "effective_sample_size")},
                }
            )
            phase.tell({"shape": shape, "sequences": len(completions), "max_tokens": tokens, "steps": history})
        memory = host.ask("/health")[0].get("memory_bytes")
        if memory is not None:
            phase.tell({"peak_device_gib": round(memory / 2**30, 2)})
        saved = time.perf_counter()
        host.ask("/save", {"directory": str(folder / "saved")})
        phase.tell({"save_s": round(time.perf_counter() - saved, 3)})
    began = time.perf_counter()
    with Host(folder, "sampler", [*common, "--sample-only", "--from-checkpoint", str(folder / "saved"), "--version", str(steps)]) as host:
        again = host.probe()
        phase.tell({"reload_s": round(time.perf_counter() - began, 3), "reload_max_diff": max(abs(a - b) for a, b in zip(again, probes[-1]))})
    moved = max(abs(a - b) for a, b in zip(probes[0], probes[-1]))
    phase.tell({"probe_moved": moved})
    # The learner scores by autocast, the second process with bfloat16 weights: they differ by rounding, and the old weights by more.
    if max(abs(a - b) for a, b in zip(again, probes[-1])) > max(0.1, moved / 2):
        raise RuntimeError(f"the second process scores the probe {again}, the learner {probes[-1]}: it does not have the learner's weights")
