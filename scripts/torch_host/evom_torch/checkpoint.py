"""Weights and optimizer state on disk: Hugging Face layout, and the same `optimizer.safetensors` as the embedded learner's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from .distributed import World
from .learner import Learner
from .safetensors_file import save_file

MODEL_FILES = (
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
    "vocab.json", "merges.txt",
)
OPTIMIZER_FILE = "optimizer.safetensors"
ADAPTER_DIRECTORY = "adapter"


def gather(world: World, tensors: Iterable[tuple[str, torch.Tensor]], dtype: torch.dtype | None = None) -> dict[str, torch.Tensor]:
    """Tensors of one rank or of many, whole on the CPU of the leader; nothing on the others, which must call it too under FSDP."""
    own = {}
    for name, tensor in tensors:
        full = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
        if world.leads:
            own[name] = full.detach().to("cpu", dtype or full.dtype).contiguous()
    return own


def write_weights(learner: Learner, directory: Path, dtype: torch.dtype) -> None:
    """The current weights for a sampler: the whole model, or under LoRA the adapter alone (PEFT layout)."""
    if learner.options.model.lora is not None:
        _write_adapter(learner, directory)
    else:
        _write_model(learner, directory, dtype)


def _write_model(learner: Learner, directory: Path, dtype: torch.dtype) -> None:
    _write_tensors(learner, directory, gather(learner.world, learner.model.named_parameters(), dtype))


def _write_tensors(learner: Learner, directory: Path, tensors: dict[str, torch.Tensor]) -> None:
    if not learner.world.leads:
        return
    directory.mkdir(parents=True, exist_ok=True)
    for name in MODEL_FILES:
        if (learner.options.model.directory / name).exists():
            shutil.copyfile(learner.options.model.directory / name, directory / name)
    save_file(tensors, directory / "model.safetensors", {})


def _write_adapter(learner: Learner, directory: Path) -> None:
    from peft import get_peft_model_state_dict

    own = gather(learner.world, learner.trainable())
    if not learner.world.leads:
        return
    state = get_peft_model_state_dict(learner.model, state_dict=own)
    directory.mkdir(parents=True, exist_ok=True)
    save_file(state, directory / "adapter_model.safetensors", {})
    config = learner.model.peft_config["default"].to_dict()
    config["base_model_name_or_path"] = str(learner.options.model.directory)
    plain = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    (directory / "adapter_config.json").write_text(json.dumps(plain, indent=2, default=str))


def _write_merged(learner: Learner, directory: Path) -> None:
    """The base model with the adapter added, which every runtime can load."""
    own = gather(learner.world, learner.model.named_parameters())
    if not learner.world.leads:
        return
    config = learner.model.peft_config["default"]
    scale = config.lora_alpha / config.r
    tensors = {}
    for name, value in own.items():
        if ".lora_" in name:
            continue
        plain = name.removeprefix("base_model.model.").replace(".base_layer.", ".")
        stem = name.removesuffix(".base_layer.weight")
        if f"{stem}.lora_A.default.weight" in own and name.endswith(".base_layer.weight"):
            delta = own[f"{stem}.lora_B.default.weight"].float() @ own[f"{stem}.lora_A.default.weight"].float()
            value = (value.float() + scale * delta).to(value.dtype)
        tensors[plain] = value.contiguous()
    _write_tensors(learner, directory, tensors)


def write_state(learner: Learner, directory: Path) -> None:
    """A checkpoint to go on from: `model.safetensors` (float32) and `evom_state/`; under LoRA merged weights and the adapter."""
    state_directory = directory / "evom_state"
    if learner.options.model.lora is None:
        _write_model(learner, directory, torch.float32)
    else:
        _write_merged(learner, directory)
        _write_adapter(learner, state_directory / ADAPTER_DIRECTORY)
    tensors = gather(learner.world, _moments(learner))
    if not learner.world.leads:
        return
    state_directory.mkdir(parents=True, exist_ok=True)
    counters = {
        "version": str(learner.version), "updates": str(learner.updates), "skippedInARow": str(learner.skipped_in_a_row),
        "optimizer": "adamw",
    }
    save_file(tensors, state_directory / OPTIMIZER_FILE, counters)


def _moments(learner: Learner) -> Iterator[tuple[str, torch.Tensor]]:
    for name, p in learner.trainable():
        state = learner.optimizer.state.get(p, {})
        for moment in ("exp_avg", "exp_avg_sq"):
            value = state.get(moment)
            yield f"{moment}.{name}", torch.zeros(p.shape) if value is None else value


def load_state(learner: Learner, checkpoint: Path) -> None:
    """Goes on from what `write_state` (or, without LoRA, the embedded learner's AdamW) saved in `checkpoint`."""
    state_directory = checkpoint / "evom_state"
    path = state_directory / OPTIMIZER_FILE
    with safe_open(path, framework="pt") as file:
        counters = file.metadata() or {}
    if counters.get("optimizer") != "adamw":
        raise ValueError(f"{path} holds the state of \"{counters.get('optimizer')}\", this learner runs adamw; resume with the same optimizer.type")
    lora = learner.options.model.lora is not None
    weights = load_file(state_directory / ADAPTER_DIRECTORY / "adapter_model.safetensors") if lora else _read_model(checkpoint)
    moments = load_file(path)
    with torch.no_grad():
        for name, p in learner.trainable():
            # PEFT leaves the adapter's name out of its files.
            stored = name.replace(".default.", ".") if lora else name
            _fill(p, weights, stored, checkpoint)
            entry = {"step": torch.tensor(float(learner_updates(counters)))}
            for moment in ("exp_avg", "exp_avg_sq"):
                value = torch.zeros_like(p)
                _fill(value, moments, f"{moment}.{name}", path)
                entry[moment] = value
            if learner.world.device.type == "cuda":
                entry["step"] = entry["step"].to(learner.world.device)
            learner.optimizer.state[p] = entry
    learner.version = int(counters["version"])
    learner.updates = learner_updates(counters)
    learner.skipped_in_a_row = int(counters["skippedInARow"])


def learner_updates(counters: dict[str, str]) -> int:
    return int(counters["updates"])


def _read_model(directory: Path) -> dict[str, torch.Tensor]:
    files = sorted(directory.glob("*.safetensors"))
    if not files:
        raise ValueError(f"{directory} holds no *.safetensors")
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


def _fill(target: torch.Tensor, tensors: dict[str, torch.Tensor], name: str, where: Path) -> None:
    value = tensors.get(name)
    if value is None or value.shape != target.shape:
        raise ValueError(f"{where}: tensor \"{name}\" is missing or has another shape; does this state belong to this model?")
    if hasattr(target, "device_mesh"):
        from torch.distributed.tensor import distribute_tensor

        value = distribute_tensor(value.to(target.device, target.dtype), target.device_mesh, target.placements)
    target.copy_(value)
