"""Folders that not every machine of a learner sees: the leader sends their files to the others. Storage is looked at, never assumed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import torch

from .distributed import World

CHUNK_BYTES = 64 << 20
# Of a longer file only this much of its beginning and its end is compared, beside its size.
COMPARED_BYTES = 1 << 20


def with_leader(world: World, root: Path, session: str | None) -> World:
    """The world led by the lowest rank that sees the trainer's exchange directory.

    torchrun may number ranks anew after a restart, and only some machines may see the run's directory: who sees it leads. Raises
    ValueError, on every rank, where nobody does.
    """
    seen = world.all(sees(root, session))
    if True not in seen:
        raise ValueError(f"no machine of the learner sees {root} of the trainer; run the trainer on one of them, or share the folder")
    return dataclasses.replace(world, leader=seen.index(True))


def sees(root: Path, session: str | None) -> bool:
    """Whether this is the run's directory as its trainer sees it: a folder of the same name elsewhere is another."""
    if session is None:
        return root.is_dir()
    try:
        return (root / "exchange" / "SESSION").read_text().strip() == session
    except OSError:
        return False


def fingerprint(folder: Path) -> tuple | None:
    """Names, sizes and samples of the contents; None where the folder is missing. Names that begin with a dot are left out."""
    if not folder.is_dir():
        return None
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [(path, path.relative_to(folder)) for path in files]
    return tuple(
        (name.as_posix(), path.stat().st_size, _sample(path)) for path, name in named if not any(part.startswith(".") for part in name.parts)
    )


def _sample(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(COMPARED_BYTES))
        size = path.stat().st_size
        if size > COMPARED_BYTES:
            file.seek(max(COMPARED_BYTES, size - COMPARED_BYTES))
            digest.update(file.read())
    return digest.hexdigest()


class Sent:
    """A folder that every rank can read: the leader's own, or a copy of it on machines that do not see it. All ranks make it.

    Raises ValueError, on every rank, where the leader does not see it either.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self.copy: Path | None = None
        self.folder = folder
        self.bytes = 0
        if world.size == 1:
            return
        own = fingerprint(folder)
        wanted = world.agree(own)
        if wanted is None:
            raise ValueError(f"{folder} is not there, on the machine that leads the learner")
        lacks = own != wanted
        machine = os.environ.get("GROUP_RANK", "0")
        lacking = [rank for rank, (at, is_lacking) in enumerate(world.all((machine, lacks))) if is_lacking and at == machine]
        if True not in world.all(lacks):
            return
        # One rank a machine writes what all of it read.
        writes = lacking[:1] == [world.rank]
        if writes:
            self.copy = Path(tempfile.mkdtemp(prefix="evom-sent-"))
        copies = dict(said for said in world.all((machine, self.copy)) if said[1] is not None)
        for name, size, _ in wanted:
            self._send(world, folder / name, size, self.copy / name if writes else None)
        world.barrier()
        if lacks:
            self.folder = copies[machine]

    def _send(self, world: World, source: Path, size: int, target: Path | None) -> None:
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") if world.leads else open(os.devnull, "rb") as file, open(target or os.devnull, "wb") as out:
            for start in range(0, size, CHUNK_BYTES):
                data = torch.empty(min(CHUNK_BYTES, size - start), dtype=torch.uint8)
                if world.leads:
                    file.readinto(memoryview(data.numpy()))
                world.send(data)
                self.bytes += data.numel()
                if target is not None:
                    out.write(memoryview(data.numpy()))

    def close(self) -> None:
        """Removes the copy, where this rank wrote one."""
        if self.copy is not None:
            shutil.rmtree(self.copy, ignore_errors=True)
