"""Blocks of each GGUF quantization with the values that the `gguf` package reads from them -> test/golden/gguf/blocks.json.

    pip install gguf==0.19.0 && python scripts/make-gguf-goldens.py
"""

import base64
import importlib.metadata
import json
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where a block has its float16 scales: random bits there would be infinite or NaN now and then.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
rng = np.random.default_rng(29)
cases = []
for name in ["F32", "F16", "BF16", *SCALES]:
    kind = GGMLQuantizationType[name]
    values, size = GGML_QUANT_SIZES[kind]
    if name in SCALES:
        raw = rng.integers(0, 256, (3, size), dtype=np.uint8)
        for at in SCALES[name]:
            raw[:, at : at + 2] = rng.normal(0, 0.05, (3, 1)).astype(np.float16).view(np.uint8)
    else:
        floats = rng.normal(0, 1, 8).astype(np.float32)
        raw = {"F32": floats.view(np.uint8), "F16": floats.astype(np.float16).view(np.uint8), "BF16": (floats.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)}[name]
    read = dequantize(raw, kind).astype("<f4")
    cases.append({"type": int(kind), "name": name, "blockValues": values, "blockBytes": size, "bytes": base64.b64encode(raw.tobytes()).decode(), "values": base64.b64encode(read.tobytes()).decode()})
path = Path(__file__).parent.parent / "test/golden/gguf/blocks.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"gguf": importlib.metadata.version("gguf"), "cases": cases}, indent=1) + "\n")
