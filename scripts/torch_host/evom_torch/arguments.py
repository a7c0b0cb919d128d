"""The command line that `learn` and `host` share."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from .checkpoint import load_state
from .distributed import World
from .learner import Learner, LearnerOptions, OptimizerOptions
from .policy_model import LoraOptions, ModelOptions


def add_learner_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, required=True, help="Hugging Face folder; under LoRA and for KL the frozen base")
    parser.add_argument("--from-checkpoint", type=Path, help="checkpoint with evom_state/ to go on from")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--threads", type=int, help="CPU threads of one process; sums depend on it")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto", help="auto: what the device is fast at")
    parser.add_argument("--attention", choices=["sdpa", "flash_attention_2", "eager"], default="sdpa")
    parser.add_argument("--gradient-checkpointing", action="store_true")
    parser.add_argument("--lora-rank", type=int, default=0, help="0 trains all weights")
    parser.add_argument("--lora-alpha", type=float, default=16.0)
    parser.add_argument("--lora-targets", default="q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--micro-batch-tokens", type=int, default=4096)
    parser.add_argument("--strategy", choices=["ddp", "fsdp"], default="fsdp", help="of several processes")
    parser.add_argument("--lr", type=float, default=1e-6)
    parser.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    parser.add_argument("--eps", type=float, default=1e-8)
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--max-grad-norm", type=float, default=0.0, help="0 does not clip")


def has_amx() -> bool:
    """Whether PyTorch finds AMX tiles, which make bfloat16 the faster precision of a processor."""
    return getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()


def settle_precision(arguments: argparse.Namespace, device: torch.device) -> None:
    """`auto` becomes bfloat16, or float32 on a processor without AMX, whose float32 products are twice as fast (docs/lab/gpu.md)."""
    if arguments.precision == "auto":
        arguments.precision = "float32" if device.type == "cpu" and not has_amx() else "bfloat16"


def learner_of(arguments: argparse.Namespace, world: World) -> Learner:
    """The learner that the arguments describe, gone on from its checkpoint where one is named."""
    settle_precision(arguments, world.device)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.use_deterministic_algorithms(world.device.type == "cpu")
    # It would also write to all memory that is about to be written to.
    torch.utils.deterministic.fill_uninitialized_memory = False
    a = arguments
    lora = LoraOptions(a.lora_rank, a.lora_alpha, tuple(a.lora_targets.split(","))) if a.lora_rank > 0 else None
    learner = Learner(
        LearnerOptions(
            model=ModelOptions(
                directory=a.model, precision=a.precision, attention=a.attention,
                gradient_checkpointing=a.gradient_checkpointing, lora=lora, seed=a.seed,
            ),
            optimizer=OptimizerOptions(
                lr=a.lr, betas=tuple(a.betas), eps=a.eps, weight_decay=a.weight_decay, max_grad_norm=a.max_grad_norm or None
            ),
            micro_batch_tokens=a.micro_batch_tokens, strategy=a.strategy,
        ),
        world,
    )
    if a.from_checkpoint is not None:
        load_state(learner, a.from_checkpoint)
    return learner


def publish_dtype(arguments: argparse.Namespace) -> torch.dtype:
    """How weights are stored for samplers: in the precision that they compute in."""
    return torch.bfloat16 if arguments.precision == "bfloat16" else torch.float32
