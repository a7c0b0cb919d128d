"""verl's own reward manager, made by verl's own loader from the configuration of docs/guide/serve.md; skipped where verl is not installed."""

import asyncio
import pathlib

import pytest

pytest.importorskip("verl", reason="verl 0.9 is not installed")
np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

from conftest import RIGHT, WRONG  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402
from verl import DataProto  # noqa: E402
from verl.trainer.ppo.reward import load_reward_manager  # noqa: E402

import evom_client  # noqa: E402
from evom_client import Unscorable  # noqa: E402


class Letters:
    """A tokenizer of letters: all that the manager asks of one."""

    def decode(self, ids, skip_special_tokens=True):
        return "".join(chr(i) for i in ids if i > 0)


def sample(completion, ground_truth, pad=7):
    """One trajectory as the trainer hands it over: prompt of 3, response padded on the right."""
    ids = torch.tensor([[ord(letter) for letter in completion] + [0] * pad])
    mask = torch.tensor([[1] * (3 + len(completion)) + [0] * pad])
    rows = {
        "data_source": np.array(["evom"], dtype=object),
        "reward_model": np.array([{"style": "rule", "ground_truth": ground_truth}], dtype=object),
        "extra_info": np.array([{"index": 0}], dtype=object),
        "__num_turns__": np.array([1]),
    }
    tensors = {"prompts": torch.ones(1, 3, dtype=torch.int64), "responses": ids, "attention_mask": mask}
    return DataProto.from_dict(tensors=tensors, non_tensors=rows)


def play(url, completion, ground_truth, **kwargs):
    async def run():
        path = pathlib.Path(evom_client.__file__).with_name("verl.py")
        function = {"path": str(path), "name": "compute_score", "reward_kwargs": {"url": url, "deadline_s": 60, **kwargs}}
        manager = {"source": "register", "name": "naive"}
        config = OmegaConf.create({"reward": {"custom_reward_function": function, "reward_manager": manager, "sandbox_fusion": {"url": None}}})
        return await load_reward_manager(config, Letters()).run_single(sample(completion, ground_truth))

    return asyncio.run(run())


def test_naive_manager_pays_what_the_server_pays(url):
    paid = play(url, RIGHT, "evom:lp")
    assert paid["reward_score"] == 1.1
    assert paid["reward_extra_info"] == {"score": 1.1, "acc": 1.0, "infra": 0.0, "status": "optimal"}
    assert play(url, WRONG, "evom:lp")["reward_score"] == 0.1


def test_naive_manager_never_sees_a_number_for_a_fault(url):
    with pytest.raises(Unscorable):
        play(url, RIGHT, "evom:open")
    zero = play(url, RIGHT, "evom:open", unscorable="zero")
    assert (zero["reward_score"], zero["reward_extra_info"]["infra"]) == (0.0, 1.0)
