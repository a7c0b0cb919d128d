"""verifiers 0.4 (prime-rl): a Taskset whose prompts and rewards are the server's. A fault raises, and the trace is left out."""

from __future__ import annotations

from typing import Any

import verifiers.v1 as vf

from .client import EvomClient


class EvomData(vf.TaskData):
    problem_id: str
    url: str


class EvomTask(vf.Task[EvomData]):
    @vf.reward(weight=1.0)
    async def solved(self, trace: vf.Trace) -> float:
        client = EvomClient(self.data.url)
        try:
            scored = (await client.ascore([trace.last_reply or ""], problem=self.data.problem_id))[0]
        finally:
            client.close()
        trace.info["evom_status"] = scored.status
        reward = scored.require()
        trace.record_metric("correct", float(scored.correct is True))
        return reward


class EvomConfig(vf.TasksetConfig):
    url: str = "http://127.0.0.1:8700"
    split: str = "train"


class EvomTaskset(vf.Taskset[EvomTask, EvomConfig]):
    def load(self) -> Any:
        client = EvomClient(self.config.url)
        try:
            for problem in client.problems(self.config.split):
                system = [m["content"] for m in problem["prompt"] if m["role"] == "system"]
                turns = [m for m in problem["prompt"] if m["role"] != "system"]
                data = EvomData(
                    id=problem["id"],
                    prompt=turns[0]["content"] if len(turns) == 1 else turns,
                    system_prompt=system[0] if system else None,
                    problem_id=problem["id"],
                    url=self.config.url,
                )
                yield EvomTask(data, self.config.task)
        finally:
            client.close()


__all__ = ["EvomTaskset"]
