"""TRL's side of scripts/bench/grpo-step.mjs: answers each line on stdin with one step of GRPOTrainer and a line of JSON about it.

    python scripts/bench/grpo_step.py SETTINGS.json

`reward` in the settings: `length` (1 where a completion has an even number of tokens), `processes` (a fresh Python process for each
completion runs its problem's reference program; TRL cannot run the policy's own, which are JavaScript), `evom` (the completions go
through `evom verify` in one batch a step).
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

with open(sys.argv[1], encoding="utf-8") as file:
    settings = json.load(file)
threads = settings["threads"]
os.environ["OMP_NUM_THREADS"] = str(threads)
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
# Answers own stdout; what libraries print goes to stderr.
answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
os.dup2(2, 1)

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
scratch = tempfile.mkdtemp(dir=settings["scratch"])
# --- rewards -----------------------------------------------------------------------------------------------------------
with open(settings["problems"], encoding="utf-8") as file:
    problems = [json.loads(line) for line in file]


def even(ids):
    return len(ids) % 2 == 0


def reward_length(completion_ids, **_):
    return [1.0 if even(ids) else 0.0 for ids in completion_ids]


def reward_processes(completion_ids, problem, **_):
    def right(at):
        path = os.path.join(settings["programs"], f"{at}.py")
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=60, check=True)
        answer, printed = problems[at]["answer"], done.stdout.split()[-1]
        try:
            return abs(float(printed) - answer) <= 1e-6 * (abs(answer) + 1)
        except (TypeError, ValueError):  # no optimum: the program prints none
            return not isinstance(answer, (int, float))

    with ThreadPoolExecutor(threads) as pool:
        verdicts = list(pool.map(right, problem))
    if not all(verdicts):
        raise RuntimeError("a reference program did not reach its problem's answer")
    return [1.0 if even(ids) else 0.0 for ids in completion_ids]  # all are right: lengths make groups mixed


def reward_evom(completions, problem, **_):
    source, target = (os.path.join(scratch, name) for name in ("programs.jsonl", "outcomes.jsonl"))
    with open(source, "w", encoding="utf-8") as file:
        for i, (text, at) in enumerate(zip(completions, problem, strict=True)):
            line = {"id": str(i), "dialect": "highs-js", "completion": text, "answer": problems[at]["answer"]}
            file.write(json.dumps(line) + "\n")
    command = [*settings["evom"], "verify", "--input", source, "--output", target, "--workers", str(threads), "--quiet",
               "--set", "audit.cross_solve=off", "--set", "audit.perturbations=0"]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(target, encoding="utf-8") as file:
        outcomes = {line["id"]: line for line in map(json.loads, file)}
    os.unlink(target)
    return [1.0 if outcomes[str(i)]["correct"] else 0.0 for i in range(len(completions))]


# --- steps on demand -----------------------------------------------------------------------------------------------------
def processor_s():
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


class OnDemand(TrainerCallback):
    """A step lasts from the line that asks for it to the beginning of the next: all of the trainer's loop is in it."""

    begun = None

    def on_step_begin(self, args, state, control, **_):
        if self.begun is not None:
            wall, cpu = time.perf_counter() - self.begun[0], processor_s() - self.begun[1]
            logged = state.log_history[-1] if state.log_history else {}
            print(
                json.dumps({
                    "wallS": wall,
                    "cpuS": cpu,
                    "meanTokens": logged["completions/mean_length"],
                    "reward": logged["reward"],
                    "rssMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                }),
                file=answers,
            )
        if sys.stdin.readline() == "":
            os._exit(0)
        self.begun = time.perf_counter(), processor_s()


rows = settings["groups"] * settings["groupSize"]
tokenizer = AutoTokenizer.from_pretrained(settings["model"])
with open(settings["prompts"], encoding="utf-8") as file:
    prompts = [json.loads(line) for line in file]
for prompt in prompts:
    if tokenizer(text=prompt["text"])["input_ids"] != prompt["ids"]:
        raise RuntimeError(f"transformers reads this prompt as other tokens: {prompt['text']}")
trainer = GRPOTrainer(
    model=AutoModelForCausalLM.from_pretrained(settings["model"], dtype=torch.float32),
    processing_class=tokenizer,
    reward_funcs={"length": reward_length, "processes": reward_processes, "evom": reward_evom}[settings["reward"]],
    train_dataset=Dataset.from_list([{"prompt": prompt["text"], "problem": i} for i, prompt in enumerate(prompts)]),
    callbacks=[OnDemand()],
    args=GRPOConfig(
        output_dir=scratch, use_cpu=True, bf16=False, gradient_checkpointing=False, seed=1, report_to="none",
        disable_tqdm=True, save_strategy="no", logging_steps=1, max_steps=1 << 30, shuffle_dataset=False,
        per_device_train_batch_size=settings["microRows"], gradient_accumulation_steps=rows // settings["microRows"],
        num_generations=settings["groupSize"], max_completion_length=settings["maxTokens"],
        temperature=settings["temperature"], top_k=0, top_p=1.0,
        learning_rate=settings["learningRate"], lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=1.0,
        loss_type="grpo", scale_rewards="group", beta=0.0, epsilon=0.2, num_iterations=1,
    ),
)  # fmt: skip
trainer.train()
