"""What the machine is, and how fast its matrix products are: the measure that the gradient steps are held to."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import time
from collections.abc import Callable

import torch

from .phase import Phase

# Dense bfloat16 TFLOP/s by the makers' data sheets, by a part of the device's name; the first that fits counts.
PEAK_TFLOPS = {"B200": 2250, "GH200": 989, "H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "A10": 125, "4090": 165}
PACKAGES = ("torch", "transformers", "safetensors", "pyarrow", "numpy", "peft", "psutil", "triton", "vllm")


def device() -> torch.device:
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def peak_tflops() -> float | None:
    if not torch.cuda.is_available():
        return None
    name = torch.cuda.get_device_name(0)
    return next((peak for part, peak in PEAK_TFLOPS.items() if part in name), None)


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds_of(work: Callable[[], object], repeats: int) -> list[float]:
    """Wall-clock seconds of each run after one that warms up."""
    work()
    times = []
    for _ in range(repeats):
        synchronize()
        began = time.perf_counter()
        work()
        synchronize()
        times.append(time.perf_counter() - began)
    return times


def peak_memory_gib() -> dict[str, float]:
    """The most that this process had: on the device as PyTorch allocated it, and resident on the host."""
    host = {"peak_host_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)}
    if not torch.cuda.is_available():
        return host
    return {"peak_device_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2), **host}


def environment(phase: Phase) -> None:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    figures = {"python": platform.python_version(), "packages": versions, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "device": device().type}
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        figures |= {
            "gpu": properties.name, "gpu_memory_gib": round(properties.total_memory / 2**30, 1), "cuda": torch.version.cuda,
            "peak_tflops": peak_tflops(),
        }
    phase.tell(figures)


def matmul(phase: Phase) -> None:
    """A square bfloat16 product, 2 n^3 operations: what this machine reaches at best."""
    n = 8192 if device().type == "cuda" else 512
    a, b = (torch.randn(n, n, device=device(), dtype=torch.bfloat16) for _ in range(2))
    times = sorted(seconds_of(lambda: a @ b, 5))
    phase.tell({"n": n, "tflops": round(2 * n**3 / times[len(times) // 2] / 1e12, 3)})
