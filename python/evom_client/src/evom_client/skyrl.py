"""SkyRL (skyrl-gym 0.4): an environment of one step, or of several. SkyRL knows no sample without a reward."""

from __future__ import annotations

from typing import Any

from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from .client import EvomClient, Unavailable, Unscorable


class EvomEnv(BaseTextEnv):
    """The row's `extras["reward_spec"]["ground_truth"]` is `evom:ID`, or `extras["problem"]` is the id.

    Args:
        env_config: `url`, `deadline_s`, and `unscorable`: "error" raises, "zero" is 0 with `metadata["infra"]` 1. `turns` (1): programs of
            an episode; after one without a solution the policy is told what the solver said, and may write another.
    """

    def __init__(self, env_config: Any = None, extras: dict[str, Any] | None = None):
        super().__init__()
        config = env_config or {}
        extras = extras or {}
        truth = str((extras.get("reward_spec") or {}).get("ground_truth") or "")
        self._problem = extras.get("problem") or (truth[len("evom:") :] if truth.startswith("evom:") else None)
        if self._problem is None:
            raise ValueError('the row names no problem: set extras["problem"], or reward_spec.ground_truth to evom:ID')
        self._turns_left = int(config.get("turns", 1))
        self._unscorable = config.get("unscorable", "error")
        self._client = EvomClient(config.get("url"), deadline_s=float(config.get("deadline_s", 120.0)), max_connections=1)

    def step(self, action: str) -> BaseTextEnvStepOutput:
        try:
            scored = self._client.score([action], problem=self._problem, said=True)[0]
            reward = scored.require()
        except (Unavailable, Unscorable):
            if self._unscorable == "error":
                raise
            return BaseTextEnvStepOutput(observations=[], reward=0.0, done=True, metadata={"infra": 1})
        metadata = {"infra": 0, "status": scored.status}
        self._turns_left -= 1
        if self._turns_left > 0 and scored.said is not None and scored.status not in ("optimal", "feasible"):
            told = [{"role": "user", "content": scored.said}]
            return BaseTextEnvStepOutput(observations=told, reward=0.0, done=False, metadata=metadata)
        metadata["correct"] = scored.correct
        return BaseTextEnvStepOutput(observations=[], reward=reward, done=True, metadata=metadata)

    def close(self) -> None:
        self._client.close()
