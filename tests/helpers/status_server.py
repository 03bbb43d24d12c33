"""A small HTTP server that takes operations and tells how they stand, as its test says.

It is written from the wire of the customer's document alone: POST /operations and
/operations/batch accept, GET /operations/{id} answers by ``stands``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Stands = Callable[[str], tuple[int, Any]]


def done(_: str) -> tuple[int, Any]:
    return 200, {"status": "completed"}


class StatusServer:
    """Serve at ``url``. ``stands`` gives the status and the body for an operation id.

    The ids are of the users, "op-<user>". ``asked`` are the ids in the order of their GETs.
    """

    def __init__(self, stands: Stands = done) -> None:
        self.stands = stands
        self.asked: list[str] = []
        self.posts = 0
        own = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                own.posts += 1
                self._answer(200, _accepted(body))

            def do_GET(self) -> None:
                operation_id = self.path.rpartition("/")[2]
                own.asked.append(operation_id)
                self._answer(*own.stands(operation_id))

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
