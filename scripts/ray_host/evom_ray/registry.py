"""The files that name addresses to the trainer: one a line, sorted, replaced whole, written only when they change."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_addresses(path: Path, addresses: Iterable[str]) -> bool:
    """Returns whether the file changed. A reader never sees half of it."""
    text = "".join(f"{address}\n" for address in sorted(set(addresses)))
    try:
        if path.read_text() == text:
            return False
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text)
    os.replace(temporary, path)
    return True
