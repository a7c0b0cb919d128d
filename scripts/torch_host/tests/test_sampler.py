"""Sampling: the draws of src/lib/random.ts, the model's own probabilities, and nothing left of earlier weights."""

import numpy as np
import pytest
import torch
from golden import ALONE, golden_batch, golden_learner

from evom_torch.host import scored_row
from evom_torch.random_stream import RandomStreams
from evom_torch.sampler import Request, Sampler, batches
from evom_torch.sampling import SamplingParams, draw

FREE = SamplingParams(temperature=1.0, top_k=0, top_p=1.0, max_tokens=12)
REQUESTS = [Request([3, 8, 13, 18, 23], [f"a/{k}" for k in range(4)]), Request([7], ["b/0"]), Request(list(range(2, 19)), [f"c/{k}" for k in range(6)])]


def sampler_of(learner, rows=64):
    return Sampler(learner.model, [1, 5], ALONE.device, rows)


def by_place(completions):
    return {(c.request, c.sample): c for c in completions}


@pytest.mark.parametrize("params", [FREE, SamplingParams(0.7, 5, 0.9, 12), SamplingParams(0.0, 0, 1.0, 12)])
def test_logprobs_are_those_of_a_full_forward_pass(params, tmp_path):
    learner = golden_learner("qwen2", tmp_path)
    found = by_place(sampler_of(learner).generate(REQUESTS, params))
    assert sorted(found) == [(i, k) for i, r in enumerate(REQUESTS) for k in range(len(r.seeds))]
    rows = tuple(scored_row(REQUESTS[i].prompt_ids, c.token_ids, params.temperature or 1.0) for (i, _), c in found.items())
    for (_, completion), scores in zip(found.items(), learner.logprobs(rows)):
        assert np.abs(scores[len(scores) - len(completion.token_ids) :] - np.array(completion.logprobs)).max() < 1e-5


def test_draws_depend_on_the_seed_and_not_on_the_batch(tmp_path):
    learner = golden_learner("llama", tmp_path)
    together = by_place(sampler_of(learner).generate(REQUESTS, FREE))
    for rows in (1, 3):
        apart = by_place(sampler_of(learner, rows).generate(REQUESTS, FREE))
        assert {k: c.token_ids for k, c in apart.items()} == {k: c.token_ids for k, c in together.items()}
    same = list(sampler_of(learner).generate([Request([3, 4], ["same", "same"])], FREE))
    assert same[0].token_ids == same[1].token_ids


def test_after_a_step_new_weights_are_sampled(tmp_path):
    batch, _, _ = golden_batch("llama-sft")
    learner = golden_learner("llama", tmp_path)
    sampler = sampler_of(learner)
    list(sampler.generate(REQUESTS, FREE))
    learner.step(batch, 1.0)
    found = list(sampler.generate(REQUESTS, FREE))
    rows = tuple(scored_row(REQUESTS[c.request].prompt_ids, c.token_ids, 1.0) for c in found)
    for completion, scores in zip(found, learner.logprobs(rows)):
        assert np.abs(scores[len(scores) - len(completion.token_ids) :] - np.array(completion.logprobs)).max() < 1e-5


def test_ends_at_the_first_stop_token_or_at_the_limit(tmp_path):
    learner = golden_learner("llama", tmp_path)
    many = list(sampler_of(learner).generate([Request([3, 4], [f"s/{k}" for k in range(40)])], SamplingParams(1.0, 0, 1.0, 8)))
    assert {c.finish_reason for c in many} == {"stop", "length"}
    for c in many:
        stop = next((i for i, t in enumerate(c.token_ids) if t in (1, 5)), None)
        assert len(c.token_ids) == (8 if stop is None else stop + 1)


def test_streams_are_those_of_the_orchestrator():
    # randomStream('7/sample/0') and randomStream('a/b') of src/lib/random.ts, four draws each.
    streams = RandomStreams(["7/sample/0", "a/b"])
    drawn = np.stack([streams.next() for _ in range(4)], axis=1)
    expected = [
        [0.6344559555873275, 0.23474222281947732, 0.8728661201894283, 0.5192804695107043],
        [0.9947846720460802, 0.8936280235648155, 0.2641421272419393, 0.6112180724740028],
    ]
    assert drawn.tolist() == expected
    streams.select([1])
    assert streams.next().shape == (1,)


def test_filters_keep_the_likeliest():
    logits = torch.log(torch.tensor([[0.125, 0.5, 0.25, 0.125]]))
    at = lambda u, **change: draw(logits, SamplingParams(**{"temperature": 1.0, "top_k": 0, "top_p": 1.0, "max_tokens": 1, **change}), torch.tensor([u], dtype=torch.float64))[0].item()
    assert [at(u) for u in (0.0, 0.124, 0.126, 0.7, 0.9, 0.9999999)] == [0, 0, 1, 2, 3, 3]
    assert [at(u, top_k=3, top_p=0.8) for u in (0.0, 0.66, 0.67, 0.99)] == [1, 1, 2, 2]
    assert [at(u, top_k=1) for u in (0.0, 0.99)] == [1, 1]
    assert at(0.99, temperature=0.0) == 1


def test_the_samples_of_a_prompt_stay_together_where_they_fit():
    slots = list(batches([Request([1], ["x"] * 3), Request([1], ["x"] * 3), Request([1], ["x"] * 9)], 4))
    assert [[s.request for s in one] for one in slots] == [[0, 0, 0], [1, 1, 1], [2] * 4, [2] * 4, [2]]
