"""verifiers' own evaluation of the taskset: `vf-eval` with its null harness, a scripted model behind an endpoint of chat completions.

The harness runs its chat program by `uv`, which fetches what that needs; skipped where verifiers or uv is missing.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import QUESTION, RIGHT

pytest.importorskip("verifiers.v1", reason="verifiers 0.4 is not installed")
BIN = pathlib.Path(sys.executable).parent
if shutil.which("uv", path=str(BIN)) is None and shutil.which("uv") is None:
    pytest.skip("uv is not installed", allow_module_level=True)


class Model(BaseHTTPRequestHandler):
    """Answers the problem that it knows rightly, whatever else is asked."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert any(QUESTION in str(message["content"]) or "nobody knows" in str(message["content"]) for message in asked["messages"])
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        about = {"id": "x", "created": 1, "model": "scripted", "usage": usage}
        said = {"role": "assistant", "content": RIGHT}
        if asked.get("stream"):
            chunk = {**about, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": said, "finish_reason": "stop"}]}
            sent = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
        else:
            sent = json.dumps({**about, "object": "chat.completion", "choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if asked.get("stream") else "application/json")
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


def test_vf_eval_scores_by_the_server_and_leaves_faults_out(url, tmp_path):
    model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    options = [
        "evom-taskset", "--env.taskset.url", url, "--env.agent.harness.id", "null", "--env.agent.runtime.type", "subprocess", "-m", "scripted", "-o", str(tmp_path), "--run.name", "one",
        "--client.base-url", f"http://127.0.0.1:{model.server_port}/v1", "--client.api-key-var", "EVOM_NO_KEY", "--no-push", "--no-rich",
    ]  # fmt: skip
    try:
        env = {**os.environ, "EVOM_NO_KEY": "none", "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        ended = subprocess.run([str(BIN / "vf-eval"), *options], capture_output=True, text=True, env=env, timeout=400)
    finally:
        model.shutdown()
    episodes = [json.loads(line) for path in tmp_path.rglob("traces.jsonl") for line in path.read_text().splitlines()]
    traces = [trace for episode in episodes for trace in episode["traces"]]
    assert len(traces) == 2, ended.stdout + ended.stderr
    known = {trace["task"]["data"]["problem_id"].split("/")[-1]: trace for trace in traces}
    assert known["lp"]["rewards"] == {"solved": {"score": 1.1, "weight": 1.0}} and known["lp"]["metrics"]["correct"] == 1.0
    # A fault raises in verifiers, and the trace is left out of training.
    assert not known["open"]["ok"] and known["open"]["rewards"] == {"solved": None} and known["open"]["metrics"] == {}
    assert "NoLabel" in json.dumps(known["open"]["errors"])
