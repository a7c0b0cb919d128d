#!/usr/bin/env bash
# Makes a virtual environment with the schemas of Kubernetes, for tests of deploy/kubernetes: scripts/setup-manifests.sh [DIR]
#
# DIR (default .venv-manifests, 150 MB) then has kubernetes-validate; the last line names its Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${1:-.venv-manifests}"
"${EVOM_BASE_PYTHON:-python3}" -m venv "$target"
"$target/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.37.0 >&2
echo "$target/bin/python"
