"""Drawing tokens from rows of logits, by the rules of src/embedded/sampler/sampling.ts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SamplingParams:
    temperature: float  # 0 is greedy, whose log-probabilities are those at 1
    top_k: int  # 0 keeps all
    top_p: float  # 1 keeps all
    max_tokens: int


def draw(logits: Tensor, params: SamplingParams, uniform: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One token a row by inverse CDF.

    logits [R, V]; uniform [R] float64 in [0, 1). Returns [R] ids, [R] log-probabilities (nats, at the sampling temperature,
    before the filters) and [R] entropies.
    """
    temperature = params.temperature if params.temperature > 0 else 1.0
    logprobs = torch.log_softmax(logits.float() / temperature, dim=-1)
    probabilities = logprobs.exp()
    entropy = -(probabilities * logprobs.clamp(min=torch.finfo(torch.float32).min)).sum(-1)
    if params.temperature == 0:
        ids = probabilities.argmax(-1)
    elif params.top_k == 0 and params.top_p >= 1:
        ids = _inverse_cdf(probabilities, uniform)
    else:
        kept, order = _filtered(probabilities, params)
        place = _inverse_cdf(kept, uniform * kept.double().sum(-1))
        ids = order.gather(1, place[:, None])[:, 0]
    return ids, logprobs.gather(1, ids[:, None])[:, 0], entropy


def _inverse_cdf(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """First index whose cumulative probability exceeds `uniform`; the last possible one where rounding leaves none."""
    cumulative = probabilities.double().cumsum(-1)
    index = (cumulative <= uniform[:, None]).sum(-1)
    places = torch.arange(probabilities.shape[1], device=probabilities.device)
    last = torch.where(probabilities > 0, places, -1).amax(-1)
    return torch.minimum(index, last.clamp(min=0))


def _filtered(probabilities: Tensor, params: SamplingParams) -> tuple[Tensor, Tensor]:
    """Probabilities sorted from the likeliest, 0 where top-k and then top-p drop them, and the ids in that order."""
    ordered, order = torch.sort(probabilities, dim=-1, descending=True, stable=True)
    kept = torch.ones_like(ordered, dtype=torch.bool)
    if params.top_k > 0:
        kept[:, params.top_k :] = False
    if params.top_p < 1:
        mass = torch.where(kept, ordered, 0).double()
        total = mass.sum(-1, keepdim=True)
        before = mass.cumsum(-1) - mass
        kept &= before < params.top_p * total
        kept[:, 0] = True
    return torch.where(kept, ordered, 0), order
