#!/bin/sh
# Makes a Python environment with the clients that `evom serve` is tested with, at the versions that were tested.
#   scripts/setup-clients.sh [FOLDER]    default .venv-clients; then EVOM_CLIENTS=FOLDER/bin/python npx vitest run test/serve
# The clients come without gradio, which they do not load.
set -eu
folder="${1:-.venv-clients}"
[ -x "$folder/bin/python" ] || "${PYTHON:-python3}" -m venv "$folder"
pip="$folder/bin/python -m pip install --quiet --disable-pip-version-check"
$pip --no-deps openenv==0.10.0 ors-sdk==0.1.0 openreward==0.1.167 skyrl-gym==0.4.0
$pip 'pydantic>=2.11.5,<3' 'fastapi>=0.116,<1' 'uvicorn>=0.34,<1' 'websockets>=15.0.1,<17' 'httpx>=0.28.1,<1' 'aiohttp>=3.13.2,<4' \
  'requests>=2.32,<3' 'typer>=0.9,<1' 'rich>=13,<15' 'pyyaml>=6,<7' 'packaging>=24.2' 'tenacity>=9.1.2,<10' 'structlog>=24.1' \
  'sse-starlette>=2.3.6,<4' 'click>=8' 'jsonschema>=4.20,<5' 'tomli>=2.3' 'tomli-w>=1.2' 'omegaconf>=2.3,<3' 'pytest>=8,<10' \
  'pandas>=2,<4' 'func_timeout>=4.3' 'huggingface_hub>=1.29,<2' 'fastmcp>=3,<4' 'openai>=2.7.2,<3' 'anthropic>=0.69' 'google-genai>=1.4' \
  'opentelemetry-api>=1.30' 'opentelemetry-sdk>=1.30' 'opentelemetry-exporter-otlp-proto-grpc>=1.30'
echo "the clients are in $folder; EVOM_CLIENTS=$folder/bin/python npx vitest run test/serve"
