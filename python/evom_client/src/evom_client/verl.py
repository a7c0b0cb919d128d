"""verl 0.9: `compute_score` for `reward.custom_reward_function`.

    reward:
      custom_reward_function:
        path: .../evom_client/verl.py
        name: compute_score
        reward_kwargs: {url: "http://127.0.0.1:8700", deadline_s: 120, unscorable: error}

verl awaits it without a limit of its own, so that the deadline is here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

# verl loads this file by its path, and then it belongs to no package.
from evom_client.client import EvomClient, Unavailable, Unscorable


@lru_cache(maxsize=8)
def _client(url: str | None, deadline_s: float) -> EvomClient:
    return EvomClient(url, deadline_s=deadline_s)


async def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any = None,
    extra_info: dict[str, Any] | None = None,
    *,
    url: str | None = None,
    deadline_s: float = 120.0,
    unscorable: str = "error",
    **_: Any,
) -> dict[str, Any]:
    """The score of one trajectory; its other keys become `reward_extra_info`.

    The problem is `extra_info["problem"]`, or `ground_truth` where it is `evom:ID`, or `extra_info["question"]` with `ground_truth` as
    its answer. verl knows no sample without a reward: with `unscorable="error"` one raises, with "zero" it is 0 and `infra` is 1.

    Raises:
        Unscorable, Unavailable: with `unscorable="error"`.
    """
    if unscorable not in ("error", "zero"):
        raise ValueError(f'unscorable is "{unscorable}"; it is "error" or "zero"')
    info = extra_info or {}
    if info.get("problem") is not None:
        about: dict[str, Any] = {"problem": info["problem"]}
    elif isinstance(ground_truth, str) and ground_truth.startswith("evom:"):
        about = {"problem": ground_truth[len("evom:") :]}
    elif info.get("question") is not None:
        about = {"question": info["question"], **({} if ground_truth is None else {"answer": ground_truth})}
    else:
        raise ValueError('extra_info has neither "problem" nor "question", and ground_truth is not evom:ID')
    try:
        scored = (await _client(url, deadline_s).ascore([solution_str], **about))[0]
        reward = scored.require()
    except (Unavailable, Unscorable):
        if unscorable == "error":
            raise
        return {"score": 0.0, "acc": 0.0, "infra": 1.0, "status": "unscorable"}
    return {"score": reward, "acc": float(scored.correct is True), "infra": 0.0, "status": scored.status}
