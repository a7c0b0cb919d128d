"""The learner as a process that watches the exchange directory.

    python -m evom_torch.learn --root runs/my-run --model Qwen2.5-1.5B-Instruct --lr 1e-6
    torchrun --nproc-per-node 8 -m evom_torch.learn --root runs/my-run --model Qwen2.5-7B-Instruct --strategy fsdp

It waits for `exchange/step_V/READY` with V its own version, takes the step, publishes `weights/vV+1` when asked to, and answers
with `RESULT.json`. A step that has an answer was taken by a learner that died since: it is taken again, silently. `exchange/save_V/READY` asks for a checkpoint in `state/vV`. `exchange/STOP` ends it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from . import exchange
from .arguments import add_learner_arguments, learner_of, publish_dtype
from .batch import read_batch
from .checkpoint import write_state, write_weights
from .distributed import World, is_lost_peer, join_world
from .learner import Learner


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evom_torch.learn", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="the run's directory")
    parser.add_argument("--session", help="take steps of this session of the trainer only")
    parser.add_argument("--parent", type=int, help="end when the process with this id is gone")
    parser.add_argument("--supervised", action="store_true", help="somebody starts it again: a lost process of its own is then no answer")
    parser.add_argument("--poll-s", type=float, default=0.05)
    add_learner_arguments(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    if arguments.parent is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's, which ends this process when it is done
    world = join_world(arguments.device)
    learner = learner_of(arguments, world)
    stand(arguments, world, learner)
    say(world, f"ready at version {learner.version} on {world.size} x {world.device.type}")
    try:
        while True:
            command = world.agree(next_command(arguments, learner.version) if world.rank == 0 else None)
            if command["type"] == "stop":
                return 0
            if command["type"] == "save":
                save(arguments, world, learner)
            else:
                train(arguments, world, learner, Path(command["directory"]), command["manifest"], command["answered"])
    finally:
        world.close()


def stand(arguments: argparse.Namespace, world: World, learner: Learner) -> None:
    """Says that a learner is up, and at which version."""
    if world.rank == 0:
        (arguments.root / "exchange").mkdir(parents=True, exist_ok=True)
        facts = {
            "version": learner.version, "processes": world.size, "device": world.device.type, "process": os.getpid(),
            "session": arguments.session,
        }
        exchange.write_atomically(arguments.root / "exchange" / "LEARNER.json", json.dumps(facts) + "\n")


def next_command(arguments: argparse.Namespace, version: int) -> dict:
    """Waits for something to do."""
    root = arguments.root
    while True:
        if (root / "exchange" / "STOP").exists() or not is_alive(arguments.parent):
            return {"type": "stop"}
        for kind, directory in (("step", exchange.step_directory(root, version)), ("save", exchange.save_directory(root, version))):
            if not (directory / "READY").exists():
                continue
            is_answered = (directory / "RESULT.json").exists()
            if is_answered and not (kind == "step" and was_taken(directory)):
                continue
            try:
                manifest = exchange.read_published(directory)
            except (ValueError, OSError) as error:
                answer(directory, {"error": str(error)})
                continue
            if manifest is not None and (arguments.session is None or manifest.get("session") == arguments.session):
                return {"type": kind, "directory": str(directory), "manifest": manifest, "answered": is_answered}
        time.sleep(arguments.poll_s)


def was_taken(directory: Path) -> bool:
    """Whether a step was taken, by a learner before this one, which died: this one takes it too, to get where that one was."""
    return "error" not in json.loads((directory / "RESULT.json").read_text())


def is_alive(process: int | None) -> bool:
    if process is None:
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def train(arguments: argparse.Namespace, world: World, learner: Learner, directory: Path, manifest: dict, is_answered: bool) -> None:
    """Takes the step of one directory. A batch that cannot be trained on is answered with its fault, and ends the process.

    The weights of a step that is answered already were published before.
    """
    began = time.perf_counter()
    try:
        names = sorted(name for name in manifest["files"] if name.endswith(".arrow"))
        for name in names:
            metrics = learner.step(read_batch(directory / name), float(manifest.get("learning_rate_factor", 1.0)))
        seconds = time.perf_counter() - began
        if manifest.get("publish_weights", True) and not is_answered:
            facts = {"version": learner.version, "step": manifest.get("step")}
            fill = lambda to: write_weights(learner, to, publish_dtype(arguments))
            exchange.publish(world, exchange.weights_directory(arguments.root, learner.version), fill, facts)
    except Exception as error:
        if world.rank == 0 and not (arguments.supervised and is_lost_peer(error)):
            answer(directory, {"error": f"{type(error).__name__}: {error}"})
        raise
    stand(arguments, world, learner)
    if world.rank == 0 and not is_answered:
        answer(directory, {"version": learner.version, "metrics": metrics, "seconds": seconds})


def save(arguments: argparse.Namespace, world: World, learner: Learner) -> None:
    target = exchange.state_directory(arguments.root, learner.version)
    exchange.publish(world, target, lambda to: write_state(learner, to), {"version": learner.version})
    if world.rank == 0:
        answer(exchange.save_directory(arguments.root, learner.version), {"version": learner.version})


def answer(directory: Path, result: dict) -> None:
    exchange.write_atomically(directory / "RESULT.json", json.dumps(result, indent=2) + "\n")


def say(world: World, text: str) -> None:
    if world.rank == 0:
        print(f"learner: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        code = 1
    sys.exit(code)
