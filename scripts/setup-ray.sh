#!/usr/bin/env bash
# Makes a virtual environment with Ray for `evom cluster`: scripts/setup-ray.sh [--venv DIR]
#
#   --venv DIR   where (default: .venv-ray)
#
# Every machine of a cluster needs the same Ray and the same version of Python. 300 MB on disk, half a minute. The last line names the
# interpreter; set EVOM_RAY to it. `ray` lies beside it: .venv-ray/bin/ray start --head.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=.venv-ray
while [ $# -gt 0 ]; do
  case "$1" in
    --venv) venv="$2"; shift 2 ;;
    -h | --help) sed -n '2,7p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "unknown option $1; --help lists them" >&2; exit 2 ;;
  esac
done
"${EVOM_BASE_PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r scripts/ray_host/requirements.txt -r scripts/ray_host/requirements-test.txt >&2
"$venv/bin/python" -c 'import ray; print(f"ray {ray.__version__}")' >&2
echo "EVOM_RAY=$(cd "$(dirname "$venv")" && pwd)/$(basename "$venv")/bin/python"
