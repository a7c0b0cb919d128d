"""Tells Weights & Biases of a run: one JSON line a step on stdin, the step's number back on stdout once it is written.

The first line of stdout is `ready N`: the last step that was written before, 0 for none. It is kept in DIRECTORY/wandb/evom_last_step, so
that a resumed run tells no step twice; the file is locked while this process lives, so that the process of a killed run ends first.
"""

import fcntl
import json
import os
import sys


def main() -> None:
    about = json.loads(sys.argv[1])
    # wandb prints to stdout; our answers must stay alone there.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    import wandb

    folder = os.path.join(about["directory"], "wandb")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "evom_last_step"), "a+") as marker:
        fcntl.flock(marker, fcntl.LOCK_EX)
        marker.seek(0)
        last = int(marker.read() or 0)
        # Offline there is no server to ask for the run: each process writes a file of its own, and `wandb sync` joins those of one id.
        resume = "allow" if about["mode"] == "online" else None
        run = wandb.init(
            project=about["project"],
            name=about["run"],
            id=about["runId"],
            dir=about["directory"],
            config=about["config"],
            mode=about["mode"],
            resume=resume,
        )
        print(f"ready {last}", file=answers)
        for line in sys.stdin:
            told = json.loads(line)
            step = told["step"]
            if step > last:
                run.log(told["metrics"], step=step, commit=True)
                for alarm in told["alarms"]:
                    run.alert(title=f"step {step}", text=alarm, level="WARN")
                last = step
                marker.truncate(0)
                marker.write(str(last))
                marker.flush()
            print(step, file=answers)
        run.finish()


main()
