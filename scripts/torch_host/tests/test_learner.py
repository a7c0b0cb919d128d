"""The gradient step against plain float64 references, and its laws: packing, checkpointing, resume, LoRA, bfloat16."""

import dataclasses
import json
import math
from argparse import Namespace

import numpy as np
import pytest
import torch
from golden import CASES, golden_batch, golden_learner, relative_error

from evom_torch import learner as module
from evom_torch.arguments import settle_precision
from evom_torch.checkpoint import load_state, write_state
from evom_torch.packing import micro_batch, pack
from evom_torch.policy_model import LoraOptions
from evom_torch.statistics import largest


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradient_equal_the_reference(name, tmp_path):
    batch, expected, gradients = golden_batch(name)
    learner = golden_learner(name.split("-")[0], tmp_path)
    statistics, _ = learner.accumulate(batch)
    assert statistics.values["loss"] == pytest.approx(expected, rel=1e-5)
    assert statistics.values["loss_tokens"] == batch.global_loss_tokens
    found = {n: p.grad for n, p in learner.trainable()}
    assert found.keys() == gradients.keys()
    for parameter, gradient in gradients.items():
        assert relative_error(found[parameter], gradient) < 1e-4, parameter


@pytest.mark.parametrize("change", [{"micro_batch_tokens": 1}, {"micro_batch_tokens": 24}, {"gradient_checkpointing": True}, {"attention": "eager"}])
def test_packing_checkpointing_and_attention_change_nothing(change, tmp_path):
    batch, _, gradients = golden_batch("qwen3-token-advantages")
    learner = golden_learner("qwen3", tmp_path, **change)
    learner.accumulate(batch)
    for name, p in learner.trainable():
        assert relative_error(p.grad, gradients[name]) < 1e-4, name


@pytest.mark.parametrize("tokens", [1, 24, 2048])
def test_rows_end_to_end_and_side_by_side_give_the_same_gradient(tokens, tmp_path, monkeypatch):
    batch, _, gradients = golden_batch("llama-grpo")
    for padded in (False, True):
        monkeypatch.setattr(module, "is_padded", lambda _device: padded)
        learner = golden_learner("llama", tmp_path, micro_batch_tokens=tokens)
        learner.accumulate(batch)
        for name, p in learner.trainable():
            assert relative_error(p.grad, gradients[name]) < 1e-4, name


def test_side_by_side_no_micro_batch_is_larger_than_asked_for_and_neighbours_in_length_share_one():
    batch, _, _ = golden_batch("llama-grpo")
    shorter = lambda row, n: dataclasses.replace(row, loss_mask=np.concatenate([row.loss_mask[:n], 0 * row.loss_mask[n:]]))
    row = batch.rows[0]
    last = int(np.flatnonzero(row.loss_mask)[-1])
    rows = (row, shorter(row, last), row, shorter(row, last))
    batch = dataclasses.replace(batch, rows=rows)
    assert pack(batch, 2 * last, 1, padded=True) == [[(0, 2), (1, 3)]]
    micro = micro_batch(batch, (0, 1), padded=True)
    assert micro.input_ids.shape == (2, last) and micro.position_ids.tolist() == [list(range(last))] * 2


def test_bfloat16_is_near_float32(tmp_path):
    batch, expected, gradients = golden_batch("llama-grpo")
    learner = golden_learner("llama", tmp_path, precision="bfloat16")
    statistics, _ = learner.accumulate(batch)
    assert statistics.values["loss"] == pytest.approx(expected, abs=0.05)
    flat = torch.cat([p.grad.flatten() for _, p in learner.trainable()])
    reference = torch.cat([gradients[n].flatten() for n, _ in learner.trainable()])
    assert flat.dtype == torch.float32
    assert relative_error(flat, reference) < 0.15


def test_training_lowers_the_loss_and_counts_versions(tmp_path):
    batch, _, _ = golden_batch("llama-sft")
    learner = golden_learner("llama", tmp_path)
    losses = [learner.step(batch, 1.0)["loss"] for _ in range(30)]
    assert losses[-1] < losses[0] / 2
    assert learner.version == 30


def test_resumed_ends_with_the_same_bits(tmp_path):
    batch, _, _ = golden_batch("llama-grpo")
    learner = golden_learner("llama", tmp_path / "model")
    for _ in range(3):
        learner.step(batch, 1.0)
    write_state(learner, tmp_path / "state")
    resumed = golden_learner("llama", tmp_path / "model")
    load_state(resumed, tmp_path / "state")
    assert (resumed.version, resumed.updates) == (3, 3)
    for one in (learner, resumed):
        one.step(batch, 0.5)
    for (name, a), (_, b) in zip(learner.trainable(), resumed.trainable()):
        assert torch.equal(a, b), name


