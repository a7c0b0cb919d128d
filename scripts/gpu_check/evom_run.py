"""`evom train` itself, two steps with the colocated PyTorch policy on `checkpoints/tiny`: problems, sandbox, rewards and the host together."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from .models import REPOSITORY, TINY_CHECKPOINT
from .phase import Phase

CONFIG = """
run: {{ name: gpu-check, seed: 1, steps: 2, eval_every: 0, dir: {runs} }}
policy: {{ type: colocated, checkpoint: {checkpoint}, batch_rows: 32 }}
learner: {{ type: torch, torch: {{ device: auto, precision: bfloat16, gradient_checkpointing: false, timeout_s: 120 }} }}
sampling: {{ group_size: 4, max_tokens: 192 }}
dataset: {{ train: {{ type: generated, count: 40, families: [production, diet], check: none }}, eval: [] }}
algorithm: {{ estimator: grpo, groups_per_step: 2 }}
sandbox: {{ workers: 1 }}
optimizer: {{ type: adamw, lr: 0.0001 }}
"""


def evom_train(phase: Phase) -> None:
    main = REPOSITORY / "dist" / "cli" / "main.js"
    node = shutil.which("node")
    if node is None:
        phase.skip("there is no node on the PATH")
    if not main.exists() or not (REPOSITORY / "node_modules").exists():
        phase.skip("there is no build: npm ci && npm run build makes one")
    runs = phase.scratch / "runs"
    config = phase.scratch / "train.yaml"
    config.write_text(CONFIG.format(runs=json.dumps(str(runs)), checkpoint=json.dumps(str(TINY_CHECKPOINT))))
    ended = subprocess.run(
        [node, str(main), "train", "--config", str(config), "--quiet"], cwd=phase.scratch, env={**os.environ, "EVOM_PYTHON": sys.executable}
    )
    if ended.returncode != 0:
        raise SystemExit(f"evom train ended with exit code {ended.returncode}; its last words are above")
    lines = [json.loads(line) for line in (runs / "gpu-check" / "metrics.jsonl").read_text().splitlines()]
    names = ("step", "reward/mean", "learner/grad_norm", "learner/logprob_diff_mean", "time/step_s", "time/rollout_s", "time/learn_s")
    phase.tell({"steps": [{name: line[name] for name in names if name in line} for line in lines]})
