"""One process that samples and trains on one device: weights never move, phases alternate.

    python -m evom_torch.host --model Qwen2.5-1.5B-Instruct --lr 1e-6          # prints its address
    python -m evom_torch.host --model Qwen2.5-1.5B-Instruct --sample-only

HTTP on localhost, JSON, bearer token from EVOM_HOST_TOKEN:
  GET  /health      version, model, longest sequence, vocabulary, stop ids, device
  POST /generate    {requests: [{prompt_ids, seeds}], temperature, top_k, top_p, max_tokens} -> one JSON line a completion as it ends
  POST /score       {requests: [{prompt_ids, completion_ids}], temperature} -> {logprobs: [[...]]}
  POST /train_step  {directory, learning_rate_factor} -> {version, metrics, seconds}; the directory as in the exchange
  POST /save        {directory} -> {version}
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import os
import signal
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import torch

from . import exchange
from .arguments import add_learner_arguments, learner_of, settle_precision
from .batch import Row, read_batch
from .checkpoint import write_state
from .distributed import World, join_world
from .http_handler import handler_of
from .learn import is_alive
from .learner import Learner, token_logprobs
from .policy_model import TokenScorer, load_model
from .sampler import Request, Sampler
from .sampling import SamplingParams


class Host:
    """The model, and one lock: a request waits until the one before has been answered."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.lock = threading.Lock()
        self.arguments = arguments
        world = join_world(arguments.device)
        if world.size != 1:
            raise SystemExit("the colocated host is one process; for more, take samplers of their own and evom_torch.learn")
        self.device = world.device
        settle_precision(arguments, world.device)
        is_half = arguments.precision == "bfloat16"
        self.learner: Learner | None = None
        self._copy = None
        if arguments.sample_only:
            if arguments.threads:
                torch.set_num_threads(arguments.threads)
            source = arguments.from_checkpoint or arguments.model
            model = load_model(source, torch.bfloat16 if is_half else torch.float32, arguments.attention).to(self.device)
            self.scorer = TokenScorer(model).eval().requires_grad_(False)
        else:
            self.learner = learner_of(arguments, world)
            model, self.scorer = self.learner.model, self.learner.scorer
            # float32 weights would be cast at every token: sampling has its own copy in bfloat16, made anew after each step.
            if is_half and arguments.lora_rank == 0:
                self._copy = copy.deepcopy(model).to(torch.bfloat16).eval().requires_grad_(False)
        self.config = model.config
        self.stop_ids = stop_ids_of(arguments.model, self.config)
        autocast = self.learner.autocast if self.learner and self._copy is None else contextlib.nullcontext
        self.sampler = Sampler(self._copy or model, self.stop_ids, self.device, arguments.rows, autocast)

    @property
    def version(self) -> int:
        return self.learner.version if self.learner else self.arguments.version

    def health(self, _body: dict) -> dict:
        facts = {
            "version": self.version, "model": self.arguments.model.name, "max_length": int(self.config.max_position_embeddings),
            "vocab_size": int(self.config.vocab_size), "stop_ids": self.stop_ids, "device": str(self.device), "torch": torch.__version__,
            "precision": self.arguments.precision,
        }
        if self.device.type == "cuda":
            facts["memory_bytes"] = torch.cuda.max_memory_allocated(self.device)
        return facts

    def generate(self, body: dict):
        requests = [Request([int(t) for t in r["prompt_ids"]], list(r["seeds"])) for r in body["requests"]]
        params = SamplingParams(float(body["temperature"]), int(body["top_k"]), float(body["top_p"]), int(body["max_tokens"]))
        for c in self.sampler.generate(requests, params):
            yield {
                "request": c.request, "sample": c.sample, "token_ids": c.token_ids, "logprobs": c.logprobs, "entropy": c.entropy,
                "finish_reason": c.finish_reason, "policy_version": self.version,
            }
        self._release()

    def score(self, body: dict) -> dict:
        rows = tuple(scored_row(r["prompt_ids"], r["completion_ids"], float(body["temperature"])) for r in body["requests"])
        if self.learner is not None:
            scores = self.learner.logprobs(rows)
        else:
            scores = token_logprobs(self.scorer, rows, World(0, 1, self.device, None), self.arguments.micro_batch_tokens)
        return {"logprobs": [s[len(r["prompt_ids"]) :].tolist() for s, r in zip(scores, body["requests"])]}

    def train_step(self, body: dict) -> dict:
        if self.learner is None:
            raise ValueError("this host only samples; start it without --sample-only")
        began = time.perf_counter()
        directory = Path(body["directory"])
        manifest = exchange.read_published(directory)
        if manifest is None:
            raise ValueError(f"{directory} has no READY: it is not complete")
        for name in sorted(name for name in manifest["files"] if name.endswith(".arrow")):
            metrics = self.learner.step(read_batch(directory / name), float(body["learning_rate_factor"]))
        self._refresh_copy()
        self._release()
        return {"version": self.learner.version, "metrics": metrics, "seconds": time.perf_counter() - began}

    @torch.no_grad()
    def _refresh_copy(self) -> None:
        if self._copy is not None and self.learner is not None:
            for ours, theirs in zip(self._copy.parameters(), self.learner.model.parameters()):
                ours.copy_(theirs)

    def save(self, body: dict) -> dict:
        if self.learner is None:
            raise ValueError("this host only samples: it has no state to save")
        write_state(self.learner, Path(body["directory"]))
        return {"version": self.learner.version}

    def _release(self) -> None:
        """Sampling and training need their memory in turn."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def scored_row(prompt_ids: list[int], completion_ids: list[int], temperature: float) -> Row:
    ids = np.array([*prompt_ids, *completion_ids], dtype=np.int32)
    mask = np.zeros(len(ids), dtype=np.uint8)
    mask[len(prompt_ids) :] = 1
    zeros = np.zeros(len(ids), dtype=np.float32)
    return Row("score", "score", ids, mask, zeros, None, None, 0.0, None, None, 1.0, temperature)


def stop_ids_of(directory: Path, config) -> list[int]:
    """`eos_token_id` of generation_config.json, else of config.json."""
    path = directory / "generation_config.json"
    listed = json.loads(path.read_text()).get("eos_token_id") if path.exists() else None
    value = listed if listed is not None else config.eos_token_id
    ids = value if isinstance(value, list) else [value]
    if not ids or any(not isinstance(i, int) for i in ids):
        raise SystemExit(f"{directory} names no eos_token_id; add it to generation_config.json")
    return ids


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="evom_torch.host", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--address-file", type=Path, help="the address is written here once requests are taken")
    parser.add_argument("--parent", type=int, help="end when the process with this id is gone")
    parser.add_argument("--rows", type=int, default=64, help="completions decoded together")
    parser.add_argument("--sample-only", action="store_true")
    parser.add_argument("--version", type=int, default=0, help="of the weights, with --sample-only")
    add_learner_arguments(parser)
    arguments = parser.parse_args(argv)
    token = os.environ.get("EVOM_HOST_TOKEN", "")
    if not token:
        print("host: set EVOM_HOST_TOKEN to a secret that its clients know", file=sys.stderr)
        return 2
    host = Host(arguments)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler_of(host, token))
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_address[1]}"
    if arguments.parent is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the trainer's, which ends this process when it is done
        threading.Thread(target=end_with, args=(arguments.parent,), daemon=True).start()
    if arguments.address_file is not None:
        exchange.write_atomically(arguments.address_file, address)
    print(f"host: version {host.version} on {host.device} at {address}", file=sys.stderr, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    return 0


def end_with(parent: int) -> None:
    while is_alive(parent):
        time.sleep(0.5)
    os._exit(0)  # a request may be running, and its client is gone


if __name__ == "__main__":
    sys.exit(main())
