"""Tiny random Llama, Qwen2 and Qwen3 checkpoints with log-probabilities by transformers in float64: test/golden/policy/.

Run from the repository root: python scripts/make-policy-goldens.py
"""
import json
import shutil
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

root = Path("test/golden/policy")
common = dict(vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=2, max_position_embeddings=64, rms_norm_eps=1e-5,
              bos_token_id=None, eos_token_id=1, pad_token_id=0, initializer_range=0.35)
models = {
    "llama": (LlamaForCausalLM, LlamaConfig(**common, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False, rope_theta=500.0)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**common, num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**common, num_attention_heads=4, num_key_value_heads=4, head_dim=8, tie_word_embeddings=True)),
}
for name, (cls, config) in models.items():
    torch.manual_seed(len(name) + config.num_attention_heads)
    model = cls(config).eval()
    with torch.no_grad():  # norms and biases other than 1 and 0, so that leaving one out shows
        for key, value in model.named_parameters():
            if value.ndim == 1:
                value += 0.2 * torch.randn_like(value)
    directory = root / name
    shutil.rmtree(directory, ignore_errors=True)
    model.save_pretrained(directory)
    model = model.double()
    prompts = [[5, 9, 2, 33, 17], [7], list(range(3, 25))]
    cases = []
    for prompt in prompts:
        ids = list(prompt)
        for _ in range(12):
            with torch.no_grad():
                token = int(model(torch.tensor([ids])).logits[0, -1].argmax())
            ids.append(token)
            if token == 1:
                break
        greedy = ids[len(prompt):]
        given = [(7 * i + len(prompt)) % 48 for i in range(15)]
        with torch.no_grad():
            logits = model(torch.tensor([prompt + given])).logits[0, len(prompt) - 1 : -1]
        logprobs = {str(t): (logits / t).log_softmax(-1)[range(15), given].tolist() for t in (1.0, 0.7)}
        cases.append({"prompt": prompt, "greedy": greedy, "given": given, "logprobs": logprobs})
    (directory / "golden.json").write_text(json.dumps(cases) + "\n")
    print(name, sum(p.numel() for p in model.parameters()), [c["greedy"] for c in cases])
