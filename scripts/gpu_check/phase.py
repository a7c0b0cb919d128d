"""One phase: `python -m gpu_check.phase NAME --size SIZE --scratch DIR`. Prints `RESULT {...}` lines, the last of which counts."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from .main import RESULT, SKIPPED

MODULES = {
    "environment": "machine", "matmul": "machine", "gradient_small": "gradient", "gradient_large": "gradient", "sampling": "sampling",
    "closed_loop": "closed_loop", "evom_train": "evom_run", "vllm_reload": "vllm_server",
}


@dataclass(frozen=True)
class Phase:
    name: str
    size: str  # full | tiny
    scratch: Path
    tell: Callable[[dict], None]

    @property
    def is_tiny(self) -> bool:
        return self.size == "tiny"

    def skip(self, reason: str) -> NoReturn:
        """Ends the process: what the phase needs is not on this machine."""
        self.tell({"skipped": reason})
        sys.exit(SKIPPED)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=list(MODULES))
    parser.add_argument("--size", required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    arguments = parser.parse_args()
    figures: dict = {}

    def tell(more: dict) -> None:
        figures.update(more)
        print(f"\n{RESULT}{json.dumps(figures)}", flush=True)

    module = importlib.import_module(f"gpu_check.{MODULES[arguments.name]}")
    getattr(module, arguments.name)(Phase(arguments.name, arguments.size, arguments.scratch, tell))


if __name__ == "__main__":
    main()
