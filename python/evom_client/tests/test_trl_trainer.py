"""TRL's own GRPOTrainer, three steps of a tiny random model on the server's rewards."""

import pytest

trl = pytest.importorskip("trl", reason="trl is not installed")
datasets = pytest.importorskip("datasets")
transformers = pytest.importorskip("transformers")


def tiny(folder):
    """A model of some thousand weights, with a tokenizer of bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_alone = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_alone.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_alone, eos_token="<eos>", pad_token="<pad>")
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def test_grpo_trainer_takes_three_steps(client, tmp_path):
    from evom_client.trl import reward_func, rows

    model, tokenizer = tiny(tmp_path / "model")
    asked, given = reward_func(client), []

    async def kept(*args, **columns):
        rewards = await asked(*args, **columns)
        given.append((columns["problem"], rewards))
        return rewards

    args = trl.GRPOConfig(
        output_dir=str(tmp_path / "out"),
        per_device_train_batch_size=4,
        num_generations=2,
        max_completion_length=8,
        max_steps=3,
        logging_steps=1,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
    )
    data = datasets.Dataset.from_list([row for row in rows(client) for _ in range(6)])
    trainer = trl.GRPOTrainer(model=model, args=args, train_dataset=data, reward_funcs=kept, processing_class=tokenizer)
    trainer.train()
    assert trainer.state.global_step == 3
    paid = [(name, reward) for names, rewards in given for name, reward in zip(names, rewards)]
    assert {reward for name, reward in paid if name.endswith("lp")} <= {0, 0.1}
    assert {reward for name, reward in paid if name.endswith("open")} <= {None}
    assert {reward for _, reward in paid} >= {0} or {reward for _, reward in paid} == {None}
