"""A worker extension for vLLM that reads new weights from a folder.

    PYTHONPATH=scripts/torch_host VLLM_SERVER_DEV_MODE=1 vllm serve MODEL \
        --worker-extension-cls evom_vllm.WorkerExtension --logprobs-mode processed_logprobs

evom calls it through `/collective_rpc`; see src/policy/weight-reload.ts. It needs nothing but vLLM itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


class WorkerExtension:
    """Mixed into vLLM's worker: `self.model_runner.model` is the model of this worker's device."""

    def update_weights_from_path(self, directory: str, version: int) -> int:
        """Loads every tensor of `directory`; sharding and renaming are the model's own, as at the start of the server."""
        import torch

        with torch.inference_mode():
            self.model_runner.model.load_weights(tensors_in(Path(directory)))
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._evom_version = int(version)
        return self._evom_version

    def weights_version(self) -> int:
        """Version that was loaded last; 0 for the weights that the server started with."""
        return getattr(self, "_evom_version", 0)


def tensors_in(directory: Path) -> Iterator[tuple]:
    from safetensors import safe_open

    files = sorted(directory.glob("*.safetensors"))
    if not files:
        raise FileNotFoundError(f"{directory} holds no *.safetensors")
    for path in files:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():
                yield name, file.get_tensor(name)
