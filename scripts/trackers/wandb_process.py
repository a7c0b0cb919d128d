"""Tells Weights & Biases of a run: one JSON line a step on stdin, the step's number back on stdout once it is written.

The last step is kept in DIRECTORY/wandb/evom_last_step, so that a resumed run tells no step twice.
"""

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
    marker = os.path.join(folder, "evom_last_step")
    last = int(open(marker).read()) if os.path.exists(marker) else 0
    run = wandb.init(
        project=about["project"],
        name=about["run"],
        id=about["runId"],
        dir=about["directory"],
        config=about["config"],
        mode=about["mode"],
        resume="allow" if about["mode"] == "online" else None,
    )
    for line in sys.stdin:
        told = json.loads(line)
        if told["step"] > last:
            run.log(told["metrics"], step=told["step"], commit=True)
            last = told["step"]
            with open(marker + ".tmp", "w") as file:
                file.write(str(last))
            os.replace(marker + ".tmp", marker)
        print(told["step"], file=answers)
    run.finish()


main()
