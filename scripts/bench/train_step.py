"""Gradient step of the embedded policy's shape in PyTorch float32 on CPU: the yardstick of train-step.mjs.

    python scripts/bench/train_step.py [threads] [repeats] [micro-batch rows] [s1 | s3 | smollm2]

64 sequences of 256 tokens (128 prompt + 128 completion), s1 (d128 L4 H4 ffn344 vocab 1024) or s3 (d256 L4 H8 ffn688 vocab
2048), or 8 such sequences of SmolLM2-135M's shape: clipped surrogate + k3 KL,
vocabulary projection on completion rows only, sdpa, gradient clipping, fused AdamW. Prints one JSON line of milliseconds, wall and CPU.
"""

import json
import resource
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

threads, repeats, micro = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((1, 2), (2, 5), (3, 16)))
torch.set_num_threads(threads)
torch.manual_seed(0)
SHAPES = {"s1": (1024, 128, 344, 4, 4, 4), "s3": (2048, 256, 688, 4, 8, 8), "smollm2": (49152, 576, 1536, 30, 9, 3)}
NAME = sys.argv[4] if len(sys.argv) > 4 else "s1"
VOCAB, HIDDEN, FFN, LAYERS, HEADS, KV_HEADS = SHAPES[NAME]
ROWS, PROMPT, COMPLETION = 8 if NAME == "smollm2" else 64, 128, 128
config = LlamaConfig(
    vocab_size=VOCAB, hidden_size=HIDDEN, intermediate_size=FFN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS,
    tie_word_embeddings=True, max_position_embeddings=512, attn_implementation="sdpa",
)
model = LlamaForCausalLM(config)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
ids = torch.randint(0, VOCAB, (ROWS, PROMPT + COMPLETION))
advantage = torch.randn(ROWS, 1)
old = torch.full((ROWS, COMPLETION), -7.0)


def step():
    for at in range(0, ROWS, micro):
        part = slice(at, at + micro)
        hidden = model.model(input_ids=ids[part], use_cache=False).last_hidden_state[:, PROMPT - 1 : -1]
        logits = model.lm_head(hidden)
        lp = -torch.nn.functional.cross_entropy(logits.reshape(-1, VOCAB), ids[part, PROMPT:].reshape(-1), reduction="none").view(-1, COMPLETION)
        d = lp - old[part]
        ratio = torch.exp(torch.clamp(d, -20, 20))
        a = advantage[part]
        loss = torch.maximum(-a * ratio, -a * torch.clamp(ratio, 0.8, 1.28))
        loss = loss + 0.01 * (torch.exp(-d) + d - 1)
        (loss.sum() / (ROWS * COMPLETION)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


step()
times, cpu = [], []
for _ in range(repeats):
    start, cpu_start = time.perf_counter(), time.process_time()
    step()
    cpu.append(round(1000 * (time.process_time() - cpu_start), 1))
    times.append(round(1000 * (time.perf_counter() - start), 1))
print(json.dumps({"torch_fp32": times, "torch_fp32_cpu": cpu, "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))