def test_lora_starts_at_the_base_resumes_and_merges(tmp_path):
    batch, expected, _ = golden_batch("qwen2-gspo")
    lora = LoraOptions(rank=4, alpha=8.0, targets=("q_proj", "v_proj", "up_proj"))
    learner = golden_learner("qwen2", tmp_path / "model", lora=lora)
    assert learner.step(batch, 1.0)["loss"] == pytest.approx(expected, rel=1e-5)
    learner.step(batch, 1.0)
    write_state(learner, tmp_path / "state")
    resumed = golden_learner("qwen2", tmp_path / "model", lora=lora)
    load_state(resumed, tmp_path / "state")
    a, b = learner.step(batch, 1.0), resumed.step(batch, 1.0)
    assert a == b
    # The merged weights are a model of their own: it scores as base plus adapter did.
    from evom_torch.policy_model import TokenScorer, load_model

    merged = TokenScorer(load_model(tmp_path / "state", torch.float32, "sdpa"))
    again = golden_learner("qwen2", tmp_path / "model", lora=lora)
    load_state(again, tmp_path / "state")
    for x, y in zip(again.logprobs(batch.rows), again.logprobs(batch.rows, merged)):
        assert abs(x - y).max() < 1e-5


@pytest.mark.parametrize("lora", [None, LoraOptions(rank=2, alpha=4.0, targets=("q_proj",))])
def test_reference_logprobs_are_those_of_the_first_weights(lora, tmp_path):
    batch, _, _ = golden_batch("qwen2-gspo")
    rows = tuple(dataclasses.replace(row, ref_logprobs=None) for row in batch.rows)
    batch = dataclasses.replace(batch, rows=rows, loss={**batch.loss, "klEstimator": "k3", "klCoef": 0.1})
    learner = golden_learner("qwen2", tmp_path, lora=lora)
    assert learner.step(batch, 1.0)["ref_kl"] == pytest.approx(0, abs=1e-9)
    for _ in range(3):
        last = learner.step(batch, 1.0)
    assert last["ref_kl"] > 1e-7


def test_files_have_the_same_bytes_each_time_and_load_elsewhere(tmp_path):
    from safetensors import safe_open

    from evom_torch.safetensors_file import save_file

    tensors = {"b": torch.randn(3, 5), "a": torch.randn(7).to(torch.bfloat16), "scalar": torch.tensor(2.5)}
    metadata = {name: name.upper() for name in "zyxwv"}
    for name in ("one", "two"):
        save_file(tensors, tmp_path / name, metadata)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safe_open(tmp_path / "one", framework="pt") as file:
        assert file.metadata() == {"format": "pt", **metadata}
        assert all(torch.equal(file.get_tensor(name), value) for name, value in tensors.items())


def test_figures_that_are_not_finite_are_there_as_none(tmp_path):
    # JSON has no NaN, and a figure that is left out looks like one that nobody measured.
    assert math.isnan(largest(0.0, math.nan)) and math.isnan(largest(math.nan, 1.0)) and largest(2.0, 1.0) == 2.0
    batch, _, _ = golden_batch("llama-sft")
    learner = golden_learner("llama", tmp_path)
    rows = tuple(dataclasses.replace(row, temperature=1e-42) for row in batch.rows)
    figures = learner.step(dataclasses.replace(batch, rows=rows), 1.0)
    assert figures["skipped"] == 1 and figures["grad_norm"] is None
    json.dumps(figures, allow_nan=False)


def test_nothing_in_the_loss_changes_nothing(tmp_path):
    batch, _, _ = golden_batch("llama-sft")
    empty = dataclasses.replace(batch, rows=tuple(dataclasses.replace(row, loss_weight=0.0) for row in batch.rows))
    learner = golden_learner("llama", tmp_path)
    before = [p.clone() for _, p in learner.trainable()]
    metrics = learner.step(empty, 1.0)
    assert (metrics["loss"], metrics["loss_tokens"], metrics["skipped"]) == (0, 0, 1)
    assert all(torch.equal(a, b) for a, (_, b) in zip(before, learner.trainable()))


def test_a_row_longer_than_the_model_is_refused_before_anything_changes(tmp_path):
    batch, _, _ = golden_batch("llama-sft")
    learner = golden_learner("llama", tmp_path)
    learner.max_positions = 5
    with pytest.raises(ValueError, match="the model has 5 positions"):
        learner.step(batch, 1.0)
    assert learner.version == 0


@pytest.mark.parametrize(("device", "amx", "asked", "taken"), [
    ("cpu", False, "auto", "float32"), ("cpu", True, "auto", "bfloat16"), ("cuda", False, "auto", "bfloat16"), ("cpu", False, "bfloat16", "bfloat16"),
])
def test_takes_the_precision_that_the_device_is_fast_at(monkeypatch, device, amx, asked, taken):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    arguments = Namespace(precision=asked)
    settle_precision(arguments, torch.device(device))
    assert arguments.precision == taken
