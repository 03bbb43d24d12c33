"""A small HTTP server whose answers a test writes as a function of the request."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class ApiCall:
    """A request as it arrived; header names in lower case, ``query`` with the first values."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# An answer that never comes: the connection is closed.
RESET = object()

# HTTP status, headers, and a body: bytes, a text, or a value that is sent as JSON.
Reply = tuple[int, Mapping[str, str], Any]


class DescribedApi:
    """Serve at ``url`` what *answer* returns; ``calls`` are the requests in their order."""

    def __init__(self, answer: Callable[[ApiCall], Reply | Any]) -> None:
        self.calls: list[ApiCall] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _reply(self) -> None:
                parts = urlsplit(self.path)
                call = ApiCall(
                    self.command,
                    parts.path,
                    {name: values[0] for name, values in parse_qs(parts.query).items()},
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
                outer.calls.append(call)
                found = answer(call)
                if found is RESET:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if not isinstance(found, tuple):
                    found = (200, {}, found)
                status, headers, body = found if len(found) == 3 else (found[0], {}, found[1])
                content = _content(body)
                self.send_response(status)
                kind = "application/json" if not isinstance(body, bytes | str) else "text/plain"
                for name, value in {"content-type": kind, **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _reply

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def asked(self, method: str, path: str) -> list[ApiCall]:
        return [each for each in self.calls if (each.method, each.path) == (method, path)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _content(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
