"""The colocated host's requests: who may ask, what is asked, and how it is answered."""

from __future__ import annotations

import hmac
import json
import traceback
from http.server import BaseHTTPRequestHandler

MAX_BODY_BYTES = 1 << 30


def handler_of(host, token: str) -> type[BaseHTTPRequestHandler]:
    routes = {"/score": host.score, "/train_step": host.train_step, "/save": host.save}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):  # requests are the trainer's to log
            pass

        def do_GET(self) -> None:
            if self._admitted():
                self._reply(200, host.health({})) if self.path == "/health" else self._reply(404, {"error": f"no {self.path}"})

        def do_POST(self) -> None:
            # Nothing is read for who may not ask, and a body left unread must not be taken for the next request.
            if not self._admitted():
                return
            length = self.headers.get("Content-Length", "0")
            if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
                return self._refuse(411, "the request must say its length by Content-Length")
            if int(length) > MAX_BODY_BYTES:
                return self._refuse(413, f"the request is larger than {MAX_BODY_BYTES} bytes")
            raw = self.rfile.read(int(length))
            try:
                body = json.loads(raw or b"{}")
            except ValueError as error:
                return self._reply(400, {"error": f"the request is not JSON: {error}"})
            with host.lock:
                if self.path == "/generate":
                    return self._stream(host.generate(body))
                route = routes.get(self.path)
                if route is None:
                    return self._reply(404, {"error": f"no {self.path}"})
                try:
                    answer = route(body)
                except Exception as error:
                    traceback.print_exc()
                    status = 400 if isinstance(error, (ValueError, KeyError)) else 500
                    return self._reply(status, {"error": f"{type(error).__name__}: {error}"})
            self._reply(200, answer)

        def _admitted(self) -> bool:
            # http.server reads headers as Latin-1; as text only ASCII can be compared.
            if hmac.compare_digest(self.headers.get("Authorization", "").encode("latin-1"), f"Bearer {token}".encode()):
                return True
            self._refuse(401, "the bearer token is missing or wrong")
            return False

        def _refuse(self, status: int, message: str) -> None:
            """Answers without having read the request to its end, and closes the connection."""
            self.close_connection = True
            self._reply(status, {"error": message})

        def _reply(self, status: int, body: dict) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, lines) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                try:
                    for line in lines:
                        self._chunk(line)
                    self._chunk({"done": True})
                except (BrokenPipeError, ConnectionResetError):
                    raise
                except Exception as error:
                    traceback.print_exc()
                    self._chunk({"error": f"{type(error).__name__}: {error}"})
                self.wfile.write(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has gone, and with it the wish for the rest

        def _chunk(self, line: dict) -> None:
            data = json.dumps(line).encode() + b"\n"
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    return Handler
