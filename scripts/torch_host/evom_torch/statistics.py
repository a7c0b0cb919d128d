"""Figures of a step: sums over loss tokens that add up over micro-batches and processes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .loss import TokenColumns, TokenLoss

SUMS = ("loss", "tokens", "loss_tokens", "entropy", "approx_kl", "ref_kl", "clipped", "logprob_diff", "weight", "weight_squared")
MAXIMA = ("ratio_max", "logprob_diff_max")


def _k3(difference: Tensor) -> Tensor:
    return torch.exp(torch.clamp(difference, max=20)) - difference - 1


def largest(a: float, b: float) -> float:
    """The larger one; NaN where one is NaN, which Python's `max` may pass over."""
    return b if math.isnan(b) or b > a else a


class StepStatistics:
    def __init__(self) -> None:
        self.values = dict.fromkeys((*SUMS, *MAXIMA), 0.0)

    @torch.no_grad()
    def add(self, loss: dict, columns: TokenColumns, logprobs: Tensor, entropy: Tensor, result: TokenLoss, computed_tokens: int) -> None:
        live = columns.weight != 0
        lp, sampler = logprobs.detach()[live].double(), columns.sampler[live].double()
        values = self.values
        values["tokens"] += computed_tokens
        values["loss_tokens"] += int(live.sum())
        values["loss"] += float((columns.weight.double() * result.loss.detach().double()).sum())
        values["entropy"] += float(entropy[live].double().sum())
        if loss["type"] == "cross_entropy" or result.ratio is None or not bool(live.any()):
            return
        difference = lp - sampler
        values["approx_kl"] += float(_k3(difference).sum())
        if loss["klCoef"] != 0:
            values["ref_kl"] += float(_k3(columns.ref[live].double() - lp).sum())
        values["clipped"] += int(result.clipped[live].sum())
        values["ratio_max"] = largest(values["ratio_max"], float(result.ratio[live].max()))
        values["logprob_diff"] += float(difference.abs().sum())
        values["logprob_diff_max"] = largest(values["logprob_diff_max"], float(difference.abs().max()))
        ratio = torch.exp(torch.clamp(difference, -20, 20))
        values["weight"] += float(ratio.sum())
        values["weight_squared"] += float((ratio * ratio).sum())

    def metrics(self, loss: dict) -> dict[str, float]:
        """Named metrics, token means in nats; `tokens` counts computed token rows."""
        v = self.values
        count = v["loss_tokens"]
        mean = lambda name: v[name] / count if count else 0.0
        base = {"loss": v["loss"], "loss_tokens": count, "tokens": v["tokens"], "entropy": mean("entropy")}
        if loss["type"] == "cross_entropy":
            return base
        return {
            **base,
            "approx_kl": mean("approx_kl"),
            **({} if loss["klCoef"] == 0 else {"ref_kl": mean("ref_kl")}),
            "clip_fraction": mean("clipped"),
            "ratio_max": v["ratio_max"],
            "logprob_diff_mean": mean("logprob_diff"),
            "logprob_diff_max": v["logprob_diff_max"],
            # Kish's effective sample size of the weights pi_learner / pi_sampler, as a share of the loss tokens.
            "effective_sample_size": v["weight"] ** 2 / (count * v["weight_squared"]) if v["weight_squared"] else 1.0,
        }
