"""Snapshots and sent folders on two processes (gloo, CPU), led by either; torchrun over two machines is in test/servers."""

import dataclasses

import pytest
import torch
from golden import golden_batch, golden_learner
from test_sharded import on_two_processes

from evom_torch.sending import Sent, fingerprint, with_leader
from evom_torch.snapshots import Snapshots, _tensors


def whole(learner):
    return {name: tensor.full_tensor().clone() if hasattr(tensor, "full_tensor") else tensor.clone() for name, tensor in _tensors(learner).items()}


def _keep_and_go_on(world, folder, strategy, is_shared, leader):
    world = dataclasses.replace(world, leader=leader)
    root = folder / "run" if is_shared or world.leads else folder / f"elsewhere-{world.rank}"
    batch, _, _ = golden_batch("llama-grpo")
    make = lambda name: golden_learner("llama", folder / f"{name}-{world.rank}", world=world, strategy=strategy)
    first = make("first")
    snapshots = Snapshots(root, "session", 10, first, is_shared)
    for _ in range(2):
        first.step(batch, 1.0)
    snapshots.keep()
    expected = whole(first)
    second = make("second")
    assert Snapshots(root, "session", 10, second, is_shared).go_on(lambda *_: pytest.fail("there is no step to take again")) is None
    assert (second.version, second.updates) == (2, 2)
    assert all(torch.equal(value, expected[name]) for name, value in whole(second).items())
    assert first.step(batch, 0.5) == second.step(batch, 0.5)
    assert all(torch.equal(value, whole(first)[name]) for name, value in whole(second).items())
    third = make("third")
    assert Snapshots(root, "another session", 10, third, is_shared).go_on(lambda *_: None) is None
    assert third.version == 0


@pytest.mark.parametrize(("strategy", "is_shared", "leader"), [("fsdp", True, 0), ("ddp", True, 1), ("fsdp", False, 1), ("ddp", False, 0)])
def test_a_learner_goes_on_from_a_snapshot_to_the_bit(tmp_path, strategy, is_shared, leader):
    on_two_processes(_keep_and_go_on, tmp_path, strategy, is_shared, leader)


def _steps_again(world, folder):
    batch, _, _ = golden_batch("llama-grpo")
    learner = golden_learner("llama", folder / "model", world=world)
    snapshots = Snapshots(folder / "run", "session", 2, learner, True)
    step = folder / "step"
    step.mkdir()
    (step / "manifest.json").write_text('{"files": {}}')
    for k in range(3):
        snapshots.begin_step(step)
        learner.step(batch, 1.0)
        snapshots.end_step({"version": k + 1})
    again = golden_learner("llama", folder / "again", world=world)
    taken = []

    def replay(directory, manifest):
        taken.append(directory.name)
        again.step(batch, 1.0)

    assert Snapshots(folder / "run", "session", 2, again, True).go_on(replay) == {"version": 3}
    assert taken == ["step_000002"]
    assert all(torch.equal(value, whole(learner)[name]) for name, value in whole(again).items())


def test_one_process_takes_the_steps_since_its_snapshot_again(tmp_path):
    from golden import ALONE

    _steps_again(ALONE, tmp_path)


def _send(world, folder):
    own = folder / str(world.rank)
    own.mkdir()
    if world.rank == 1:
        (own / "exchange").mkdir()
        (own / "exchange" / "SESSION").write_text("this\n")
        (own / "deep").mkdir()
        (own / "deep" / "weights").write_bytes(bytes(range(256)) * 1000)
        (own / "empty").write_bytes(b"")
    else:
        (own / "empty").write_bytes(b"another")
    led = with_leader(world, own, "this")
    assert (led.leader, led.leads) == (1, world.rank == 1)
    sent = Sent(led, own)
    assert (sent.folder == own) == (world.rank == 1)
    assert fingerprint(sent.folder) == led.agree(fingerprint(own))
    led.barrier()
    copy = sent.folder
    sent.close()
    assert copy.exists() == (world.rank == 1)
    for session in ("another", "this"):
        try:
            with_leader(world, own / "nowhere", session)
        except ValueError as error:
            assert "no machine of the learner sees" in str(error)
        else:
            raise AssertionError("somebody leads")


def test_who_sees_the_exchange_leads_and_sends_what_others_lack(tmp_path, monkeypatch):
    monkeypatch.delenv("GROUP_RANK", raising=False)
    on_two_processes(_send_on_machines, tmp_path)


def _send_on_machines(world, folder):
    import os

    os.environ.update(GROUP_RANK=str(world.rank))  # each on a machine of its own
    _send(world, folder)
