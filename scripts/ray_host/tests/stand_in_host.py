"""A process that answers a solver host's health: python stand_in_host.py HOST PORT LOAD, where the file LOAD says how much it is asked."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

host, port, load = sys.argv[1:]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        asked = int(Path(load).read_text()) if Path(load).exists() else 0
        body = json.dumps({"dialects": [{"concurrency": 2}], "running": min(asked, 2), "queued": max(0, asked - 2)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


print("serving", flush=True)
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
