"""The loss of a token, and the weight with which it enters the batch's loss. Flat tensors [N] of loss tokens only."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Batch, Row

LOG_RATIO_BOUND = 20.0
SEQUENCE_LOG_RATIO_BOUND = 10.0
K3_BOUND = 10.0
GATE_TEMPERATURE = {"positive": 1.0, "negative": 1.05}


@dataclass(frozen=True)
class TokenColumns:
    """What the loss knows of its N tokens besides their log-probabilities; all float but `row`."""

    weight: Tensor
    advantage: Tensor
    sampler: Tensor
    # Log-probabilities of the policy before the step; NaN where the batch leaves them to the learner.
    old: Tensor
    ref: Tensor
    kl_weight: Tensor
    # [N] index in 0..num_rows-1 of the sequence that a token belongs to.
    row: Tensor
    num_rows: int


def row_scale(row: Row, batch: Batch) -> float:
    """Weight shared by the loss tokens of a row: the aggregation's denominator, times the row's `loss_weight`."""
    tokens = row.loss_tokens
    if tokens == 0:
        return 0.0
    aggregation = batch.loss["aggregation"]
    if aggregation == "token_mean":
        return row.loss_weight / batch.global_loss_tokens
    if aggregation == "seq_mean_token_mean":
        return row.loss_weight / (tokens * batch.global_loss_rows)
    if aggregation == "seq_mean_token_sum":
        return row.loss_weight / batch.global_loss_rows
    if aggregation == "seq_mean_token_sum_norm":
        norm = batch.loss.get("normLength")
        if not norm or norm <= 0:
            raise ValueError("aggregation seq_mean_token_sum_norm needs loss.normLength > 0")
        return row.loss_weight / (norm * batch.global_loss_rows)
    raise ValueError(f"unknown aggregation {aggregation}")


@dataclass(frozen=True)
class TokenLoss:
    """[N] loss of each token before weighting, KL included; ratio and whether the clip cut it, where there is a ratio."""

    loss: Tensor
    ratio: Tensor | None
    clipped: Tensor | None


def token_loss(loss: dict, logprobs: Tensor, columns: TokenColumns) -> TokenLoss:
    """The loss that `loss` (the batch's `LossConfig`) names; formulas in src/rl/surrogate.ts, the same for every learner."""
    if loss["type"] == "cross_entropy":
        return TokenLoss(-logprobs, None, None)
    if loss["type"] != "policy_gradient":
        raise ValueError(f"unknown loss {loss['type']}")
    detached = logprobs.detach()
    correction = loss.get("samplerCorrection")
    # Without log-probabilities of its own the sampler's are the old ones, unless a weight takes the sampler out of the ratio; a mask
    # leaves the ratio as it is and compares the learner with the sampler.
    masks = correction is not None and correction["type"] == "off_policy_mask"
    own = detached if correction and not masks else columns.sampler
    old = torch.where(torch.isnan(columns.old), own, columns.old)
    ratio = torch.exp(_log_ratio(loss["ratio"], logprobs, detached, old, columns))
    bounded = torch.clamp(ratio, 1 - loss["clipLow"], 1 + loss["clipHigh"])
    scale = sampler_weights(correction, detached if masks else old, columns) if correction else 1.0
    advantage = columns.advantage * scale
    if loss["surrogate"] == "cispo":
        value = -bounded.detach() * advantage * logprobs
        clipped = bounded != ratio
    elif loss["surrogate"] == "sapo":
        gates = loss.get("gateTemperature") or GATE_TEMPERATURE
        temperature = torch.where(advantage > 0, gates["positive"], gates["negative"])
        value = -advantage * 4 / temperature * torch.sigmoid(temperature * (ratio - 1))
        clipped = torch.zeros_like(ratio, dtype=torch.bool)
    elif loss["surrogate"] == "dppo":
        moved = torch.exp(detached) - torch.exp(old)
        clipped = torch.where(advantage > 0, moved > loss["clipHigh"], moved < -loss["clipLow"])
        value = torch.where(clipped, 0.0, -advantage * ratio)
    elif loss["surrogate"] == "ppo":
        value = torch.maximum(-advantage * ratio, -advantage * bounded)
        if loss["dualClip"] is not None:
            value = torch.where(advantage < 0, torch.minimum(value, -advantage * loss["dualClip"]), value)
        clipped = -advantage * bounded > -advantage * ratio
    else:
        raise ValueError(f"unknown surrogate {loss['surrogate']}")
    if loss["klCoef"] != 0:
        kl = kl_term(loss["klEstimator"], logprobs, columns.ref)
        value = value + loss["klCoef"] * columns.kl_weight * (kl * ratio if loss.get("klUnbiased") else kl)
    return TokenLoss(value, ratio.detach(), clipped.detach())


def _log_ratio(level: str, logprobs: Tensor, detached: Tensor, old: Tensor, columns: TokenColumns) -> Tensor:
    if level == "token":
        return torch.clamp(logprobs - old, -LOG_RATIO_BOUND, LOG_RATIO_BOUND)
    if level != "sequence":
        raise ValueError(f"unknown ratio {level}")
    # GSPO-token: the row's mean ratio, whose gradient goes to each token as if it were the token's.
    mean = _row_sums(detached - old, columns) / _row_counts(columns)
    return torch.clamp(mean[columns.row] + logprobs - detached, max=SEQUENCE_LOG_RATIO_BOUND)


def _row_sums(values: Tensor, columns: TokenColumns) -> Tensor:
    return torch.zeros(columns.num_rows, dtype=values.dtype, device=values.device).index_add(0, columns.row, values)


def _row_counts(columns: TokenColumns) -> Tensor:
    return _row_sums(torch.ones_like(columns.weight), columns).clamp(min=1)


def sampler_weights(correction: dict, old: Tensor, columns: TokenColumns) -> Tensor:
    """Detached weights `pi_old / pi_sampler` that answer for the difference between sampler and learner.

    `truncate` clamps the ratio to [low, high] (TIS); `mask` makes those outside weigh 0 (IcePop by token; `geometric` drops
    a sequence by its mean log-ratio and keeps token ratios); `off_policy_mask` drops sequences of negative advantage that have
    become less likely by more than `threshold` nats a token, and leaves the others as they are.
    """
    if correction["type"] == "off_policy_mask":
        means = (_row_sums(columns.sampler - old, columns) / _row_counts(columns))[columns.row]
        return torch.where((columns.advantage < 0) & (means > correction["threshold"]), 0.0, 1.0).to(old.dtype)
    low, high, level = correction["low"], correction["high"], correction["level"]
    difference = old - columns.sampler
    token = torch.exp(torch.clamp(difference, -LOG_RATIO_BOUND, LOG_RATIO_BOUND))
    sums = _row_sums(difference, columns)
    sequence = torch.exp(torch.clamp(sums, -LOG_RATIO_BOUND, LOG_RATIO_BOUND))[columns.row]
    if correction["type"] == "truncate":
        return torch.clamp(token if level == "token" else sequence, low, high)
    if correction["type"] != "mask":
        raise ValueError(f"unknown sampler correction {correction['type']}")
    if level == "geometric":
        mean = torch.exp(sums / _row_counts(columns))[columns.row]
        return torch.where((mean >= low) & (mean <= high), token, 0.0)
    ratio = token if level == "token" else sequence
    return torch.where((ratio >= low) & (ratio <= high), ratio, 0.0)


def kl_term(estimator: str, logprobs: Tensor, ref: Tensor) -> Tensor:
    """Schulman's estimators of KL(policy || reference) a token; k3's argument is clamped to ±20 and its value to 10.

    `k1+` and `k3+` have the gradient of k2.
    """
    if estimator == "k1":
        return logprobs - ref
    if estimator == "k2":
        return 0.5 * (logprobs - ref) ** 2
    if estimator == "k3":
        k = torch.clamp(ref - logprobs, -LOG_RATIO_BOUND, LOG_RATIO_BOUND)
        return torch.clamp(torch.exp(k) - k - 1, -K3_BOUND, K3_BOUND)
    if estimator in ("k1+", "k3+"):
        k2 = kl_term("k2", logprobs, ref)
        return k2 - k2.detach() + kl_term(estimator[:2], logprobs, ref).detach()
    raise ValueError(f"unknown KL estimator {estimator}")
