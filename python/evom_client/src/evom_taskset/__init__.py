"""The name by which verifiers finds the taskset: `vf-eval evom-taskset`, or `taskset = {id = "evom-taskset"}` in prime-rl."""

from evom_client.verifiers_taskset import EvomTaskset

__all__ = ["EvomTaskset"]
