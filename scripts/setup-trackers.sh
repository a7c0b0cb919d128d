#!/bin/sh
# Makes a Python environment with the trackers that runs are tested with, at the versions that were tested.
#   scripts/setup-trackers.sh [FOLDER]    default .venv-trackers; then EVOM_TRACKERS=FOLDER/bin/python npx vitest run test/trackers
# A run itself needs none of it but wandb, and that only with `trackers: [{type: wandb}]`.
set -eu
folder="${1:-.venv-trackers}"
[ -x "$folder/bin/python" ] || "${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check trackio==0.43.0 mlflow==3.17.2 wandb==0.31.0 tensorboard==2.21.0
echo "the trackers are in $folder; EVOM_TRACKERS=$folder/bin/python npx vitest run test/trackers"
