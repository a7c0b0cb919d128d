"""Who runs the parts: Ray's actors on many machines, or this process on this one. Both answer alike."""

from __future__ import annotations

import ipaddress

from .part import Part
from .plan import Group, LearnerPlan, Plan
from .process import PACKAGE_FOLDER
from .rank import Rank

LOOPBACK = "127.0.0.1"
ANSWER_S = 0.3
ASK_S = 5.0
# A process is given five seconds to end before it is killed.
CALL_S = 20.0
ROOM_S = 20.0


class LocalHandle:
    def __init__(self, part: Part | Rank) -> None:
        self._part = part

    def ask(self) -> None:
        """Asks for its state; `answer` takes it."""

    def answer(self) -> dict:
        return self._part.state()

    def call(self, method: str, *arguments):
        return getattr(self._part, method)(*arguments)

    def end(self) -> None:
        self._part.stop()


class LocalEngine:
    """Parts on this machine. One that ends stays ended: starting it again is what Ray is for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def part(self, group: Group, name: str) -> LocalHandle:
        return LocalHandle(Part(group, name, LOOPBACK, self.plan.directory, self.plan.cwd, restarts=False))

    def found(self) -> dict[str, LocalHandle]:
        return {}

    def ranks(self, learner: LearnerPlan) -> list[LocalHandle]:
        """All processes of the learner on this machine, by one torchrun for each of its machines."""
        return [LocalHandle(Rank(f"learner-{i}", LOOPBACK, self.plan.directory, self.plan.cwd)) for i in range(learner.nodes)]

    def machines(self) -> list[dict]:
        return []


class RayHandle:
    def __init__(self, actor) -> None:
        self._actor = actor
        self._asked = None

    def ask(self) -> None:
        """Asks for its state; `answer` takes it. A question to an actor that is being placed waits, so there is one at a time."""
        if self._asked is None:
            self._asked = self._actor.state.remote()

    def answer(self) -> dict | None:
        """None where there is no answer yet: the actor is being placed or started again, or its machine is away."""
        import ray

        done, _ = ray.wait([self._asked], timeout=ANSWER_S)
        if not done:
            return None
        reference, self._asked = self._asked, None
        return self._got(reference, ASK_S)

    def call(self, method: str, *arguments):
        """None where the actor cannot be reached."""
        return self._got(getattr(self._actor, method).remote(*arguments), CALL_S)

    @staticmethod
    def _got(reference, timeout: float):
        import ray

        try:
            return ray.get(reference, timeout=timeout)
        except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError):
            return None

    def end(self) -> None:
        import ray

        self.call("stop")
        ray.kill(self._actor, no_restart=True)


def namespace_of(name: str) -> str:
    return f"evom-{name}"


def actor_options(name: str, plan_name: str) -> dict:
    """An actor that outlives who made it, that Ray starts again wherever there is room, and that finds this package."""
    return {
        "name": name, "namespace": namespace_of(plan_name), "lifetime": "detached", "max_restarts": -1, "get_if_exists": True,
        "runtime_env": {"env_vars": {"PYTHONPATH": str(PACKAGE_FOLDER)}},
    }


class RayEngine:
    """Parts as detached actors of a namespace, found again by their names."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def part(self, group: Group, name: str) -> RayHandle:
        import ray

        cls = ray.remote(num_cpus=group.cpus, num_gpus=group.gpus)(PlacedPart)
        # Hosts apart, where a lost machine takes one; GPUs packed, so that whole machines stay free for the learner.
        options = {**actor_options(name, self.plan.name), "scheduling_strategy": "DEFAULT" if group.gpus else "SPREAD"}
        return RayHandle(cls.options(**options).remote(group, name, self.plan))

    def found(self) -> dict[str, RayHandle]:
        import ray

        space = namespace_of(self.plan.name)
        names = [one["name"] for one in ray.util.list_named_actors(all_namespaces=True) if one["namespace"] == space]
        return {name: RayHandle(ray.get_actor(name, namespace=space)) for name in names if name != "controller"}

    def ranks(self, learner: LearnerPlan) -> list[RayHandle]:
        """One actor on each of the learner's machines, placed all or none; a lost machine's bundle is placed anew by Ray."""
        import ray
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        try:
            group = ray.util.get_placement_group(group_name(self.plan))
        except ValueError:
            bundle = {"CPU": learner.cpus, **({"GPU": learner.gpus} if learner.gpus else {})}
            strategy = "STRICT_SPREAD" if learner.nodes > 1 else "STRICT_PACK"
            group = placement_group([bundle] * learner.nodes, strategy=strategy, name=group_name(self.plan), lifetime="detached")
        group.wait(ROOM_S)  # what is asked for next would else take its room
        cls = ray.remote(num_cpus=learner.cpus, num_gpus=learner.gpus)(PlacedRank)
        return [
            RayHandle(
                cls.options(
                    **actor_options(f"learner-{i}", self.plan.name),
                    scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=i),
                ).remote(f"learner-{i}", self.plan)
            )
            for i in range(learner.nodes)
        ]

    def machines(self) -> list[dict]:
        import ray

        return [
            {"address": node["NodeManagerAddress"], "alive": node["Alive"], "cpus": node["Resources"].get("CPU", 0), "gpus": node["Resources"].get("GPU", 0)}
            for node in ray.nodes()
        ]


def group_name(plan: Plan) -> str:
    return f"{namespace_of(plan.name)}-learner"


def own_address(plan: Plan) -> str:
    """Where a part listens: its machine's address in the cluster where the plan exposes it, else this machine alone."""
    import ray

    address = ray.util.get_node_ip_address() if plan.exposed else LOOPBACK
    ipaddress.ip_address(address)
    return address


class PlacedPart(Part):
    def __init__(self, group: Group, name: str, plan: Plan) -> None:
        super().__init__(group, name, own_address(plan), plan.directory, plan.cwd, restarts=True)

    def state(self) -> dict:
        import ray

        return {**super().state(), "machine": ray.util.get_node_ip_address(), "node": ray.get_runtime_context().get_node_id()}


class PlacedRank(Rank):
    """Ranks of several machines meet at the first one's address, whatever else is exposed."""

    def __init__(self, name: str, plan: Plan) -> None:
        import ray

        super().__init__(name, ray.util.get_node_ip_address(), plan.directory, plan.cwd)

    def state(self) -> dict:
        import ray

        return {**super().state(), "node": ray.get_runtime_context().get_node_id()}
