#!/bin/sh
# Builds the wheel of the Python client into a folder.
#   scripts/build-client.sh [FOLDER]    default dist-python; PYTHON names another Python than python3
set -eu
folder="${1:-dist-python}"
root="$(cd "$(dirname "$0")/.." && pwd)"
"${PYTHON:-python3}" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$folder" "$root/python/evom_client"
ls "$folder"/evom_client-*.whl
