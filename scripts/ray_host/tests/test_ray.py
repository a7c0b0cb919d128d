"""Real Ray, several raylets on this machine: what is placed, what a killed raylet costs, and what is left at the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import STAND_IN, until

os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's own is 15, and a busy machine of tests would starve its workers
ray = pytest.importorskip("ray", reason="Ray is not installed (scripts/setup-ray.sh)")
from evom_ray.guard import descendants  # noqa: E402
from evom_ray.plan import Group, LearnerPlan  # noqa: E402
from evom_ray.ray_cluster import ClusterError, RayCluster  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402


@pytest.fixture(scope="module")
def cluster():
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def up(cluster):
    """Brings a plan up on so many raylets of one CPU each, and everything down at the end."""
    begun, nodes = [], []

    def start(plan, raylets, **resources):
        nodes.extend(cluster.add_node(num_cpus=1, **resources) for _ in range(raylets))
        ray.shutdown()
        found = RayCluster(type(plan)(**{**vars(plan), "address": cluster.address}))
        begun.append(found)
        found.start()
        return found, nodes

    yield start
    for found in begun:
        found.end()
    for node in nodes:
        if node in cluster.worker_nodes:
            cluster.remove_node(node)
    ray.shutdown()


def addresses(plan):
    path = Path(plan.groups[0].file)
    return path.read_text().split() if path.exists() else []


def is_serving(address):
    """Whether the stand-in of an address is still a process, wherever its parents are."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    return subprocess.run(["pgrep", "-f", f"{STAND_IN} {host} {port} "], capture_output=True, check=False).stdout != b""


def ready(found):
    return (status := found.status())["up"] and status


def test_a_host_whose_raylet_is_killed_comes_back_elsewhere(cluster, up, plan_of):
    plan = plan_of(least=2)
    found, nodes = up(plan, 3)
    status = until(lambda: ready(found), 300)
    assert addresses(plan) == sorted(part["address"] for part in status["parts"])
    for _ in range(2):
        before = addresses(plan)
        victim = raylet_of(found, nodes, "solver-host-0")
        victim.kill()
        victim.wait()  # its workers look whether it is there, and a zombie is
        nodes.append(cluster.add_node(num_cpus=1))  # as an operator or Ray's autoscaler does
        after = until(lambda: len(now := addresses(plan)) == 2 and now != before and now, 300)
        (gone,) = set(before) - set(after)
        until(lambda: not is_serving(gone), 300)  # a worker notices by itself that its raylet is gone
    last = addresses(plan)
    assert all(map(is_serving, last))
    assert found.end()["parts"] == []
    assert addresses(plan) == []
    until(lambda: not any(map(is_serving, last)), 300)


def raylet_of(found, nodes, name):
    """The raylet that runs a part."""
    id_ = next(part["node"] for part in found.status()["parts"] if part["name"] == name)
    return next(node.all_processes["raylet"][0].process for node in nodes if node.node_id == id_)


def test_a_process_that_ends_by_itself_is_started_again(up, plan_of):
    plan = plan_of()
    found, _ = up(plan, 1)
    status = until(lambda: ready(found), 300)
    os.kill(descendants(status["parts"][0]["pid"])[-1], signal.SIGKILL)
    until(lambda: addresses(plan) not in ([], [status["parts"][0]["address"]]), 300)


def test_adds_hosts_for_a_queue_as_ray_has_room(tmp_path, up, plan_of):
    plan = plan_of(least=1, most=3)
    found, _ = up(plan, 2)
    until(lambda: ready(found), 300)
    (tmp_path / "load").write_text("40")
    until(lambda: len(addresses(plan)) == 2, 300)
    until(lambda: [part["phase"] for part in found.status()["parts"]].count("being placed") == 1, 60)  # the third has no machine


def test_model_servers_get_gpus_and_the_learner_machines_of_its_own(tmp_path, up, plan_of):
    root = tmp_path / "run"
    (root / "exchange").mkdir(parents=True)
    stand_in = tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec sleep 600\n')
    stand_in.chmod(0o755)
    plan = plan_of(learner=LearnerPlan(root=str(root), nodes=2, processes=1, cpus=0.5, gpus=1, python=str(stand_in)))
    devices = f"import os, runpy, sys; print('devices', os.environ['CUDA_VISIBLE_DEVICES'], flush=True); sys.argv = sys.argv[1:]; runpy.run_path({STAND_IN!r}, run_name='__main__')"
    server = Group(
        kind="model-server", file=str(tmp_path / "model-servers.txt"), least=2, most=2, cpus=0, gpus=1, health="/v1/health",
        command=[sys.executable, "-c", devices, "x", "{host}", "{port}", str(tmp_path / "load")],
    )
    plan = type(plan)(**{**vars(plan), "groups": [server]})
    found, _ = up(plan, 2, num_gpus=2)
    status = until(lambda: ready(found), 300)
    assert status["learner"]["phase"] == "waiting for the trainer"
    used = [(tmp_path / "logs" / f"model-server-{i}.log").read_text().split()[:2] for i in range(2)]
    assert all(word == "devices" and device.isdigit() for word, device in used)
    (root / "exchange" / "LAUNCH.json").write_text('{"id": "one", "arguments": ["--root", "r"]}')
    asked = until(lambda: (tmp_path / "asked").exists() and len(lines := (tmp_path / "asked").read_text().splitlines()) == 2 and lines)
    assert sorted(line.split("--node-rank ")[1][0] for line in asked) == ["0", "1"]
    assert until(lambda: (learner := found.status()["learner"])["phase"] == "running" and learner)["starts"] == 1


def test_another_plan_of_the_same_name_is_refused(up, plan_of):
    plan = plan_of()
    found, _ = up(plan, 1)
    other = type(plan)(**{**vars(plan), "exposed": True, "address": found.plan.address})
    with pytest.raises(ClusterError, match="cluster down"):
        other_cluster = RayCluster.__new__(RayCluster)
        other_cluster.ray, other_cluster.plan = ray, other
        other_cluster.start()


def test_says_how_to_begin_where_no_ray_is(plan_of):
    ray.shutdown()
    with pytest.raises(ClusterError, match="ray start --head"):
        RayCluster(type(plan := plan_of())(**{**vars(plan), "address": "127.0.0.1:1"}))
