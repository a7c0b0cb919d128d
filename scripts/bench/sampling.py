"""The PyTorch side of scripts/bench/sampling.mjs: answers `loop` and `generate` lines with seconds, in fp32.

`loop` is a hand-written KV-cache loop: prompts are read once each, caches are preallocated, query, key and value are
one product. `generate` is Hugging Face's. Usage: python sampling.py MODEL_DIR THREADS PROMPTS GROUP PROMPT_TOKENS NEW_TOKENS
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM

directory, threads, prompts, group, prompt_tokens, new_tokens = sys.argv[1], *map(int, sys.argv[2:7])
torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
config = model.config
heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
dim = config.hidden_size // heads
layers = [
    {
        "input": layer.input_layernorm.weight, "post": layer.post_attention_layernorm.weight,
        "qkv": torch.cat([layer.self_attn.q_proj.weight, layer.self_attn.k_proj.weight, layer.self_attn.v_proj.weight]),
        "o": layer.self_attn.o_proj.weight, "down": layer.mlp.down_proj.weight,
        "gate_up": torch.cat([layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight]),
    }
    for layer in model.model.layers
]
embedding, final_norm, eps = model.model.embed_tokens.weight, model.model.norm.weight, config.rms_norm_eps
theta = config.rope_parameters["rope_theta"]
inverse = 1.0 / theta ** (torch.arange(0, dim, 2).float() / dim)
angles = torch.outer(torch.arange(prompt_tokens + new_tokens).float(), inverse)
cos, sin = torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()
ids = torch.tensor([[(i * 131 + t * 17) % (config.vocab_size - 3) + 3 for t in range(prompt_tokens)] for i in range(prompts)])


def rotate(x, c, s):
    half = dim // 2
    return x * c + torch.cat([-x[..., half:], x[..., :half]], -1) * s


def forward(tokens, start, keys, values):
    rows, length = tokens.shape
    x = embedding[tokens]
    c, s = cos[start : start + length], sin[start : start + length]
    for index, w in enumerate(layers):
        qkv = F.linear(F.rms_norm(x, (x.shape[-1],), w["input"], eps), w["qkv"]).view(rows, length, heads + 2 * kv_heads, dim).transpose(1, 2)
        qk = rotate(qkv[:, : heads + kv_heads], c, s)
        keys[index][:, :, start : start + length] = qk[:, heads:]
        values[index][:, :, start : start + length] = qkv[:, heads + kv_heads :]
        k, v = keys[index][:, :, : start + length], values[index][:, :, : start + length]
        attended = F.scaled_dot_product_attention(qk[:, :heads], k, v, is_causal=length > 1, enable_gqa=heads != kv_heads)
        x = x + F.linear(attended.transpose(1, 2).reshape(rows, length, -1), w["o"])
        gate, up = F.linear(F.rms_norm(x, (x.shape[-1],), w["post"], eps), w["gate_up"]).chunk(2, -1)
        x = x + F.linear(F.silu(gate) * up, w["down"])
    return F.linear(F.rms_norm(x[:, -1], (x.shape[-1],), final_norm, eps), embedding)


@torch.inference_mode()
def loop():
    rows = prompts * group
    total = prompt_tokens + new_tokens
    cache = lambda n: [torch.empty(n, kv_heads, total, dim) for _ in layers]
    prompt_keys, prompt_values = cache(prompts), cache(prompts)
    logits = forward(ids, 0, prompt_keys, prompt_values).repeat_interleave(group, 0)
    keys, values = ([c.repeat_interleave(group, 0) for c in side] for side in (prompt_keys, prompt_values))
    tokens, logprobs = [], []
    for step in range(new_tokens):
        probs = logits.softmax(-1)
        drawn = torch.multinomial(probs, 1)
        tokens.append(drawn)
        logprobs.append(probs.gather(1, drawn).log())
        if step + 1 < new_tokens:
            logits = forward(drawn, prompt_tokens + step, keys, values)
    assert len(tokens) == new_tokens and tokens[0].shape == (rows, 1)


@torch.inference_mode()
def generate():
    out = model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0, num_return_sequences=group,
        max_new_tokens=new_tokens, min_new_tokens=new_tokens, pad_token_id=0,
    )
    assert out.shape == (prompts * group, prompt_tokens + new_tokens)


for line in sys.stdin:
    work = {"loop": loop, "generate": generate}[line.strip()]
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}), flush=True)
