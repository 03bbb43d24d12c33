"""A server of large files on loopback that holds none of them in memory.

PUT and POST are answered with the size and the SHA-256 of what arrived; GET /<bytes> with a
body of that size, which is a line of 1,000 bytes again and again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PIECE = 2**16
LINE = b'{"id": "%s"}\n' % (b"x" * 989)
PAGE = LINE * 64


@contextmanager
def large_files() -> Iterator[SimpleNamespace]:
    """Serve at ``url``; ``received`` are the headers of the uploads."""
    found = SimpleNamespace(received=[])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            found.received.append(self.headers)
            left, digest = int(self.headers["content-length"]), hashlib.sha256()
            while left:
                piece = self.rfile.read(min(PIECE, left))
                left -= len(piece)
                digest.update(piece)
            size = int(self.headers["content-length"])
            self._answer(json.dumps({"size": size, "sha256": digest.hexdigest()}).encode())

        do_POST = do_PUT

        def do_GET(self) -> None:
            left = int(self.path.removeprefix("/"))
            self._head(left)
            while left > 0:
                self.wfile.write(PAGE[:left])
                left -= len(PAGE)

        def _head(self, size: int) -> None:
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()

        def _answer(self, body: bytes) -> None:
            self._head(len(body))
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def temporary_files() -> int:
    """Return how many files without a name are open, where the system can tell; else 0."""
    folder = Path("/proc/self/fd")
    names = [_target(each) for each in folder.iterdir()] if folder.exists() else []
    folder_of_files = tempfile.gettempdir()
    return sum(name.startswith(folder_of_files) and "(deleted)" in name for name in names)


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:  # Another thread has closed it.
        return ""


@contextmanager
def peak_memory() -> Iterator[SimpleNamespace]:
    """Measure ``bytes``: how much more memory Python needed inside, at its peak."""
    found = SimpleNamespace(bytes=0)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield found
        found.bytes = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
