#!/usr/bin/env python3
"""Writes test/golden/surrogate.json: policy losses and their gradients by torch's autograd in float64.

The losses are written here from the papers' formulas with `min`, `clamp` and `detach`, and not from evom's closed-form
gradients, so that the two can disagree. Run again only when a formula changes:

    python scripts/make-surrogate-goldens.py > test/golden/surrogate.json
"""

import itertools
import json
import sys

import torch

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)


def f32(tensor):
    """Rounded to float32, as batches store it."""
    return tensor.float().double()


def random_batch():
    lengths = [6, 1, 9, 4]
    rows = []
    for i, length in enumerate(lengths):
        lp = -torch.rand(length) * 3
        old = f32(lp + torch.randn(length) * 0.4)
        mask = (torch.rand(length) < 0.75).double()
        if i == 3:
            mask[:] = 0
        rows.append(
            {
                "lp": lp,
                "old": old,
                "ref": f32(lp + torch.randn(length) * 0.5),
                "mask": mask,
                "advantage": float(torch.randn(())),
                "kl_weights": f32(torch.rand(length)),
                "loss_weight": 0.0 if i == 1 else 1.0,
            }
        )
    # A ratio far above the dual clip, under a negative advantage.
    rows[2]["advantage"] = -1.25
    rows[2]["mask"][0] = 1
    rows[2]["old"][0] = rows[2]["lp"][0] - 2
    return rows


def token_losses(row, lp, c):
    mask, advantage = row["mask"], row["advantage"]
    log_ratio = lp - row["old"]
    if c["ratio"] == "sequence":
        mean = (log_ratio * mask).sum() / mask.sum()
        log_ratio = mean.detach() + lp - lp.detach()
    ratio = log_ratio.exp()
    bounded = ratio.clamp(1 - c["clipLow"], 1 + c["clipHigh"])
    if c["surrogate"] == "sapo":
        tau = c["gateTemperature"]["positive" if advantage > 0 else "negative"]
        surrogate = 4 / tau * torch.sigmoid(tau * (ratio - 1)) * advantage
    elif c["surrogate"] == "dppo":
        moved = lp.exp() - row["old"].exp()
        dropped = moved > c["clipHigh"] if advantage > 0 else moved < -c["clipLow"]
        surrogate = torch.where(dropped, torch.zeros_like(ratio), ratio * advantage)
    elif c["surrogate"] == "cispo":
        surrogate = bounded.detach() * advantage * lp
    else:
        surrogate = torch.minimum(ratio * advantage, bounded * advantage)
        if c["dualClip"] is not None and advantage < 0:
            surrogate = torch.maximum(surrogate, torch.full_like(surrogate, c["dualClip"] * advantage))
    k = row["ref"] - lp
    kl = {"k1": -k, "k2": 0.5 * k * k, "k3": k.exp() - k - 1}[c["klEstimator"][:2]]
    if c["klEstimator"].endswith("+"):
        kl = kl.detach() + 0.5 * k * k - (0.5 * k * k).detach()
    if c.get("klUnbiased"):
        kl = kl * ratio
    return -surrogate + c["klCoef"] * row["kl_weights"] * kl


def loss_of(rows, lps, c):
    used = [(r, lp) for r, lp in zip(rows, lps) if r["loss_weight"] > 0 and r["mask"].sum() > 0]
    tokens = sum(r["mask"].sum() for r, _ in used)
    sums = [((token_losses(r, lp, c) * r["mask"]).sum(), r["mask"].sum()) for r, lp in used]
    if c["aggregation"] == "token_mean":
        return sum(s for s, _ in sums) / tokens
    if c["aggregation"] == "seq_mean_token_mean":
        return sum(s / n for s, n in sums) / len(used)
    if c["aggregation"] == "seq_mean_token_sum":
        return sum(s for s, _ in sums) / len(used)
    return sum(s / c["normLength"] for s, _ in sums) / len(used)


AGGREGATIONS = ["token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "seq_mean_token_sum_norm"]


def configurations():
    kinds = itertools.product(["token", "sequence"], ["ppo", "cispo"], [None, 3.0], ["k1", "k2", "k3"])
    for i, (ratio, surrogate, dual, estimator) in enumerate(kinds):
        aggregation = AGGREGATIONS[i % 4]
        yield {
            "type": "policy_gradient",
            "clipLow": 1.0 if i % 5 == 0 else 0.2,
            "clipHigh": 4.0 if i % 7 == 0 else 0.28,
            "dualClip": dual,
            "ratio": ratio,
            "surrogate": surrogate,
            "aggregation": aggregation,
            "normLength": 16 if aggregation == "seq_mean_token_sum_norm" else None,
            "klCoef": 0.0 if i % 3 == 0 else 0.05,
            "klEstimator": estimator,
        }
    # Soft gates and differences of probability; the KL term unbiased, and with the gradient of k2.
    kinds = [("token", "sapo", "k3"), ("sequence", "sapo", "k1+"), ("token", "dppo", "k3+"), ("token", "dppo", "k2"), ("token", "ppo", "k1+")]
    for i, (ratio, surrogate, estimator) in enumerate(kinds):
        yield {
            "type": "policy_gradient",
            "clipLow": 0.05,
            "clipHigh": 0.1,
            "dualClip": None,
            "ratio": ratio,
            "surrogate": surrogate,
            "gateTemperature": {"positive": 1.0, "negative": 1.5},
            "aggregation": AGGREGATIONS[i % 3],
            "normLength": None,
            "klCoef": 0.05,
            "klEstimator": estimator,
            "klUnbiased": i % 2 == 0,
        }


def main():
    rows = random_batch()
    cases = []
    for c in configurations():
        lps = [row["lp"].clone().requires_grad_() for row in rows]
        loss = loss_of(rows, lps, c)
        loss.backward()
        gradients = [(lp.grad if lp.grad is not None else torch.zeros_like(lp)).tolist() for lp in lps]
        cases.append({"loss": c, "value": loss.item(), "gradients": gradients})
    batch = [{key: value.tolist() if torch.is_tensor(value) else value for key, value in row.items()} for row in rows]
    json.dump({"torch": torch.__version__, "rows": batch, "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
