"""Steps of evom's PyTorch learner beside a plain PyTorch loop: same model, rows, precision and threads, in turns in one process.

    PYTHONPATH=scripts:scripts/torch_host python scripts/bench/torch_learner.py MODEL [threads] [repeats] [float32 | bfloat16] [rows]

Rows of 620 tokens, the last 170 of them in the loss: supervised training of SmolLM2 on generated problems. The plain loop computes what the
learner does: head on the loss tokens only, gradient norm clipped to 1, AdamW. Prints one JSON line: seconds of wall clock and of processor
time a step, and tokens a processor second.
"""

import contextlib
import json
import pathlib
import statistics
import sys
import time

import torch

from gpu_check.learners import learner, random_batch

folder = pathlib.Path(sys.argv[1])
threads, repeats = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((2, 1), (3, 3)))
precision = sys.argv[4] if len(sys.argv) > 4 else "bfloat16"
ROWS = int(sys.argv[5]) if len(sys.argv) > 5 else 4
PROMPT, COMPLETION = 450, 170
torch.set_num_threads(threads)

ours = learner(folder, 3000, precision=precision)
vocabulary = ours.model.config.vocab_size
batch = random_batch(vocabulary, ROWS, PROMPT, COMPLETION)
object.__setattr__(batch, "loss", {"type": "cross_entropy", "aggregation": "token_mean"})

model = learner(folder, 3000, precision=precision).model.train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6)
ids = torch.tensor([row.input_ids.tolist() for row in batch.rows])


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()


def plain() -> None:
    with autocast():
        states = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state[:, PROMPT - 1 :]
        logits = model.lm_head(states)
    torch.nn.functional.cross_entropy(logits.float().reshape(-1, vocabulary), ids[:, PROMPT:].reshape(-1)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


times: dict = {"evom": [], "plain": []}
for turn in range(repeats + 1):
    for name, work in (("evom", lambda: ours.step(batch, 1.0)), ("plain", plain)):
        torch.use_deterministic_algorithms(name == "evom")  # as the learner has it on a CPU
        wall, processor = time.perf_counter(), time.process_time()
        work()
        if turn > 0:  # the first of each warms up
            times[name].append((time.perf_counter() - wall, time.process_time() - processor))
tokens = ROWS * (PROMPT + COMPLETION)
result = {
    name: {
        "wall_s": [round(w, 2) for w, _ in pairs], "cpu_s": [round(c, 2) for _, c in pairs],
        "tokens_per_cpu_s": round(tokens / statistics.median(c for _, c in pairs)),
    }
    for name, pairs in times.items()
}
print(json.dumps({**result, "precision": precision, "threads": threads, "rows": ROWS}))
