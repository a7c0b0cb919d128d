import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

STAND_IN = str(Path(__file__).with_name("stand_in_host.py"))


def until(holds, seconds=60.0):
    """What `holds` answers as soon as it is true; fails where it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {holds}"
        time.sleep(0.1)
    return answer


@pytest.fixture
def plan_of(tmp_path):
    """Plans whose parts are stand-ins that answer a solver host's health."""
    from evom_ray.plan import Group, Plan

    def make(least=1, most=None, learner=None, **more):
        group = Group(
            kind="solver-host", file=str(tmp_path / "solver-hosts.txt"), least=least, most=most or least, cpus=1, gpus=0,
            command=[sys.executable, STAND_IN, "{host}", "{port}", str(tmp_path / "load")], health="/v1/health",
        )
        return Plan(
            name=tmp_path.name, address="auto", directory=str(tmp_path / "logs"), cwd=str(tmp_path), exposed=False, groups=[group],
            learner=learner, **more,
        )

    return make
