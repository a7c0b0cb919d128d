"""The client: completions of a problem to rewards, tried again while the server is away, within a deadline."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any


class Unavailable(RuntimeError):
    """The server was away or busy until the deadline. Never a reward."""


class Unscorable(RuntimeError):
    """A completion has no reward, through no fault of its own. Never a reward."""


@dataclass(frozen=True)
class Scored:
    """One completion's verdict; `reward` is None where there is none, and `unscorable` says why."""

    reward: float | None
    correct: bool | None
    parts: Mapping[str, float]
    flags: Sequence[str]
    status: str | None
    objective: float | None
    error: str | None
    unscorable: str | None
    said: str | None = None
    """What the solver said of the program, for the policy to read; None where it was not run, or not asked for."""

    def require(self) -> float:
        """The reward; raises Unscorable where there is none."""
        if self.reward is None:
            raise Unscorable(self.unscorable or "no reward")
        return self.reward


class EvomClient:
    """Asks one server. Thread-safe; the `a` methods are for asyncio.

    Args:
        url: address of the server; default $EVOM_SERVE_URL or http://127.0.0.1:8700.
        token: bearer token; default $EVOM_SERVE_TOKEN.
        deadline_s: seconds until a call is given up, tries and waiting included.
        max_connections: requests at once of the asyncio methods.
    """

    def __init__(self, url: str | None = None, *, token: str | None = None, deadline_s: float = 120.0, max_connections: int = 64):
        self.url = (url or os.environ.get("EVOM_SERVE_URL") or "http://127.0.0.1:8700").rstrip("/")
        self._token = token if token is not None else os.environ.get("EVOM_SERVE_TOKEN")
        self.deadline_s = deadline_s
        self._pool = ThreadPoolExecutor(max_workers=max_connections, thread_name_prefix="evom")

    def score(
        self,
        completions: Sequence[str],
        *,
        problem: str | None = None,
        question: str | None = None,
        answer: Any = None,
        truncated: Sequence[bool] | None = None,
        said: bool = False,
        deadline_s: float | None = None,
    ) -> list[Scored]:
        """Verdicts of completions of one problem, in their order.

        Args:
            problem: id or text hash of a problem of the server; or else
            question, answer: a problem of your own; a question without an answer is looked up among the server's.
            truncated: whether each completion was stopped at its limit.
            said: also ask what the solver said, in words; the reward and the problem's answer are not in them.

        Raises:
            Unavailable: the server was away or busy until the deadline.
            ValueError: the server does not understand the request, e.g. an unknown problem.
        """
        body: dict[str, Any] = {"completions": list(completions)}
        if problem is not None:
            body["problem"] = problem
        if question is not None:
            body["question"] = question
        if answer is not None:
            body["answer"] = answer
        if truncated is not None:
            body["truncated"] = list(truncated)
        if said:
            body["said"] = True
        answered = self._post("/v1/score", body, deadline_s)
        return [_scored(r, p, o) for r, p, o in zip(answered["rewards"], answered["parts"], answered["outcomes"])]

    async def ascore(self, completions: Sequence[str], **about: Any) -> list[Scored]:
        """As `score`, without blocking the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self.score(completions, **about))

    def problems(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """The server's problems: `id`, `split`, `dialect`, `text_hash` and `prompt`, a list of chat messages. No answers."""
        query = "" if split is None else f"?split={split}"
        text = self._send(urllib.request.Request(f"{self.url}/v1/problems{query}", headers=self._headers()), self.deadline_s)
        return (json.loads(line) for line in text.splitlines() if line)

    def health(self) -> dict[str, Any]:
        """Counts of the server, e.g. `scored`, `unscorable`, `waiting`."""
        return json.loads(self._send(urllib.request.Request(f"{self.url}/v1/health", headers=self._headers()), self.deadline_s))

    def close(self) -> None:
        """Ends the threads of the asyncio methods."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"} if self._token else {}

    def _post(self, path: str, body: Mapping[str, Any], deadline_s: float | None) -> Any:
        until = time.monotonic() + (self.deadline_s if deadline_s is None else deadline_s)
        data = json.dumps(body).encode()
        for attempt in range(1_000_000):
            left = until - time.monotonic()
            request = urllib.request.Request(
                self.url + path, data, {"content-type": "application/json", **self._headers()}, method="POST"
            )
            try:
                if left <= 0:
                    raise TimeoutError("the deadline is over")
                return json.loads(self._send(request, left))
            except (OSError, TimeoutError) as error:
                pause = min(5.0, 0.2 * 2 ** min(attempt, 6)) * (0.5 + random.random())
                if time.monotonic() + pause >= until:
                    raise Unavailable(f"{self.url}{path}: {error}; is evom serve up?") from error
                time.sleep(pause)
        raise AssertionError("unreachable")

    def _send(self, request: urllib.request.Request, timeout_s: float) -> str:
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as response:
                return response.read().decode()
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            if error.code in (408, 429) or error.code >= 500:
                raise OSError(f"{error.code}: {said}") from error
            raise ValueError(f"{request.full_url} answered {error.code}: {said}") from error


def _scored(reward: float | None, parts: Mapping[str, float], about: Mapping[str, Any]) -> Scored:
    outcome = about.get("outcome") or {}
    error = outcome.get("error")
    unscorable = about.get("unscorable")
    return Scored(
        reward=reward,
        correct=about.get("correct"),
        parts=parts,
        flags=about.get("flags") or [],
        status=outcome.get("status"),
        objective=outcome.get("objective"),
        error=None if error is None else f"{error['type']}: {error['message']}",
        unscorable=None if unscorable is None else f"{unscorable['kind']}: {unscorable['message']}",
        said=about.get("said"),
    )


def text_of(completion: Any) -> str:
    """The text of a completion: a text, or the assistant's messages of a conversation."""
    if isinstance(completion, str):
        return completion
    messages = [m for m in completion if m.get("role") == "assistant"]
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])


def question_of(prompt: Any) -> str:
    """The last user turn of a prompt: a text, or chat messages."""
    if isinstance(prompt, str):
        return prompt
    users = [m["content"] for m in prompt if m.get("role") == "user"]
    if not users:
        raise ValueError("the prompt has no message of the user")
    return users[-1] if isinstance(users[-1], str) else "".join(part.get("text", "") for part in users[-1])
