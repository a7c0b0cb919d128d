"""The Ray cluster that a plan names: its controller is an actor that outlives the command that made it."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from pathlib import Path

from .controller import Controller
from .engines import RayEngine, actor_options, group_name, namespace_of
from .plan import Plan

ASK_S = 90.0


class ClusterError(Exception):
    """Something that the user can mend."""


def check_listens(address: str) -> None:
    """Ray itself would try for minutes. Raises OSError or ValueError."""
    given = os.environ.get("RAY_ADDRESS", "auto") if address == "auto" else address
    if given in ("auto", "local") or "://" in given:
        return
    host, _, port = given.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


class PlacedController(Controller):
    """Ray starts it again where it died; it finds the parts by their names.

    Where its machine is only cut off, the one before may live on for a while. The newest has its name in a file, and the others end.
    """

    def __init__(self, plan: Plan) -> None:
        self._life = uuid.uuid4().hex
        self._newest = Path(plan.directory) / "controller"
        self._newest.parent.mkdir(parents=True, exist_ok=True)
        self._newest.write_text(self._life)
        super().__init__(plan, RayEngine(plan))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.tend_until, args=(self._stop,), daemon=True)
        self._thread.start()

    def tend(self) -> None:
        if self._newest.read_text() != self._life:
            os._exit(0)
        super().tend()

    def plan_text(self) -> str:
        return self.plan.to_json()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        super().end()


class RayCluster:
    def __init__(self, plan: Plan) -> None:
        """Raises ClusterError where there is no Ray, or no cluster at the plan's address."""
        try:
            import ray
        except ImportError as error:
            raise ClusterError(f"{error}; scripts/setup-ray.sh installs Ray, and EVOM_RAY names its Python") from error
        self.ray, self.plan = ray, plan
        try:
            check_listens(plan.address)
            ray.init(address=plan.address, namespace=namespace_of(plan.name), log_to_driver=False, logging_level="ERROR")
        except (OSError, ValueError, RuntimeError) as error:
            how = "`ray start --head` begins one here, `ray start --address HEAD:6379` adds a machine; --local does without Ray"
            raise ClusterError(f"no Ray cluster answers at {plan.address} ({str(error).splitlines()[0]}); {how}") from error

    def start(self) -> None:
        """Makes the controller, or finds the one of the same plan. Raises ClusterError where another plan is up."""
        self._check_reach()
        controller = self._controller()
        if controller is None:
            options = actor_options("controller", self.plan.name)
            # Where `evom cluster up` was run, as long as that machine is there: the trainer reads the files that it writes.
            here = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
                self.ray.get_runtime_context().get_node_id(), soft=True
            )
            cls = self.ray.remote(num_cpus=0)(PlacedController)
            controller = cls.options(**options, scheduling_strategy=here).remote(self.plan)
        if self._ask(controller.plan_text) != self.plan.to_json():
            raise ClusterError(f"a cluster named {self.plan.name} is up with other settings; end it with `evom cluster down`, or set another run.name")

    def _check_reach(self) -> None:
        machines = {node["NodeManagerAddress"] for node in self.ray.nodes() if node["Alive"]}
        if len(machines) > 1 and not self.plan.exposed and self.plan.groups:
            raise ClusterError(
                f"the cluster has {len(machines)} machines, and parts may listen to others only with a token: set the variables of "
                "solver_hosts.token_env and policy.openai.token_env, here and for the trainer"
            )

    def status(self) -> dict:
        controller = self._controller()
        if controller is None:
            raise ClusterError(f"no cluster named {self.plan.name} is up; `evom cluster up` starts it")
        return self._ask(controller.status)

    def end(self) -> dict:
        """Ends all parts and forgets them. Ending what is not up is no fault."""
        controller = self._controller()
        if controller is not None:
            try:
                self.ray.get(controller.end.remote(), timeout=ASK_S)
            except (self.ray.exceptions.RayActorError, self.ray.exceptions.GetTimeoutError):
                pass  # its parts are ended below
            self.ray.kill(controller, no_restart=True)
        for handle in RayEngine(self.plan).found().values():
            handle.end()
        try:
            self.ray.util.remove_placement_group(self.ray.util.get_placement_group(group_name(self.plan)))
        except ValueError:
            pass
        return {"name": self.plan.name, "up": False, "fault": None, "parts": [], "learner": None, "machines": []}

    def _controller(self):
        try:
            return self.ray.get_actor("controller", namespace=namespace_of(self.plan.name))
        except ValueError:
            return None

    def _ask(self, method):
        """What the controller answers; it may be on its way to another machine."""
        deadline = time.monotonic() + ASK_S
        while True:
            try:
                return self.ray.get(method.remote(), timeout=ASK_S)
            except (self.ray.exceptions.RayActorError, self.ray.exceptions.GetTimeoutError) as error:
                if time.monotonic() > deadline:
                    raise ClusterError(f"the controller of {self.plan.name} does not answer: {error}") from error
                time.sleep(1)
