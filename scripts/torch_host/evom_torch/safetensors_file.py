"""Writes safetensors files whose bytes depend on their content alone (the library orders metadata at random)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch

DTYPES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


def save_file(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Names sorted, data 8-byte aligned, as src/lib/safetensors.ts writes them."""
    header: dict = {"__metadata__": dict(sorted({"format": "pt", **metadata}.items()))}
    offset = 0
    for name in sorted(tensors):
        tensor = tensors[name]
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with Path(path).open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for name in sorted(tensors):
            data = tensors[name].detach().contiguous().cpu()
            file.write(memoryview(data.reshape(-1).view(torch.uint8).numpy()))
        file.flush()
        os.fsync(file.fileno())
