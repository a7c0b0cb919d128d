"""The directory through which batches come and weights go (src/servers/exchange.ts). Markers come last, files are renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from .distributed import World


def step_directory(root: Path, version: int) -> Path:
    return root / "exchange" / f"step_{version:06d}"


def save_directory(root: Path, version: int) -> Path:
    return root / "exchange" / f"save_{version:06d}"


def snapshots_directory(root: Path) -> Path:
    return root / "snapshots"


def has_snapshot(root: Path, session: str) -> bool:
    """Whether a learner of this session has written what its processes can go on from."""
    directory = snapshots_directory(root)
    try:
        return (directory / "SESSION").read_text().strip() == session and any(directory.glob("v*/counters.json"))
    except OSError:
        return False


def weights_directory(root: Path, version: int) -> Path:
    return root / "weights" / f"v{version:06d}"


def state_directory(root: Path, version: int) -> Path:
    return root / "state" / f"v{version:06d}"


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_published(directory: Path) -> dict | None:
    """The manifest of a directory marked READY, every file checked against it; None when it is not there yet."""
    if not (directory / "READY").exists():
        return None
    manifest = json.loads((directory / "manifest.json").read_text())
    for name, expected in manifest.get("files", {}).items():
        path = directory / name
        if not path.exists() or path.stat().st_size != expected["bytes"] or sha256(path) != expected["sha256"]:
            raise ValueError(f"{path} is missing or differs from its hash in manifest.json; publish the step again")
    return manifest


def publish(world: World, directory: Path, fill: Callable[[Path], None], facts: dict) -> None:
    """Makes a directory appear whole: filled under a temporary name, hashed, renamed, marked STABLE. All ranks call it."""
    temporary = directory.with_name(f"{directory.name}.tmp")
    if world.leads:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
    world.barrier()
    fill(temporary)
    if world.leads:
        _finish(temporary, directory, facts)
    world.barrier()


def _finish(temporary: Path, directory: Path, facts: dict) -> None:
    files = {}
    for path in sorted(p for p in temporary.rglob("*") if p.is_file()):
        _sync(path)
        files[path.relative_to(temporary).as_posix()] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    write_atomically(temporary / "manifest.json", json.dumps({**facts, "files": files}, indent=2) + "\n")
    shutil.rmtree(directory, ignore_errors=True)
    os.replace(temporary, directory)
    write_atomically(directory / "STABLE", "")
    _sync(directory.parent)
