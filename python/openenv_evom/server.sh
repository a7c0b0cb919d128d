#!/bin/sh
# Serves the tasks of this folder; options of `evom serve` may follow, e.g. --turns 3, or --address 0.0.0.0 --token ... for other machines.
exec "${EVOM:-evom}" serve --dataset "$(dirname "$0")/tasks.jsonl" --port "${PORT:-8700}" "$@"
