"""Two processes with shards (gloo, CPU) against one with the whole model."""

import dataclasses

import numpy as np
import torch
import torch.multiprocessing
from golden import golden_batch, golden_learner
from safetensors.torch import load_file


def on_two_processes(work, *arguments):
    """Runs `work(rank, folder, ...)` on two ranks that have joined each other."""
    torch.multiprocessing.spawn(_joined, args=(work, _free_port(), *arguments), nprocs=2)


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _joined(rank, work, port, *arguments):
    import os

    from evom_torch.distributed import join_world

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), WORLD_SIZE="2", RANK=str(rank), LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    world = join_world("cpu")
    try:
        work(world, *arguments)
    finally:
        world.close()


def warm_batch():
    batch, _, _ = golden_batch("qwen2-gspo")
    rows = tuple(dataclasses.replace(row, ref_logprobs=None, temperature=0.7) for row in batch.rows)
    return dataclasses.replace(batch, rows=rows, loss={**batch.loss, "klEstimator": "k3", "klCoef": 0.1})


def _score_in_bfloat16(world, folder):
    from evom_torch import policy_model

    seen = []
    score = policy_model._score

    def watched(head, states, targets, inverse_temperature):
        seen.append((inverse_temperature.dtype, inverse_temperature.detach().clone()))
        return score(head, states, targets, inverse_temperature)

    policy_model._score = watched
    learner = golden_learner("qwen2", folder / str(world.rank), precision="bfloat16", world=world, strategy="fsdp")
    scores = learner.logprobs(warm_batch().rows)
    learner.step(warm_batch(), 1.0)
    for dtype, values in seen:
        assert dtype == torch.float32
        assert torch.allclose(values, torch.full_like(values, 1 / 0.7), rtol=1e-6, atol=0), values
    np.savez(folder / f"scores{world.rank}.npz", *scores)


def test_shards_in_bfloat16_score_at_the_temperature_that_was_asked_for(tmp_path):
    on_two_processes(_score_in_bfloat16, tmp_path)
    alone = golden_learner("qwen2", tmp_path / "alone", precision="bfloat16")
    expected = alone.logprobs(warm_batch().rows)
    for rank in (0, 1):
        found = np.load(tmp_path / f"scores{rank}.npz")
        # Here and there a token differs by 0.1 nats: shards compute norms in bfloat16, autocast in float32.
        differences = np.concatenate([np.abs(found[f"arr_{k}"] - value)[value != 0] for k, value in enumerate(expected)])
        assert 0 < differences.mean() < 0.15


def _write(world, folder):
    from evom_torch import learner as module
    from evom_torch.checkpoint import gather, write_state

    rows_of = []
    make = module.micro_batch

    def counted(*arguments):
        micro = make(*arguments)
        rows_of.append(micro.row_indices)
        return micro

    learner = golden_learner("qwen2", folder / str(world.rank), world=world, strategy="fsdp")
    batch = warm_batch()
    module.micro_batch = counted
    scores = learner._reference_logprobs(batch.rows)
    module.micro_batch = make
    scored = sum(len(rows) for rows in rows_of)
    assert 0 < scored < len(batch.rows), f"rank {world.rank} scored {scored} of {len(batch.rows)} rows"
    assert all(hasattr(p, "device_mesh") for p in learner._reference.parameters())
    learner.step(batch, 1.0)
    gathered = gather(world, learner.model.named_parameters())
    assert (len(gathered) > 0) == (world.rank == 0)
    target = folder / "state" if world.rank == 0 else folder / "none"
    write_state(learner, target)
    assert not (folder / "none").exists()
    np.savez(folder / f"reference{world.rank}.npz", *scores)


def test_ranks_share_the_reference_and_rank_0_alone_keeps_what_is_gathered(tmp_path):
    from evom_torch.checkpoint import write_state

    on_two_processes(_write, tmp_path)
    alone = golden_learner("qwen2", tmp_path / "alone")
    batch = warm_batch()
    expected = alone._reference_logprobs(batch.rows)
    for rank in (0, 1):
        found = np.load(tmp_path / f"reference{rank}.npz")
        assert all(np.abs(found[f"arr_{k}"] - value).max() < 1e-5 for k, value in enumerate(expected))
    alone.step(batch, 1.0)
    write_state(alone, tmp_path / "whole")
    for name in ("model.safetensors", "evom_state/optimizer.safetensors"):
        one, two = load_file(tmp_path / "whole" / name), load_file(tmp_path / "state" / name)
        assert one.keys() == two.keys()
        for key in one:
            assert torch.allclose(one[key], two[key], atol=1e-4), key
