"""Loss and gradient of batch files, to compare learners: no step is taken.

    python -m evom_torch.gradient --model MODEL --precision float32 --out OUT batch.arrow [more.arrow]

Prints one JSON object a batch (its loss and metrics); with `--out` writes `OUT/<n>.safetensors` with the gradient of each
parameter. Under torchrun the ranks share the work, and the output is the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .arguments import add_learner_arguments, learner_of
from .batch import read_batch
from .checkpoint import gather
from .distributed import join_world
from .safetensors_file import save_file


def main() -> int:
    parser = argparse.ArgumentParser(prog="evom_torch.gradient", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("batches", type=Path, nargs="+")
    parser.add_argument("--out", type=Path)
    add_learner_arguments(parser)
    arguments = parser.parse_args()
    world = join_world(arguments.device)
    learner = learner_of(arguments, world)
    for index, path in enumerate(arguments.batches):
        batch = learner.with_reference(read_batch(path))
        statistics, _ = learner.accumulate(batch)
        metrics = world.merge(statistics).metrics(batch.loss)
        gradients = gather(learner.world, [(name, p.grad) for name, p in learner.trainable() if p.grad is not None])
        if world.rank == 0:
            print(json.dumps(metrics), flush=True)
            if arguments.out is not None:
                arguments.out.mkdir(parents=True, exist_ok=True)
                save_file(gradients, arguments.out / f"{index}.safetensors", {})
    world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
