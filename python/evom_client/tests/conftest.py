"""A real server over two problems; tests skip where it was not built (npm run build)."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from evom_client import EvomClient

ROOT = pathlib.Path(__file__).resolve().parents[3]
CLI = ROOT / "dist" / "cli" / "main.js"
QUESTION = "Maximize x + y where x + 2 y is at most 4 and x is at most 3."
PROBLEMS = [
    {"id": "lp", "question": QUESTION, "answer": 3.5, "split": "train"},
    {"id": "open", "question": "Maximize x where x is at most 7; nobody knows the answer.", "answer": None, "split": "train"},
]


def program(limit: int) -> str:
    return (
        '```js\nconst h = await require("highs")();\n'
        f"report(h.solve(`Max\nx + y\nst\nx + 2 y <= 4\nx <= {limit}\nEnd`).ObjectiveValue);\n```"
    )


RIGHT, WRONG = program(3), program(2)


def serve(folder, port=0):
    """A server of its own, and its address."""
    node = shutil.which("node")
    if node is None or not CLI.exists():
        pytest.skip("there is no node, or no dist/: run npm run build first")
    data = folder / "problems.jsonl"
    data.write_text("".join(json.dumps(problem) + "\n" for problem in PROBLEMS))
    args = [node, str(CLI), "serve", "--dataset", str(data), "--port", str(port), "--workers", "1", "--quiet", "--json"]
    server = subprocess.Popen(args, stdout=subprocess.PIPE, text=True, env={**os.environ, "EVOM_SERVE_TOKEN": ""})
    return server, json.loads(server.stdout.readline())["url"]


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    server, url = serve(tmp_path_factory.mktemp("evom"))
    try:
        yield url
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def client(url):
    client = EvomClient(url, deadline_s=60)
    yield client
    client.close()
