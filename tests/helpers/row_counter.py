"""A server that counts the rows it accepts, each a POST to a path of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RowCounter:
    """A server that counts the rows it accepts, and lets the test act before it answers one."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.at: dict[int, Callable[[], object]] = {}  # What is done at which request.
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                with lock:
                    outer.taken[self.path] += 1
                    outer.at.pop(sum(outer.taken.values()), lambda: None)()
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
