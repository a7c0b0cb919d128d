"""Completions from a transformers model: token ids in and out, each prompt read once for all of its samples.

Every call starts from an empty cache, so nothing of earlier weights is left in it: a cache that outlives an update would mix
two policies.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from transformers import DynamicCache

from .random_stream import RandomStreams
from .sampling import SamplingParams, draw


@dataclass(frozen=True)
class Request:
    prompt_ids: list[int]
    seeds: list[str]


@dataclass(frozen=True)
class Completion:
    request: int
    sample: int
    token_ids: list[int]
    logprobs: list[float]
    entropy: float
    finish_reason: str


@dataclass(frozen=True)
class Slot:
    request: int
    sample: int


class Sampler:
    def __init__(
        self, model: nn.Module, stop_ids: list[int], device: torch.device, rows: int,
        autocast: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
    ) -> None:
        self.model = model
        self.stop_ids = frozenset(stop_ids)
        self.device = device
        self.rows = rows
        self.autocast = autocast

    @torch.no_grad()
    def generate(self, requests: list[Request], params: SamplingParams) -> Iterator[Completion]:
        """Yields each completion as it ends. A sample's draws depend on its seed alone."""
        was_training = self.model.training
        self.model.eval()
        try:
            for slots in batches(requests, self.rows):
                yield from self._batch(requests, slots, params)
        finally:
            self.model.train(was_training)

    def _batch(self, requests: list[Request], slots: list[Slot], params: SamplingParams) -> Iterator[Completion]:
        prompts = sorted({slot.request for slot in slots})
        logits, cache, mask = self._prefill([requests[p].prompt_ids for p in prompts])
        place = torch.tensor([prompts.index(slot.request) for slot in slots], device=self.device)
        cache.batch_select_indices(place)
        logits, mask = logits[place], mask[place]
        streams = RandomStreams([requests[s.request].seeds[s.sample] for s in slots])
        live = list(range(len(slots)))  # slots of the rows that are computed, ended ones included until the next compaction
        tokens: list[list[int]] = [[] for _ in slots]
        logprobs: list[list[float]] = [[] for _ in slots]
        entropies: list[list[float]] = [[] for _ in slots]
        ended: set[int] = set()
        while True:
            uniform = torch.from_numpy(streams.next()).to(self.device)
            ids, lp, entropy = draw(logits, params, uniform)
            ids_list, lp_list, entropy_list = ids.tolist(), lp.tolist(), entropy.tolist()
            for row, slot in enumerate(live):
                if slot in ended:
                    continue
                tokens[slot].append(ids_list[row])
                logprobs[slot].append(lp_list[row])
                entropies[slot].append(entropy_list[row])
                stopped = ids_list[row] in self.stop_ids
                if stopped or len(tokens[slot]) == params.max_tokens:
                    ended.add(slot)
                    mean = max(0.0, sum(entropies[slot]) / len(entropies[slot]))
                    yield Completion(
                        slots[slot].request, slots[slot].sample, tokens[slot], logprobs[slot], mean, "stop" if stopped else "length"
                    )
            if len(ended) == len(slots):
                return
            remaining = [row for row, slot in enumerate(live) if slot not in ended]
            if len(remaining) <= len(live) // 2:
                keep = torch.tensor(remaining, device=self.device)
                cache.batch_select_indices(keep)
                mask, ids = mask[keep], ids[keep]
                streams.select(remaining)
                live = [live[row] for row in remaining]
            mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)
            with self.autocast():
                output = self.model(
                    input_ids=ids[:, None], attention_mask=mask, position_ids=mask.sum(1, keepdim=True) - 1, past_key_values=cache,
                    use_cache=True,
                )
            logits = output.logits[:, -1]

    def _prefill(self, prompts: list[list[int]]):
        """Last logits [P, V], cache and attention mask [P, longest] of left-padded prompts."""
        longest = max(map(len, prompts))
        ids = torch.zeros(len(prompts), longest, dtype=torch.long)
        mask = torch.zeros(len(prompts), longest, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            mask[row, longest - len(prompt) :] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        cache = DynamicCache()
        with self.autocast():
            output = self.model(
                input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1
            )
        return output.logits[:, -1], output.past_key_values, mask


def batches(requests: list[Request], rows: int) -> Iterator[list[Slot]]:
    """Samples in order of their requests, at most `rows` decoded together; the samples of a prompt stay together where they fit."""
    slots: list[Slot] = []
    for index, request in enumerate(requests):
        own = [Slot(index, k) for k in range(len(request.seeds))]
        if slots and len(slots) + len(own) > rows:
            yield slots
            slots = []
        while len(own) > rows:
            yield own[:rows]
            own = own[rows:]
        slots.extend(own)
    if slots:
        yield slots
