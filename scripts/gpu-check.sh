#!/usr/bin/env bash
# What one GPU makes of evom's PyTorch parts, in under nine minutes and without a network: scripts/gpu-check.sh [--size SIZE] [--out FILE]
#
#   --size SIZE     full (shapes of Qwen2.5-0.5B and 1.5B, random weights), or tiny, which a CPU does in about two minutes
#   --out FILE      the figures, one JSON object, written anew after each phase (default: gpu-check.json)
#   --phases A,B    these phases alone; --list names them all
#   --budget-s N    seconds for everything (default 530); each phase has its own limit besides
#   --wheels DIR    wheels to install beside the Python's own packages first (scripts/torch_host/requirements.txt says what is needed)
#
# Python is EVOM_PYTHON, else python3: with torch, transformers, safetensors, pyarrow and numpy. EVOM_VLLM adds the phase with a vLLM server,
# Node and a build (npm run build) the phase that runs `evom train`. Ends with 1 when a phase failed; its reason is in the file.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
python="${EVOM_PYTHON:-python3}"
passed=()
while [ $# -gt 0 ]; do
  case "$1" in
    --wheels)
      site="$(mktemp -d)"
      trap 'rm -rf "$site"' EXIT
      "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$site" "$2"/*.whl >&2
      export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
      shift 2
      ;;
    -h | --help) sed -n '2,11p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) passed+=("$1"); shift ;;
  esac
done
export PYTHONPATH="$root/scripts:$root/scripts/torch_host${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONUNBUFFERED=1 TRANSFORMERS_VERBOSITY=error HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TQDM_DISABLE=1
"$python" -m gpu_check.main ${passed[@]+"${passed[@]}"}
