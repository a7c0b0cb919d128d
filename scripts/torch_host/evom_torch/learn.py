"""The learner as a process that watches the exchange directory.

    python -m evom_torch.learn --root runs/my-run --model Qwen2.5-1.5B-Instruct --lr 1e-6
    torchrun --nproc-per-node 8 -m evom_torch.learn --root runs/my-run --model Qwen2.5-7B-Instruct --strategy fsdp

On several machines torchrun runs on each, with `--nnodes` and a rendezvous. One of them must see ROOT: it leads. Model, checkpoint and
batches are sent to those that do not see them. With `--snapshot-every` and torchrun's `--max-restarts` processes that died begin
again from the last snapshot (snapshots.py), and the trainer notices nothing but the time.

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
from .sending import Sent, sees, with_leader
from .snapshots import Snapshots


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evom_torch.learn", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="the run's directory")
    parser.add_argument("--session", help="take steps of this session of the trainer only")
    parser.add_argument("--parent", type=int, help="end when the process with this id is gone")
    parser.add_argument("--supervised", action="store_true", help="somebody starts it again: a lost process of its own is then no answer")
    parser.add_argument("--poll-s", type=float, default=0.05)
    parser.add_argument("--snapshot-every", type=int, default=0, help="steps between snapshots that restarted processes go on from; 0: none")
    add_learner_arguments(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    if arguments.parent is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's, which ends this process when it is done
    world = with_leader(join_world(arguments.device), arguments.root, arguments.session)
    session = arguments.session or os.environ.get("TORCHELASTIC_RUN_ID", "none")
    with_snapshot = arguments.snapshot_every > 0 and world.agree(exchange.has_snapshot(arguments.root, session))
    learner = learner_from(arguments, world, with_snapshot)
    is_shared = all(world.all(sees(arguments.root, arguments.session)))
    snapshots = Snapshots(arguments.root, session, arguments.snapshot_every, learner, is_shared) if arguments.snapshot_every > 0 else None
    if snapshots is not None:
        catch_up(arguments, world, learner, snapshots)
    stand(arguments, world, learner)
    say(world, f"ready at version {learner.version} on {world.size} x {world.device.type}, {arguments.precision}")
    try:
        while True:
            command = world.agree(next_command(arguments, learner.version) if world.leads else None)
            if command["type"] == "stop":
                return 0
            if command["type"] == "save":
                save(arguments, world, learner)
            else:
                train(arguments, world, learner, Path(command["directory"]), command["manifest"], command["answered"], snapshots)
    finally:
        world.close()


def learner_from(arguments: argparse.Namespace, world: World, with_snapshot: bool) -> Learner:
    """The learner on its model and, where no snapshot has more, its checkpoint; both sent to machines that do not see them."""
    model = Sent(world, arguments.model)
    checkpoint = None if with_snapshot or arguments.from_checkpoint is None else Sent(world, arguments.from_checkpoint)
    if model.bytes > 0:
        say(world, f"sent {model.bytes} bytes of {arguments.model} to machines that do not see it")
    arguments.model, arguments.from_checkpoint = model.folder, checkpoint and checkpoint.folder
    learner = learner_of(arguments, world)
    world.barrier()
    if checkpoint is not None:
        checkpoint.close()
    return learner


def catch_up(arguments: argparse.Namespace, world: World, learner: Learner, snapshots: Snapshots) -> None:
    """Goes on where the processes before these ended, and gives the answer that they could not give any more."""
    result = snapshots.go_on(lambda folder, manifest: take(world, learner, folder, manifest))
    if result is None:
        return
    say(world, f"goes on at version {learner.version}")
    directory = exchange.step_directory(arguments.root, learner.version - 1)
    if world.leads and (directory / "READY").exists() and not (directory / "RESULT.json").exists():
        answer(directory, result)


def stand(arguments: argparse.Namespace, world: World, learner: Learner) -> None:
    """Says that a learner is up, and at which version."""
    if world.leads:
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


def take(world: World, learner: Learner, directory: Path, manifest: dict) -> dict:
    """The update of a step's batches; its metrics."""
    names = sorted(name for name in manifest["files"] if name.endswith(".arrow"))
    sent = Sent(world, directory)
    for name in names:
        metrics = learner.step(read_batch(sent.folder / name), float(manifest.get("learning_rate_factor", 1.0)))
    sent.close()
    return metrics


def train(
    arguments: argparse.Namespace, world: World, learner: Learner, directory: Path, manifest: dict, is_answered: bool,
    snapshots: Snapshots | None = None,
) -> None:
    """Takes the step of one directory. A batch that cannot be trained on is answered with its fault, and ends the process.

    The weights of a step that is answered already were published before.
    """
    began = time.perf_counter()
    try:
        if snapshots is not None:
            snapshots.begin_step(directory)
        metrics = take(world, learner, directory, manifest)
        seconds = time.perf_counter() - began
        if manifest.get("publish_weights", True) and not is_answered:
            facts = {"version": learner.version, "step": manifest.get("step")}
            fill = lambda to: write_weights(learner, to, publish_dtype(arguments))
            exchange.publish(world, exchange.weights_directory(arguments.root, learner.version), fill, facts)
    except Exception as error:
        # Processes that begin again, from a snapshot or by whoever supervises them, answer only what another try would not change.
        begins_again = not isinstance(error, ValueError) if snapshots is not None else arguments.supervised and is_lost_peer(error)
        if world.leads and not begins_again:
            answer(directory, {"error": f"{type(error).__name__}: {error}"})
        raise
    stand(arguments, world, learner)
    result = {"version": learner.version, "metrics": metrics, "seconds": seconds}
    if snapshots is not None:
        snapshots.end_step(result)
    if world.leads and not is_answered:
        answer(directory, result)


def save(arguments: argparse.Namespace, world: World, learner: Learner) -> None:
    target = exchange.state_directory(arguments.root, learner.version)
    exchange.publish(world, target, lambda to: write_state(learner, to), {"version": learner.version})
    if world.leads:
        answer(exchange.save_directory(arguments.root, learner.version), {"version": learner.version})


def answer(directory: Path, result: dict) -> None:
    exchange.write_atomically(directory / "RESULT.json", json.dumps(result, indent=2) + "\n")


def say(world: World, text: str) -> None:
    if world.leads:
        print(f"learner: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        code = 1
    sys.exit(code)
