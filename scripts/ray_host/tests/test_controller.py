"""The controller on this machine, without Ray: real processes, their addresses in the file, the learner's request."""

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path

from conftest import until
from evom_ray.controller import Controller
from evom_ray.engines import LocalEngine
from evom_ray.gang import Gang, from_newest
from evom_ray.guard import descendants
from evom_ray.plan import LearnerPlan, Plan
from evom_ray.registry import write_addresses


def addresses(plan):
    path = Path(plan.groups[0].file)
    return path.read_text().split() if path.exists() else []


def tended(controller):
    controller.tend()
    return controller.status()


def test_names_each_part_that_answers_and_none_at_the_end(plan_of):
    plan = plan_of(least=2)
    assert Plan.parse(plan.to_json()) == plan
    controller = Controller(plan, LocalEngine(plan))
    try:
        status = until(lambda: (now := tended(controller))["up"] and now)
        assert [part["phase"] for part in status["parts"]] == ["ready", "ready"]
        assert sorted(part["address"] for part in status["parts"]) == addresses(plan)
        for address in addresses(plan):
            with urllib.request.urlopen(f"{address}/v1/health", timeout=10) as answer:
                assert answer.status == 200
        os.kill(descendants(status["parts"][0]["pid"])[-1], signal.SIGKILL)
        until(lambda: tended(controller)["parts"][0]["phase"] == "ended")
        assert addresses(plan) == [status["parts"][1]["address"]]
        assert not tended(controller)["up"]
    finally:
        controller.end()
    assert addresses(plan) == []


def test_tells_why_a_part_does_not_start(plan_of):
    plan = plan_of()
    plan.groups[0].command[:] = [sys.executable, "-c", "raise SystemExit('there is no Python at .venv-solvers')"]
    controller = Controller(plan, LocalEngine(plan))
    try:
        part = until(lambda: (one := tended(controller)["parts"][0])["phase"] == "ended" and one)
        assert "there is no Python at .venv-solvers" in part["fault"] and "exit code 1" in part["fault"]
    finally:
        controller.end()


def test_the_file_is_replaced_whole_and_only_when_it_changes(tmp_path):
    path = tmp_path / "hosts" / "hosts.txt"
    assert write_addresses(path, ["http://b:1", "http://a:1", "http://a:1"])
    assert path.read_text() == "http://a:1\nhttp://b:1\n"
    before = path.stat().st_ino
    assert not write_addresses(path, ["http://a:1", "http://b:1"])
    assert path.stat().st_ino == before
    assert write_addresses(path, []) and path.read_text() == ""
    assert [one.name for one in path.parent.iterdir()] == ["hosts.txt"]


def test_the_learner_begins_when_the_trainer_asks_and_again_from_the_newest_checkpoint(tmp_path, plan_of):
    # In the place of the interpreter, a program that keeps its arguments.
    stand_in = tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec sleep 600\n')
    stand_in.chmod(0o755)
    root = tmp_path / "run"
    (root / "exchange").mkdir(parents=True)
    learner = LearnerPlan(root=str(root), nodes=1, processes=1, cpus=1, gpus=0, python=str(stand_in))
    plan = plan_of(learner=learner)
    gang = Gang(learner, LocalEngine(plan).ranks(learner))
    asked = lambda: (tmp_path / "asked").read_text().splitlines() if (tmp_path / "asked").exists() else []
    try:
        assert gang.tend()["phase"] == "waiting for the trainer"
        request = {"id": "one", "arguments": ["--root", str(root), "--model", "m"]}
        (root / "exchange" / "LAUNCH.json").write_text(json.dumps(request))
        assert gang.tend()["phase"] == "starting"
        until(lambda: len(asked()) == 1)
        assert asked()[0].startswith(f"-m evom_torch.learn --root {root} --model m --parent {os.getpid()}")
        assert gang.tend()["phase"] == "running" and gang.starts == 1
        (root / "checkpoints" / "000004" / "evom_state").mkdir(parents=True)
        (root / "latest").write_text("checkpoints/000004\n")
        (root / "exchange" / "LAUNCH.json").write_text(json.dumps({**request, "id": "two"}))
        assert gang.tend()["phase"] == "starting"
        until(lambda: len(asked()) == 2)
        assert f"--from-checkpoint {root}/checkpoints/000004" in asked()[1]
        (root / "exchange" / "LAUNCH.json").unlink()
        gang.tend()
        assert gang.tend()["phase"] == "waiting for the trainer"
    finally:
        for rank in gang.ranks:
            rank.end()


def test_is_not_up_before_the_learner_was_looked_at(tmp_path, plan_of):
    learner = LearnerPlan(root=str(tmp_path), nodes=1, processes=1, cpus=1, gpus=0, python="python")
    plan = plan_of(learner=learner)
    controller = Controller(Plan(**{**vars(plan), "groups": []}), LocalEngine(plan))
    assert not controller.status()["up"]
    assert tended(controller)["up"]
    controller.end()


def test_several_machines_meet_at_the_first_ones_address():
    learner = LearnerPlan(root="/run", nodes=2, processes=4, cpus=1, gpus=4, python="py")
    words = Gang(learner, []).command(1, "10.0.0.7:4000", ["--root", "/run"])
    assert words[:3] == ["py", "-m", "torch.distributed.run"]
    assert " ".join(words[3:]) == (
        "--nnodes 2 --node-rank 1 --nproc-per-node 4 --master-addr 10.0.0.7 --master-port 4000 -m evom_torch.learn --root /run"
    )


def test_from_newest_leaves_arguments_where_there_is_no_checkpoint(tmp_path):
    assert from_newest(["--model", "m"], tmp_path) == ["--model", "m"]
    (tmp_path / "latest").write_text("checkpoints/000002\n")
    assert from_newest(["--model", "m"], tmp_path) == ["--model", "m"]
    (tmp_path / "checkpoints/000002/evom_state").mkdir(parents=True)
    assert from_newest(["--from-checkpoint", "old", "--model", "m"], tmp_path) == [
        "--model", "m", "--from-checkpoint", str(tmp_path / "checkpoints/000002"),
    ]
