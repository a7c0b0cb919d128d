"""Models with random weights: the shapes that are measured, as Hugging Face folders that the learner and the servers load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from .machine import device

REPOSITORY = Path(__file__).resolve().parent.parent.parent
TINY_CHECKPOINT = REPOSITORY / "checkpoints" / "tiny"
SHAPES = {
    "Qwen2.5-0.5B": {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936},
    "Qwen2.5-1.5B": {"hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2, "vocab_size": 151936},
    "tiny": {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1024},
}


def model_folder(scratch: Path, shape: str, seed: int = 0, has_tokenizer: bool = False) -> Path:
    """The folder of a shape, made where it is not there yet: bfloat16 weights of N(0, 0.02), tied head.

    `has_tokenizer`: that of `checkpoints/tiny` lies beside, for servers that start from a tokenizer only; token ids above it have no text.
    """
    folder = scratch / f"{shape}-{seed}{'-tokenizer' if has_tokenizer else ''}"
    if (folder / "DONE").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(seed)
    ids = {"eos_token_id": 0, "pad_token_id": 0, "bos_token_id": 0}
    config = Qwen2Config(**SHAPES[shape], **ids, max_position_embeddings=4096, tie_word_embeddings=True, initializer_range=0.02)
    with device():
        model = Qwen2ForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0], "pad_token_id": 0}))
    if has_tokenizer:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(TINY_CHECKPOINT / name, folder / name)
    (folder / "DONE").write_text("")
    return folder


def step_flops(shape: str, rows: int, prompt: int, completion: int) -> float:
    """Operations of one forward and backward pass without recomputation, two a multiply-add.

    6 for each weight of a layer and token, 6 for each weight of the head and completion token, and 12 x layers x heads x head width for each pair
    of positions that attend to each other (PaLM, arXiv:2204.02311, appendix B, which counts the causal half of the pairs twice).
    """
    s = SHAPES[shape]
    d, f, layers, tokens = s["hidden_size"], s["intermediate_size"], s["num_hidden_layers"], prompt + completion
    kv = d * s["num_key_value_heads"] // s["num_attention_heads"]
    a_layer = 2 * d * d + 2 * d * kv + 3 * d * f
    pairs = tokens * (tokens + 1) / 2
    return rows * (6 * layers * a_layer * tokens + 6 * s["vocab_size"] * d * completion + 12 * layers * d * pairs)
