"""Writes the learner's golden files: losses, gradients and optimizer steps computed by PyTorch and transformers.

    python scripts/make-goldens.py            # needs torch, transformers, safetensors; writes test/golden/learner/

The reference is plain: one row at a time, no packing, float64. Values stored as float32. Same output for the same
library versions; the tests compare at a relative error of 1e-4.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "golden" / "learner"
VOCAB = 40

COMMON = dict(
    vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, max_position_embeddings=64, attn_implementation="eager"
)
MODELS = {
    "llama": LlamaConfig(**COMMON, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, rms_norm_eps=1e-5),
    "qwen2": Qwen2Config(**COMMON, num_attention_heads=2, num_key_value_heads=2, tie_word_embeddings=True, rms_norm_eps=1e-6),
    "qwen3": Qwen3Config(
        **COMMON, num_attention_heads=4, num_key_value_heads=1, head_dim=6, tie_word_embeddings=False, rms_norm_eps=1e-6
    ),
}

PG = dict(
    type="policy_gradient", clipLow=0.2, clipHigh=0.28, dualClip=3.0, ratio="token", surrogate="ppo",
    aggregation="token_mean", normLength=None, klCoef=0.05, klEstimator="k3",
)
CASES = {
    "llama-grpo": ("llama", PG),
    "llama-sft": ("llama", dict(type="cross_entropy", aggregation="token_mean")),
    "llama-dual-clip": ("llama", {**PG, "dualClip": 1.2, "aggregation": "seq_mean_token_sum", "klCoef": 0.0}),
    "qwen2-gspo": ("qwen2", {**PG, "ratio": "sequence", "dualClip": None, "clipLow": 0.05, "clipHigh": 0.1, "aggregation": "seq_mean_token_mean", "klEstimator": "k1"}),
    "qwen3-cispo": ("qwen3", {**PG, "surrogate": "cispo", "aggregation": "seq_mean_token_sum_norm", "normLength": 12, "klEstimator": "k2"}),
    "qwen3-token-advantages": ("qwen3", {**PG, "dualClip": None}),
}


def make_model(config):
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config).double()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_((torch.randn(p.shape, dtype=torch.float64) * 0.3 + (1.0 if "norm" in name else 0.0)).float())
    return model


def make_rows(with_token_values):
    """Two groups that share prompts, one row with a hole in its mask, one row out of the gradient."""
    g = torch.Generator().manual_seed(3)
    rows = []
    for group, (prompt_length, lengths, temperature) in enumerate([(9, [7, 3, 12, 7], 1.0), (5, [6, 1, 10], 0.7), (1, [8], 1.3)]):
        prompt = torch.randint(0, VOCAB, (prompt_length,), generator=g).tolist()
        for index, length in enumerate(lengths):
            ids = prompt + torch.randint(0, VOCAB, (length,), generator=g).tolist()
            mask = [0] * prompt_length + [1] * length
            if length == 12:  # a second turn: the environment's tokens are not trained
                mask[prompt_length + 3 : prompt_length + 6] = [0, 0, 0]
            n = len(ids)
            noise = lambda scale: (torch.randn(n, generator=g) * scale * torch.tensor(mask)).tolist()
            rows.append(dict(
                groupId=f"g{group}", inputIds=ids, promptLength=prompt_length, lossMask=mask, temperature=temperature,
                advantage=float(torch.randn((), generator=g)), lossWeight=0.0 if (group, index) == (0, 3) else 0.5 if length == 10 else 1.0,
                noise=(noise(0.35), noise(0.5), noise(0.1)),
                tokenAdvantages=noise(1.0) if with_token_values else None,
                klWeights=[float(v) for v in torch.rand(n, generator=g)] if with_token_values else None,
            ))
    return rows


def token_logprobs(model, row):
    ids = torch.tensor([row["inputIds"]])
    logits = model(input_ids=ids, use_cache=False).logits[0, :-1] / row["temperature"]
    lp = torch.log_softmax(logits, -1).gather(1, ids[0, 1:, None])[:, 0]
    return torch.cat([torch.zeros(1, dtype=lp.dtype), lp])


def f32(values):
    return torch.tensor(values, dtype=torch.float32).tolist()


def reference_loss(loss, rows, logprobs):
    """verl's formulas; `lossWeight` scales a row and 0 takes it out of the counts."""
    used = [i for i, r in enumerate(rows) if r["lossWeight"] > 0 and sum(r["lossMask"]) > 0]
    total_tokens = sum(sum(rows[i]["lossMask"]) for i in used)
    total = torch.zeros((), dtype=torch.float64)
    for i in used:
        row, lp = rows[i], logprobs[i]
        m = torch.tensor(row["lossMask"], dtype=torch.float64)
        count = m.sum()
        if loss["type"] == "cross_entropy":
            per_token = -lp
        else:
            old = torch.tensor(row["oldLogprobs"], dtype=torch.float64)
            ref = torch.tensor(row["refLogprobs"], dtype=torch.float64)
            a = torch.tensor(row["tokenAdvantages"] or [row["advantage"]] * len(row["inputIds"]), dtype=torch.float64)
            d = lp - old
            if loss["ratio"] == "sequence":
                s = (d * m).sum() / count
                log_ratio = torch.clamp(s.detach() + lp - lp.detach(), max=10.0)
            else:
                log_ratio = torch.clamp(d, -20, 20)
            ratio = torch.exp(log_ratio)
            clipped = torch.clamp(ratio, 1 - loss["clipLow"], 1 + loss["clipHigh"])
            if loss["surrogate"] == "cispo":
                per_token = -clipped.detach() * a * lp
            else:
                per_token = torch.maximum(-a * ratio, -a * clipped)
                if loss["dualClip"] is not None:
                    per_token = torch.where(a < 0, torch.minimum(per_token, -a * loss["dualClip"]), per_token)
            k = lp - ref
            if loss["klEstimator"] == "k1":
                kl = k
            elif loss["klEstimator"] == "k2":
                kl = 0.5 * k * k
            else:
                c = torch.clamp(-k, -20, 20)
                kl = torch.clamp(torch.exp(c) - c - 1, -10, 10)
            per_token = per_token + loss["klCoef"] * torch.tensor(row["klWeights"] or [1.0] * len(m), dtype=torch.float64) * kl
        summed = (per_token * m).sum() * row["lossWeight"]
        match loss["aggregation"]:
            case "token_mean":
                total = total + summed / total_tokens
            case "seq_mean_token_mean":
                total = total + summed / count / len(used)
            case "seq_mean_token_sum":
                total = total + summed / len(used)
            case "seq_mean_token_sum_norm":
                total = total + summed / loss["normLength"] / len(used)
    return total, total_tokens, len(used)


