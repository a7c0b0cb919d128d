import asyncio
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from conftest import QUESTION, RIGHT, WRONG, serve

from evom_client import EvomClient, Unavailable, Unscorable


def test_scores_by_id_by_question_and_for_a_problem_of_ones_own(client):
    for about in ({"problem": "lp"}, {"question": QUESTION}, {"question": "Mine", "answer": 3.5}):
        scored = client.score([RIGHT, WRONG, "No."], **about)
        assert [s.reward for s in scored] == [1.1, 0.1, 0]
        assert [s.status for s in scored] == ["optimal", "optimal", "no_program"]
    assert scored[0].correct is True and scored[0].objective == 3.5


def test_says_why_there_is_no_reward(client):
    (scored,) = client.score([RIGHT], problem="open")
    assert scored.reward is None
    with pytest.raises(Unscorable, match="NoLabel"):
        scored.require()


def test_asks_many_at_once(client):
    async def all_of_them():
        return await asyncio.gather(*(client.ascore([RIGHT], problem="lp") for _ in range(100)))

    assert {s.reward for group in asyncio.run(all_of_them()) for s in group} == {1.1}


def test_rides_over_a_server_that_is_killed_in_the_middle_of_a_batch(tmp_path):
    server, url = serve(tmp_path)
    client = EvomClient(url, deadline_s=200)
    try:
        # Some hundred programs that take a moment each, so that the end comes while most of them wait.
        slow = RIGHT.replace("report(", "for (let i = 0; i < 2e6; i++);\nreport(")

        async def all_of_them():
            texts = [f"{slow}\n<!-- {i} -->".replace("const h", f"const n = {i};\nconst h") for i in range(120)]
            asked = asyncio.gather(*(client.ascore([text], problem="lp") for text in texts))
            while client.health()["scored"] < 5:
                await asyncio.sleep(0.05)
            server.kill()
            server.wait(30)
            return await asyncio.to_thread(serve, tmp_path, int(url.rsplit(":", 1)[1])), await asked

        (server, _), scored = asyncio.run(all_of_them())
        assert [one[0].reward for one in scored] == [1.1] * 120
        assert client.health()["scored"] < 120  # the others were paid by the first server
    finally:
        client.close()
        server.kill()
        server.wait(30)


def test_lists_problems_without_their_answers(client):
    problems = list(client.problems("train"))
    assert [p["id"].split("/")[-1] for p in problems] == ["lp", "open"]
    assert problems[0]["prompt"][-1]["role"] == "user"
    assert all("answer" not in p for p in problems)
    assert client.health()["problems"] == 2


def test_an_unknown_problem_is_an_error_at_once(client):
    with pytest.raises(ValueError, match="no problem has the id"):
        client.score([RIGHT], problem="nothing")


def test_gives_up_at_the_deadline_and_not_before():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = EvomClient(f"http://127.0.0.1:{closed.getsockname()[1]}", deadline_s=1)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            away.score([RIGHT], problem="lp")
        assert time.monotonic() - began < 5


def test_tries_again_while_the_server_is_busy():
    class Busy(BaseHTTPRequestHandler):
        asked = 0

        def do_POST(self):
            Busy.asked += 1
            self.rfile.read(int(self.headers["content-length"]))
            body = b'{"rewards": [1.1], "parts": [{}], "outcomes": [{}]}' if Busy.asked > 2 else b'{"error": "wait"}'
            self.send_response(200 if Busy.asked > 2 else 503)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        client = EvomClient(f"http://127.0.0.1:{server.server_port}", deadline_s=20)
        assert client.score([RIGHT], problem="lp")[0].reward == 1.1
        assert Busy.asked == 3
    finally:
        server.shutdown()
