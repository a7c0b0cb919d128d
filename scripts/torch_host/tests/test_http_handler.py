"""Who may ask the colocated host, over real sockets; no model is needed."""

import http.client
import json
import socket
import threading
import time
from http.server import ThreadingHTTPServer

import pytest
from evom_torch.http_handler import MAX_BODY_BYTES, handler_of

TOKEN = "geheim-ü"
ADMITTED = {"Authorization": f"Bearer {TOKEN}".encode()}


class Scorer:
    """A host that only scores."""

    lock = threading.Lock()
    asked = 0

    def health(self, _):
        return {"version": 3}

    def score(self, body):
        self.asked += 1
        return {"logprobs": body["requests"]}

    train_step = save = generate = score


@pytest.fixture
def served():
    host = Scorer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(host, TOKEN))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield host, server.server_address[1]
    server.shutdown()
    server.server_close()


def ask(port, method, path, body=None, headers=ADMITTED):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read()), response.getheader("Connection")
    connection.close()
    return answer


def raw(port, text):
    """What comes back for these bytes, the client's end left open; it must not wait for more."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(text)
        answer = b""
        while chunk := client.recv(1 << 16):
            answer += chunk
    return answer.decode("latin-1")


def test_answers_who_has_the_token(served):
    _, port = served
    assert ask(port, "GET", "/health") == (200, {"version": 3}, None)
    assert ask(port, "POST", "/score", json.dumps({"requests": [[1.5]]})) == (200, {"logprobs": [[1.5]]}, None)
    assert ask(port, "POST", "/score", "no JSON")[0] == 400
    assert ask(port, "POST", "/nothing", "{}")[0] == 404


@pytest.mark.parametrize("header", [None, b"", b"Bearer wrong", "Bearer g\u00e4rtner".encode(), b"Bearer \xff\xfe", b"bearer"])
def test_refuses_others_also_where_their_token_is_not_ascii(served, header):
    host, port = served
    headers = {} if header is None else {"Authorization": header}
    for method, path in (("GET", "/health"), ("POST", "/score")):
        status, answer, connection = ask(port, method, path, "{}" if method == "POST" else None, headers)
        assert (status, connection) == (401, "close") and "token" in answer["error"]
    assert host.asked == 0


def test_reads_nothing_of_who_may_not_ask(served):
    _, port = served
    began = time.monotonic()
    # A gigabyte is announced and never sent: an answer means that it was not waited for.
    answer = raw(port, f"POST /score HTTP/1.1\r\nContent-Length: {MAX_BODY_BYTES}\r\n\r\n{{".encode())
    assert answer.startswith("HTTP/1.1 401") and time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("header", "status"),
    [(f"Content-Length: {MAX_BODY_BYTES + 1}", 413), ("Content-Length: -1", 411), ("Content-Length: many", 411),
     ("Content-Length: ²", 411), ("Transfer-Encoding: chunked", 411)],
)  # fmt: skip
def test_takes_no_request_from_a_body_that_it_did_not_read(served, header, status):
    host, port = served
    smuggled = f"POST /score HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 15\r\n\r\n" + '{"requests":[]}'
    answer = raw(port, f"POST /score HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n{header}\r\n\r\n{smuggled}".encode())
    assert answer.startswith(f"HTTP/1.1 {status}") and answer.count("HTTP/1.1") == 1
    assert host.asked == 0
