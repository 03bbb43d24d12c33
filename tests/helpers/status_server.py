"""A small HTTP server that accepts operations and answers polls with what a test sets.

It is written from the customer's document alone: POST /operations and /operations/batch
accept, GET /operations/{id} answers with ``status_of(id)``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

StatusOf = Callable[[str], tuple[int, Any]]


def done(_: str) -> tuple[int, Any]:
    return 200, {"status": "completed"}


class StatusServer:
    """Serve at ``url``; ``status_of`` returns the HTTP status and the body for an operation id.

    The id of a user's operation is "op-<user>". ``polled`` are the ids in the order of GETs.
    """

    def __init__(self, status_of: StatusOf = done) -> None:
        self.status_of = status_of
        self.polled: list[str] = []
        self.posts = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.posts += 1
                self._answer(200, _accepted(body))

            def do_GET(self) -> None:
                operation_id = self.path.rpartition("/")[2]
                outer.polled.append(operation_id)
                self._answer(*outer.status_of(operation_id))

            def _answer(self, status: int, body: Any) -> None:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _accepted(body: Any) -> Any:
    if "operations" not in body:
        return {"status": "accepted", "operation_id": f"op-{body['user_id']}"}
    ids = [f"op-{each['user_id']}" for each in body["operations"]]
    return {"status": "accepted", "operation_ids": ids}
