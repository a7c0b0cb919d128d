#!/usr/bin/env python3
"""Makes a small Qwen2 model with random weights and the tokenizer of another checkpoint: for tests and measurements.

    python scripts/make-random-model.py OUT --tokenizer checkpoints/tiny --hidden 32 --layers 2

Needs torch and transformers. The same arguments give the same weights.
"""

import argparse
import json
import pathlib
import shutil

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--tokenizer", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "checkpoints" / "tiny")
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--heads", type=int, default=4)
parser.add_argument("--kv-heads", type=int, default=2)
parser.add_argument("--intermediate", type=int, default=64)
parser.add_argument("--max-length", type=int, default=512)
parser.add_argument("--std", type=float, default=0.3, help="of the weights: large enough that logits differ")
parser.add_argument("--seed", type=int, default=0)
arguments = parser.parse_args()

source = json.loads((arguments.tokenizer / "config.json").read_text())
generation = json.loads((arguments.tokenizer / "generation_config.json").read_text())
torch.manual_seed(arguments.seed)
config = Qwen2Config(
    vocab_size=source["vocab_size"], hidden_size=arguments.hidden, intermediate_size=arguments.intermediate, num_hidden_layers=arguments.layers,
    num_attention_heads=arguments.heads, num_key_value_heads=arguments.kv_heads, max_position_embeddings=arguments.max_length,
    tie_word_embeddings=True, initializer_range=arguments.std, eos_token_id=generation["eos_token_id"], pad_token_id=generation.get("pad_token_id"),
)
Qwen2ForCausalLM(config).float().save_pretrained(arguments.out)
for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
    shutil.copyfile(arguments.tokenizer / name, arguments.out / name)