def write_model(name, model, config):
    config.architectures = [type(model).__name__]
    (OUT / f"{name}.config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str))
    tied = config.tie_word_embeddings
    tensors = {k: v.float().contiguous() for k, v in model.state_dict().items() if not (tied and k == "lm_head.weight")}
    save_file(tensors, OUT / f"{name}.model.safetensors", metadata={"format": "pt"})


def write_case(name, model, loss):
    rows = make_rows(with_token_values=name == "qwen3-token-advantages")
    with torch.no_grad():
        for row in rows:
            lp, mask = token_logprobs(model, row), torch.tensor(row["lossMask"])
            sampler, ref, old = row.pop("noise")
            row["samplerLogprobs"] = f32(((lp + torch.tensor(sampler)) * mask).tolist())
            row["oldLogprobs"] = f32(((lp + torch.tensor(sampler) + torch.tensor(old)) * mask).tolist())
            row["refLogprobs"] = f32(((lp + torch.tensor(ref)) * mask).tolist())
    model.zero_grad()
    logprobs = [token_logprobs(model, row) for row in rows]
    value, tokens, used = reference_loss(loss, rows, logprobs)
    value.backward()
    gradients = {n: p.grad.float().contiguous() for n, p in model.named_parameters()}
    save_file(gradients, OUT / f"{name}.gradients.safetensors")
    (OUT / f"{name}.json").write_text(json.dumps(dict(
        model=name.split("-")[0], loss=loss, globalLossTokens=tokens, globalLossRows=used, expectedLoss=value.item(), rows=rows,
        logprobs=[f32(lp.tolist()) for lp in logprobs],
    )))


def newton_schulz(g, steps=5):
    a, b, c = 3.4445, -4.775, 2.0315
    x = g / (g.norm() + 1e-7)
    if g.shape[0] > g.shape[1]:
        x = x.T
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def write_optimizers():
    g = torch.Generator().manual_seed(11)
    tensors = {}
    for name, shape in {"tall": (24, 16), "wide": (16, 24), "square": (16, 16)}.items():
        w = torch.randn(shape, generator=g, dtype=torch.float64).float().double() * 0.1
        w = w.float().double()
        buffer = torch.zeros_like(w)
        tensors[f"muon.{name}.w0"] = w.float()
        for step in range(3):
            grad = torch.randn(shape, generator=g, dtype=torch.float64).float().double()
            tensors[f"muon.{name}.g{step}"] = grad.float()
            buffer = 0.95 * buffer + grad
            direction = newton_schulz(grad + 0.95 * buffer)
            w = w * (1 - 0.02 * 0.01) - 0.02 * max(1, shape[0] / shape[1]) ** 0.5 * direction
        tensors[f"muon.{name}.w3"] = w.float()
    p = torch.nn.Parameter(torch.randn(50, generator=g, dtype=torch.float64).float().double())
    tensors["adamw.w0"] = p.detach().float().clone()
    optimizer = torch.optim.AdamW([p], lr=3e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    for step in range(3):
        p.grad = torch.randn(50, generator=g, dtype=torch.float64).float().double()
        tensors[f"adamw.g{step}"] = p.grad.float().clone()
        optimizer.step()
    tensors["adamw.w3"] = p.detach().float().clone()
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, OUT / "optimizers.safetensors")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    models = {name: make_model(config) for name, config in MODELS.items()}
    for name, model in models.items():
        write_model(name, model, MODELS[name])
    for name, (model, loss) in CASES.items():
        write_case(name, models[model], loss)
    write_optimizers()


main()
