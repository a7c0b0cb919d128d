"""The hooks as each trainer calls them; with the trainer itself where it is installed."""

import asyncio
import importlib.util
import pathlib

import pytest
from conftest import QUESTION, RIGHT, WRONG

import evom_client.trl as trl
from evom_client import EvomClient, Unavailable, Unscorable


def test_trl_reward_func_leaves_faults_out(client):
    reward = trl.reward_func(client)
    assert asyncio.iscoroutinefunction(reward)  # TRL awaits such functions together
    metrics = {}
    turn = [{"role": "assistant", "content": RIGHT}]
    ask = lambda **about: asyncio.run(reward(completion_ids=[], trainer_state=None, log_extra=None, **about))
    prompts = [[{"role": "user", "content": QUESTION}]] * 3
    given = ask(prompts=prompts, completions=[turn, WRONG, RIGHT], problem=["lp", "lp", "open"], log_metric=metrics.__setitem__)
    assert given == [1.1, 0.1, None]
    assert metrics == {"evom/unscorable": 1 / 3, "evom/correct": 1 / 3}
    assert ask(prompts=prompts[:1], completions=[RIGHT]) == [1.1]
    assert ask(prompts=["x"], completions=[RIGHT], question=["Mine"], answer=[4]) == [0.1]
    away = trl.reward_func(EvomClient("http://127.0.0.1:9", deadline_s=0.3))
    assert asyncio.run(away(prompts=["x"], completions=[RIGHT], problem=["lp"])) == [None]


def test_trl_rows_and_environment(client):
    rows = trl.rows(client)
    assert rows[0]["prompt"][-1]["role"] == "user" and rows[0]["problem"].endswith("lp")

    class Environment(trl.EvomEnvironment):
        pass

    Environment.client = client
    paid, idle, faulted = Environment(), Environment(), Environment()
    for env, problem in ((paid, "lp"), (idle, "lp"), (faulted, "open")):
        env.reset(**{**rows[0], "problem": problem})
    assert paid.submit(RIGHT).startswith("The solver found an optimum: objective 3.5. Values: x = 3, y = 0.5.")
    assert paid.submit(WRONG) == "The program was submitted already."
    faulted.submit(RIGHT)
    assert trl.environment_reward([paid, idle, faulted]) == [1.1, 0.0, None]


def test_trl_environment_of_several_turns(client):
    class Environment(trl.EvomTurnsEnvironment):
        turns = 2

    Environment.client = client
    env = Environment()
    env.reset(problem="lp")
    said = env.run("```js\nnothing();\n```")
    assert said == "The program stopped with an error in line 1: ReferenceError: 'nothing' is not defined."
    assert env.run("```js\nnothing();\n```") == said  # the same again is not another run
    assert env.run(WRONG) == "No run is left: submit a program."
    assert env.reward is None and trl.environment_reward([env]) == [0.0]
    env.submit(RIGHT)
    assert env.run(WRONG) == "The program was submitted already." and trl.environment_reward([env]) == [1.1]


def load_by_path():
    """As verl does: the file by its path, outside of its package."""
    path = pathlib.Path(trl.__file__).with_name("verl.py")
    spec = importlib.util.spec_from_file_location("custom_module", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.compute_score


def test_verl_compute_score(url):
    score = load_by_path()
    ask = lambda **about: asyncio.run(score(data_source="evom", url=url, **about))
    assert ask(solution_str=RIGHT, ground_truth="evom:lp") == {"score": 1.1, "acc": 1.0, "infra": 0.0, "status": "optimal"}
    info = {"problem": "lp", "num_turns": 1, "rollout_reward_scores": {}}
    assert ask(solution_str=WRONG, ground_truth="", extra_info=info)["score"] == 0.1
    assert ask(solution_str=RIGHT, ground_truth=3.5, extra_info={"question": "Mine"})["acc"] == 1.0
    with pytest.raises(Unscorable):
        ask(solution_str=RIGHT, ground_truth="evom:open")
    assert ask(solution_str=RIGHT, ground_truth="evom:open", unscorable="zero")["infra"] == 1.0
    with pytest.raises(ValueError, match="evom:ID"):
        ask(solution_str=RIGHT, ground_truth="3.5")
    with pytest.raises(Unavailable):
        asyncio.run(score("evom", RIGHT, "evom:lp", url="http://127.0.0.1:9", deadline_s=0.3))


def test_skyrl_environment(url):
    pytest.importorskip("skyrl_gym", reason="skyrl-gym is not installed")
    from evom_client.skyrl import EvomEnv

    def play(action, ground_truth, **config):
        env = EvomEnv({"url": url, **config}, {"reward_spec": {"ground_truth": ground_truth}})
        env.init([{"role": "user", "content": QUESTION}])
        return env.step(action)

    step = play(RIGHT, "evom:lp")
    assert (step["reward"], step["done"], step["metadata"]["status"]) == (1.1, True, "optimal")
    with pytest.raises(Unscorable):
        play(RIGHT, "evom:open")
    assert play(RIGHT, "evom:open", unscorable="zero")["metadata"] == {"infra": 1}

    env = EvomEnv({"url": url, "turns": 2}, {"problem": "lp"})
    env.init([{"role": "user", "content": QUESTION}])
    told = env.step("```js\nnothing();\n```")
    assert (told["reward"], told["done"]) == (0.0, False) and "ReferenceError" in told["observations"][0]["content"]
    assert (lambda step: (step["reward"], step["done"]))(env.step(RIGHT)) == (1.1, True)


def test_verifiers_taskset(url):
    pytest.importorskip("verifiers.v1", reason="verifiers 0.4 is not installed")
    from evom_client.verifiers_taskset import EvomConfig, EvomTaskset

    tasks = list(EvomTaskset(EvomConfig(url=url)).load())
    assert [task.data.problem_id.split("/")[-1] for task in tasks] == ["lp", "open"]
    assert QUESTION in tasks[0].data.prompt and tasks[0].data.system_prompt

    class Trace:
        def __init__(self, reply):
            self.last_reply, self.info, self.metrics = reply, {}, {}

        def record_metric(self, name, value):
            self.metrics[name] = value

    trace = Trace(RIGHT)
    assert asyncio.run(tasks[0].solved(trace)) == 1.1
    assert (trace.metrics, trace.info) == ({"correct": 1.0}, {"evom_status": "optimal"})
    with pytest.raises(Unscorable):
        asyncio.run(tasks[1].solved(Trace(RIGHT)))
