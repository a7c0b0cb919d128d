"""A real vLLM server: start, sampling, `reload_weights` to other weights and back, as `policy.openai.reload: vllm-disk` does it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

from .machine import device
from .models import REPOSITORY, SHAPES, model_folder
from .phase import Phase


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def vllm_reload(phase: Phase) -> None:
    program = os.environ.get("EVOM_VLLM", "")
    if program == "":
        phase.skip("EVOM_VLLM names no vllm (scripts/setup-vllm.sh installs it)")
    shape = "tiny" if phase.is_tiny else "Qwen2.5-0.5B"
    first, second = (model_folder(phase.scratch, shape, seed, has_tokenizer=True) for seed in (0, 1))
    address = f"http://127.0.0.1:{free_port()}"
    is_cpu = device().type == "cpu"
    options = ["--max-model-len", "2048", "--dtype", "bfloat16", "--logprobs-mode", "processed_logprobs", "--generation-config", "vllm", "--enforce-eager"]
    if is_cpu:  # docs/guide/gpu.md says why
        options += ["--no-enable-chunked-prefill", "--max-num-batched-tokens", "16384", "--max-num-seqs", "32", "--worker-extension-cls", "evom_vllm.WorkerExtension"]
    else:
        options += ["--gpu-memory-utilization", "0.5"]
    environment = {**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": str(REPOSITORY / "scripts" / "torch_host")}
    if is_cpu:
        environment |= {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
    began = time.perf_counter()
    server = subprocess.Popen([program, "serve", str(first), "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1], *options], env=environment)
    try:
        wait_until_up(address, server)
        phase.tell({"shape": shape, "start_s": round(time.perf_counter() - began, 1)})
        measure(phase, address, shape, str(first), str(second), is_cpu)
    finally:
        server.terminate()
        server.wait()


def measure(phase: Phase, address: str, shape: str, first: str, second: str, is_cpu: bool) -> None:
    sequences, tokens = (4, 16) if phase.is_tiny else (64, 256)
    prompt = [1 + i for i in range(32)]

    def probe() -> list[float]:
        # Greedy: with a seed vLLM 0.32.0 on a CPU ends at a request for the prompt's log-probabilities.
        body = {"model": first, "prompt": prompt, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
        given = ask(address, "/v1/completions", body)["choices"][0]["prompt_logprobs"]
        return [entry[str(token)]["logprob"] for token, entry in zip(prompt, given) if entry is not None]

    before = probe()
    began = time.perf_counter()
    body = {"model": first, "prompt": [[*prompt, 1 + i] for i in range(sequences)], "max_tokens": tokens, "temperature": 1, "logprobs": 0, "ignore_eos": True}
    made = ask(address, "/v1/completions", body)["usage"]["completion_tokens"]
    seconds = time.perf_counter() - began
    phase.tell({"sequences": sequences, "new_tokens": tokens, "sampling_s": round(seconds, 3), "tokens_per_s": round(made / seconds)})
    began = time.perf_counter()
    reload(address, second, is_cpu)
    phase.tell({"reload_s": round(time.perf_counter() - began, 3)})
    other = probe()
    reload(address, first, is_cpu)
    again = probe()
    moved = max(abs(a - b) for a, b in zip(before, other))
    back = max(abs(a - b) for a, b in zip(before, again))
    phase.tell({"probe_moved": moved, "probe_came_back_to": back, "vocabulary": SHAPES[shape]["vocab_size"]})
    if moved == 0 or back > moved / 10:
        raise RuntimeError(f"reload_weights moved the probe's log-probabilities by {moved} nats and back to {back} nats of where they were")


def reload(address: str, folder: str, is_cpu: bool) -> None:
    ask(address, "/collective_rpc", {"method": "reload_weights", "kwargs": {"weights_path": folder}})
    if is_cpu:
        ask(address, "/collective_rpc", {"method": "repack_tied_head"})
    ask(address, "/reset_prefix_cache", {})


def ask(address: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{path} answered {error.code}: {error.read().decode(errors='replace')[:300]}") from error


def wait_until_up(address: str, server: subprocess.Popen) -> None:
    while True:
        if server.poll() is not None:
            raise RuntimeError(f"vllm serve ended with {server.returncode}; its last words are above")
        try:
            with urllib.request.urlopen(f"{address}/health"):
                return
        except OSError:
            time.sleep(0.5)
