#!/usr/bin/env bash
# Makes a virtual environment for the PyTorch parts: scripts/setup-torch.sh [--torch SPEC] [--venv DIR] [--index URL] [--flash-attention]
#
#   --torch SPEC      what pip installs as torch: a version such as 2.13.0, or any requirement (default: EVOM_TORCH_SPEC, else 2.13.0)
#   --venv DIR        where (default: .venv-torch)
#   --index URL       an index that has the build you want, e.g. PyTorch's own for CPU or another CUDA version
#   --flash-attention adds flash-attn, which compiles against CUDA
#
# A wheel that pip finds by itself (PIP_FIND_LINKS, PIP_INDEX_URL) is taken as usual. The default build from PyPI brings CUDA: about
# 5 GB on disk. The last line names the interpreter; set EVOM_PYTHON to it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
spec="${EVOM_TORCH_SPEC:-2.13.0}"
venv=.venv-torch
index=()
flash=no
while [ $# -gt 0 ]; do
  case "$1" in
    --torch) spec="$2"; shift 2 ;;
    --venv) venv="$2"; shift 2 ;;
    --index) index=(--extra-index-url "$2"); shift 2 ;;
    --flash-attention) flash=yes; shift ;;
    -h | --help) sed -n '2,11p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "unknown option $1; --help lists them" >&2; exit 2 ;;
  esac
done
case "$spec" in
  [0-9]*) spec="torch==$spec" ;;
esac
"${EVOM_BASE_PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet "${index[@]}" "$spec" -r scripts/torch_host/requirements.txt \
  -r scripts/torch_host/requirements-test.txt >&2
[ "$flash" = no ] || "$venv/bin/pip" install --quiet --no-build-isolation flash-attn >&2
"$venv/bin/python" -c 'import torch, transformers, pyarrow; print(f"torch {torch.__version__}, CUDA {torch.cuda.is_available()}, transformers {transformers.__version__}")' >&2
echo "EVOM_PYTHON=$(cd "$(dirname "$venv")" && pwd)/$(basename "$venv")/bin/python"
