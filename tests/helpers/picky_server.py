"""An API on loopback that refuses a whole request for one bad row, and stores what it takes.

It is written from the words of the documentation of such APIs, not from this package: a request
is a JSON list of rows ``{"id", "text"}``. It is refused with 413 if its body is too long, and
with the status of the first bad row in it if there is one; nothing of it is stored then.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class PickyServer:
    """The API; *bad* has the status and the message of each bad row, by its id.

    *troubles* are what the first requests meet that have no bad row: a status, or "lost" for a
    request that is stored and gets no answer. *names_rows*: a refusal has the place and the
    message of every bad row. ``requests`` are the ids of the rows of every request.
    """

    bad: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    most_bytes: int = 10_000
    troubles: Iterable[int | str] = ()
    names_rows: bool = False
    stored: Counter[str] = field(default_factory=Counter)
    requests: list[list[str]] = field(default_factory=list)
    # Troubles that were met, and the ids of the rows, by the number of the request.
    met: dict[int, tuple[int | str, list[str]]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._left = deque(self.troubles)

    def __enter__(self) -> Self:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_port}"
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, body: bytes, key: str) -> tuple[int, Any]:
        """Return the status and the body of the answer; 0 = the connection is reset."""
        rows = json.loads(body)
        ids = [row["id"] for row in rows]
        with self._lock:
            self.requests.append(ids)
            self.keys.append(key)
            if len(body) > self.most_bytes:
                return 413, {"error": f"{len(body)} bytes are too large"}
            faults = [(at, *self.bad[name]) for at, name in enumerate(ids) if name in self.bad]
            if faults:
                errors = [{"place": at, "message": text} for at, _, text in faults]
                named = {"errors": errors} if self.names_rows else {}
                return faults[0][1], {"error": faults[0][2], **named}
            trouble = self._left.popleft() if self._left else 200
            if trouble != 200:
                self.met[len(self.requests) - 1] = trouble, ids
            if trouble in (200, "lost"):
                self.stored.update(ids)
                return (200, {"job": f"j-{len(self.requests)}"}) if trouble == 200 else (0, None)
            assert isinstance(trouble, int)
            return trouble, {"error": "trouble"}


def _handler(api: PickyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = api.take(body, self.headers.get("idempotency-key", ""))
            if not status:
                linger_zero = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            if status in (429, 503):
                self.send_header("retry-after", "0")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
