"""TRL's own GRPOTrainer with the environment of several turns: a small model that has learnt one episode by heart plays it with real tool calls."""

import json
import pathlib

import pytest

trl = pytest.importorskip("trl", reason="trl is not installed")
datasets = pytest.importorskip("datasets")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from conftest import QUESTION  # noqa: E402

import evom_client.trl as hooks  # noqa: E402

BROKEN = 'const h = await require("highs")();\nnothing();'
RIGHT = 'const h = await require("highs")();\nreport(h.solve(`Max\nx + y\nst\nx + 2 y <= 4\nx <= 3\nEnd`).ObjectiveValue);'
SAID = "The program stopped with an error in line 2: ReferenceError: 'nothing' is not defined."


def call(name, program):
    return {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": name, "arguments": {"program": program}}}]}


PROMPT = [{"role": "user", "content": QUESTION}]
EPISODE = [call("run", BROKEN), {"role": "tool", "name": "run", "content": SAID}, call("submit", RIGHT)]


def tokenizer_of(template, tools):
    """Pieces of the episode's own texts, under Qwen 3's chat template, whose tool calls TRL reads."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    texts = [json.dumps(tools, indent=1), QUESTION, json.dumps(BROKEN), json.dumps(RIGHT), SAID, template] * 3
    pieces.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=900, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=pieces, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    made.chat_template = template
    return made


def learnt(tokenizer, tools):
    """A model of some hundred thousand weights that knows the episode by heart."""
    torch.manual_seed(1)
    torch.set_num_threads(1)  # more wait for one another on a busy machine, and the model is small
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = transformers.LlamaForCausalLM(config)
    end = {"role": "tool", "name": "submit", "content": "The solver found an optimum: objective 3.5."}
    whole = [*PROMPT, *EPISODE, end, {"role": "assistant", "content": "Done."}]
    given = tokenizer.apply_chat_template(PROMPT, tools=tools, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
    ids = torch.tensor([tokenizer.apply_chat_template(whole, tools=tools, tokenize=True, return_dict=True)["input_ids"]])
    labels = ids.clone()
    labels[0, : len(given)] = -100
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(400):
        loss = model(input_ids=ids, labels=labels).loss
        if loss.item() < 0.002:
            break
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss.item() < 0.05
    return model


def test_grpo_trainer_plays_episodes_of_several_turns(client, tmp_path):
    played = []

    class Environment(hooks.EvomTurnsEnvironment):
        turns = 3

        def run(self, program: str) -> str:
            """
            Runs a whole program and tells what the solver says of its model. Nothing is submitted yet.

            Args:
                program: The whole program.

            Returns:
                What the solver said.
            """
            said = super().run(program)
            played.append(said)
            return said

    Environment.client = client
    template = (pathlib.Path(trl.__file__).parent / "chat_templates" / "qwen3.jinja").read_text()
    from transformers.utils import get_json_schema

    sample = Environment()
    # In the order that TRL lists an environment's methods.
    tools = [get_json_schema(getattr(sample, name)) for name in sorted(("run", "submit"))]
    tokenizer = tokenizer_of(template, tools)
    model = learnt(tokenizer, tools)
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    args = trl.GRPOConfig(
        output_dir=str(tmp_path / "out"),
        per_device_train_batch_size=2,
        num_generations=2,
        max_completion_length=700,
        temperature=0.3,
        max_steps=2,
        learning_rate=1e-7,
        logging_steps=1,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
    )
    given = []

    def kept(environments, **columns):
        rewards = hooks.environment_reward(environments, **columns)
        given.extend(rewards)
        return rewards

    data = datasets.Dataset.from_list([{"prompt": PROMPT, "problem": "lp"}] * 8)
    trainer = trl.GRPOTrainer(
        model=model, args=args, train_dataset=data, reward_funcs=kept, processing_class=tokenizer, environment_factory=Environment
    )
    trainer.train()
    assert trainer.state.global_step == 2
    # The learner heard what the solver said of the broken program, submitted another, and was paid for that one.
    assert SAID in played, played
    assert 1.1 in given, given
    assert trainer.state.log_history[0]["tools/call_frequency"] > 0
