"""Runs the phases in turn and writes what each of them said. Imports nothing heavy: a phase that dies takes only itself along."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCHEMA = 1
# Seconds of each phase at full size, in the order of their worth: the budget may end before the last.
LIMITS_S = {
    "environment": 90, "matmul": 60, "gradient_small": 110, "closed_loop": 150, "gradient_large": 150, "sampling": 90, "evom_train": 110,
    "vllm_reload": 240,
}
RESULT = "RESULT "
SKIPPED = 77  # the exit code of a phase whose means are not on this machine


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/gpu-check.sh")
    parser.add_argument("--size", choices=["full", "tiny"], default="full")
    parser.add_argument("--out", type=Path, default=Path("gpu-check.json"))
    parser.add_argument("--phases", default=",".join(LIMITS_S), help="of these alone")
    parser.add_argument("--budget-s", type=float, default=530)
    parser.add_argument("--limit-s", type=float, help="of each phase, in place of its own")
    parser.add_argument("--list", action="store_true", help="prints the phases and their limits in seconds")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{name} {limit}" for name, limit in LIMITS_S.items()))
        return 0
    chosen = arguments.phases.split(",")
    unknown = [name for name in chosen if name not in LIMITS_S]
    if unknown:
        parser.error(f"there is no phase \"{unknown[0]}\"; known: {', '.join(LIMITS_S)}")
    began = time.monotonic()
    report = {"schema": SCHEMA, "size": arguments.size, "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "phases": {}}
    with tempfile.TemporaryDirectory(prefix="evom-gpu-check-") as scratch:
        for name in [name for name in LIMITS_S if name in chosen]:
            left = arguments.budget_s - (time.monotonic() - began)
            limit = min(arguments.limit_s or LIMITS_S[name], left)
            phase = run_phase(name, arguments.size, Path(scratch), limit) if left > 5 else {
                "status": "not_started", "reason": f"the budget of {arguments.budget_s:g} s was spent"
            }
            report["phases"][name] = phase
            report["seconds"] = round(time.monotonic() - began, 1)
            write(arguments.out, report)
            said = phase.get("reason", "")
            print(f"{name}: {phase['status']}{f' ({said})' if said else ''}, {phase.get('seconds', 0)} s", file=sys.stderr, flush=True)
    bad = [name for name, phase in report["phases"].items() if phase["status"] not in ("ok", "skipped")]
    print(f"{arguments.out}: {len(report['phases']) - len(bad)} of {len(report['phases'])} phases in {report['seconds']} s", file=sys.stderr)
    return 1 if bad else 0


def run_phase(name: str, size: str, scratch: Path, limit_s: float) -> dict:
    """One phase in its own process group: its figures, or why there are none. Nothing of it runs on afterwards."""
    began = time.monotonic()
    log = scratch / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gpu_check.phase", name, "--size", size, "--scratch", str(scratch)], stdout=output, stderr=output,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            end_group(process)
    lines = log.read_text(errors="replace").splitlines()
    seconds = {"seconds": round(time.monotonic() - began, 1), "limit_s": round(limit_s, 1)}
    told = [line.removeprefix(RESULT) for line in lines if line.startswith(RESULT)]
    # A phase tells its figures as it gets them: those of one that was cut short are kept.
    figures = {"figures": json.loads(told[-1]) if told else {}}
    if code == SKIPPED:
        return {"status": "skipped", "reason": figures["figures"]["skipped"], **seconds}
    if code == 0:
        return {"status": "ok", **seconds, **figures}
    spoken = [line for line in lines if not line.startswith(RESULT)]
    # What a server died of stands above what its client then says.
    tail = [*[line[:300] for line in spoken[:-12] if "Error" in line][-8:], *spoken[-12:]]
    if code is None:
        return {"status": "timeout", "reason": f"it was still running after {limit_s:.0f} s", **seconds, **figures, "log": tail}
    last = next((line.strip() for line in reversed(tail) if line.strip()), "it said nothing")
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return {"status": "failed", "reason": f"{how}: {last}", **seconds, **figures, "log": tail}


def end_group(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def write(path: Path, report: dict) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(json.dumps(report, indent=2) + "\n")
    os.replace(temporary, path)


if __name__ == "__main__":
    sys.exit(main())
