"""The model: loading, LoRA, and the log-probabilities of chosen tokens without the whole vocabulary in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoModelForCausalLM, PreTrainedModel

VOCABULARY_CHUNK = 1024  # rows of logits at a time: 1024 x 152k float32 are 0.6 GB


@dataclass(frozen=True)
class LoraOptions:
    rank: int
    alpha: float
    targets: tuple[str, ...]


@dataclass(frozen=True)
class ModelOptions:
    directory: Path
    precision: str  # float32 | bfloat16
    attention: str  # sdpa | flash_attention_2 | eager
    gradient_checkpointing: bool
    lora: LoraOptions | None
    seed: int


def load_model(directory: Path, dtype: torch.dtype, attention: str) -> PreTrainedModel:
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=dtype, attn_implementation=attention, local_files_only=True)
    model.config.use_cache = False
    # Loaded tensors may be views of the file's memory map: a copy, so that nothing depends on the file any more.
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()
    return model


def build_model(options: ModelOptions) -> PreTrainedModel:
    """The model to train. Weights are float32 (bfloat16 computes by autocast); the frozen base under LoRA is in `precision`."""
    frozen = torch.bfloat16 if options.precision == "bfloat16" else torch.float32
    model = load_model(options.directory, torch.float32 if options.lora is None else frozen, options.attention)
    if options.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if options.lora is not None:
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(options.seed)
        targets = list(options.lora.targets)
        model = get_peft_model(
            model,
            LoraConfig(r=options.lora.rank, lora_alpha=options.lora.alpha, target_modules=targets, bias="none", task_type="CAUSAL_LM"),
        )
    return model


class TokenScorer(nn.Module):
    """Log-probabilities of chosen tokens: the part that DDP and FSDP wrap, so that every parameter is met in its forward."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, position_ids: Tensor, select: Tensor, targets: Tensor, inverse_temperature: Tensor):
        """[S, T] tokens of a micro-batch -> ([N] log-probabilities of `targets` after the flat positions `select`, [N] entropies); float32, nats."""
        causal = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        decoder = getattr(causal, causal.base_model_prefix)
        states = decoder(input_ids=input_ids, position_ids=position_ids, use_cache=False).last_hidden_state.flatten(0, 1)
        head = causal.get_output_embeddings()
        chosen = states[select]
        parts = []
        for start in range(0, max(1, len(targets)), VOCABULARY_CHUNK):
            piece = slice(start, start + VOCABULARY_CHUNK)
            arguments = (head, chosen[piece], targets[piece], inverse_temperature[piece])
            # The logits of a chunk are made again in the backward pass rather than kept.
            recompute = torch.is_grad_enabled() and len(targets) > VOCABULARY_CHUNK
            parts.append(checkpoint(_score, *arguments, use_reentrant=False) if recompute else _score(*arguments))
        return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def _score(head: nn.Module, states: Tensor, targets: Tensor, inverse_temperature: Tensor):
    logits = head(states).float() * inverse_temperature[:, None]
    normalizer = torch.logsumexp(logits, dim=-1)
    logprobs = logits.gather(1, targets[:, None])[:, 0] - normalizer
    with torch.no_grad():
        shifted = logits - normalizer[:, None]
        entropy = -(shifted.exp() * shifted).sum(-1)
    return logprobs, entropy
