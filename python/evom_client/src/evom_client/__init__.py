"""Rewards of an evom server (`evom serve`) for Python trainers; the standard library is all it needs.

Each trainer has a module of its own: `evom_client.trl`, `.verl`, `.verifiers_taskset`, `.skyrl`.
"""

from .client import EvomClient, Scored, Unavailable, Unscorable

__all__ = ["EvomClient", "Scored", "Unavailable", "Unscorable"]
