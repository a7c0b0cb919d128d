"""What `evom cluster` asks: one word, and the plan as the first line of standard input.

    python -m evom_ray up|status|down|local

Each line of standard output is JSON: {"status": ...} as it changes, then {"done": true, "status": ...} or {"error": "..."} with exit code 1.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from .controller import POLL_S, Controller
from .engines import LocalEngine
from .plan import Plan
from .ray_cluster import ClusterError, RayCluster

START_S = 1800.0


def main(words: list[str]) -> int:
    plan = Plan.parse(sys.stdin.readline())
    work = {"up": up, "status": status, "down": down, "local": local}.get(words[0] if words else "")
    if work is None:
        say({"error": f"one of up, status, down and local is asked for, not {words}"})
        return 2
    try:
        say({"done": True, "status": work(plan)})
        return 0
    except ClusterError as error:
        say({"error": str(error)})
        return 1


def up(plan: Plan) -> dict:
    """Starts what the plan names and waits until all of it serves."""
    cluster = RayCluster(plan)
    cluster.start()
    told = Teller()
    deadline = time.monotonic() + START_S
    while not (now := cluster.status())["up"]:
        told.tell(now)
        if time.monotonic() > deadline:
            raise ClusterError(f"not all parts were up within {START_S:.0f} s: {missing(now)}; `evom cluster down` ends the others")
        time.sleep(1)
    return now


def status(plan: Plan) -> dict:
    return RayCluster(plan).status()


def down(plan: Plan) -> dict:
    return RayCluster(plan).end()


def local(plan: Plan) -> dict:
    """Without Ray: the same parts on this machine, until standard input ends."""
    controller = Controller(plan, LocalEngine(plan))
    stop, told = threading.Event(), Teller()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    try:
        while not stop.is_set():
            controller.tend()
            told.tell(controller.status())
            stop.wait(POLL_S)
    finally:
        controller.end()
    return controller.status()


class Teller:
    """Says how things stand when they stand otherwise than before; load changes all the time and is no news."""

    def __init__(self) -> None:
        self._last = None

    def tell(self, now: dict) -> None:
        learner = now["learner"]
        news = [(part["name"], part["phase"], part["address"], part["fault"]) for part in now["parts"]], learner and learner["phase"], now["fault"]
        if news != self._last:
            self._last = news
            say({"status": now})


def missing(now: dict) -> str:
    parts = [f"{part['name']} ({part['fault'] or part['phase']})" for part in now["parts"] if part["phase"] != "ready"]
    learner = now["learner"]
    return ", ".join([*parts, *([f"learner ({learner['phase']})"] if learner and learner["phase"] == "waiting for machines" else [])])


def say(line: dict) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
