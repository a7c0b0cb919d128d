"""TRL 1.16: a reward function, the rows of a data set, and an environment class for `environment_factory`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .client import EvomClient, Scored, Unavailable, question_of, text_of


def rows(client: EvomClient, split: str | None = "train") -> list[dict[str, Any]]:
    """Rows for `datasets.Dataset.from_list`: `prompt` as chat messages, and `problem`, which the reward function reads."""
    return [{"prompt": problem["prompt"], "problem": problem["id"]} for problem in client.problems(split)]


def reward_func(client: EvomClient | None = None):
    """A function for `GRPOTrainer(reward_funcs=...)`. A completion that cannot be scored is None, which TRL leaves out.

    The column `problem` names each row's problem; without it the prompt does. With a column `answer` beside `question`, the problem is
    your own.
    """
    asked = client or EvomClient()

    async def evom_reward(
        prompts: Sequence[Any],
        completions: Sequence[Any],
        problem: Sequence[str] | None = None,
        question: Sequence[str] | None = None,
        answer: Sequence[Any] | None = None,
        log_metric: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        async def one(i: int) -> Scored | None:
            if problem is not None:
                about: dict[str, Any] = {"problem": problem[i]}
            elif question is not None and answer is not None:
                about = {"question": question[i], "answer": answer[i]}
            else:
                about = {"question": question_of(prompts[i])}
            try:
                return (await asked.ascore([text_of(completions[i])], **about))[0]
            except Unavailable:
                return None

        scored = await asyncio.gather(*(one(i) for i in range(len(completions))))
        if log_metric is not None and scored:
            log_metric("evom/unscorable", sum(s is None or s.reward is None for s in scored) / len(scored))
            log_metric("evom/correct", sum(s is not None and s.correct is True for s in scored) / len(scored))
        return [None if s is None else s.reward for s in scored]

    return evom_reward


class EvomEnvironment:
    """For `environment_factory`: the model submits its program by a tool, and the reward is what the server paid.

    A fault leaves the reward at None: add `environment_reward` as the reward function, which TRL then leaves out.
    """

    client: EvomClient | None = None

    def __init__(self) -> None:
        self._client = self.client or EvomClient()
        self._problem: str | None = None
        self._submitted = False
        self.faulted = False
        self.reward: float | None = None

    def reset(self, problem: str | None = None, **row: Any) -> str | None:
        self._problem, self._submitted, self.faulted, self.reward = problem, False, False, None
        return None

    def submit(self, program: str) -> str:
        """
        Submits the whole program; it is run and its model is solved. There is one submission.

        Args:
            program: The whole program.

        Returns:
            What the solver said.
        """
        if self._submitted:
            return "The program was submitted already."
        if self._problem is None:
            raise ValueError("the row has no column `problem`; make the rows with evom_client.trl.rows")
        try:
            scored = self._client.score([program], problem=self._problem, said=True)[0]
        except Unavailable:
            self.faulted = True
            return "The solver is away."
        self.reward = scored.reward
        self._submitted = scored.reward is not None
        self.faulted = scored.reward is None
        return "The solver is away." if scored.said is None or self.faulted else scored.said


class EvomTurnsEnvironment(EvomEnvironment):
    """As `EvomEnvironment`, with a second tool that runs programs before one is submitted: `turns` programs in all."""

    turns = 3

    def __init__(self) -> None:
        super().__init__()
        self._ran: dict[str, str] = {}

    def reset(self, problem: str | None = None, **row: Any) -> str | None:
        self._ran = {}
        return super().reset(problem, **row)

    def run(self, program: str) -> str:
        """
        Runs a whole program and tells what the solver says of its model. Nothing is submitted yet.

        Args:
            program: The whole program.

        Returns:
            What the solver said.
        """
        if self._submitted:
            return "The program was submitted already."
        if self._problem is None:
            raise ValueError("the row has no column `problem`; make the rows with evom_client.trl.rows")
        if program not in self._ran:
            if len(self._ran) >= self.turns - 1:
                return "No run is left: submit a program."
            try:
                said = self._client.score([program], problem=self._problem, said=True)[0].said
            except Unavailable:
                said = None
            if said is None:
                return "The solver is away."
            self._ran[program] = said
        return self._ran[program]


def environment_reward(environments: Sequence[EvomEnvironment], **columns: Any) -> list[float | None]:
    """The reward of each environment: 0 where nothing was submitted, None after a fault."""
    return [env.reward if env.reward is not None or env.faulted else 0.0 for env in environments]
