"""A cheap server in a process of its own: fixed JSON to whatever is asked.

POST /operations answers 202 with a new operation id, GET /operations/{id} that it is completed.
nginx where it is installed; else a server on bare asyncio in another Python, which takes about
three times as long for an answer.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 20.0

_NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    default_type application/json;
    server {{
        listen 127.0.0.1:{port};
        location = /operations {{
            return 202 '{{"status": "accepted", "operation_id": "$request_id"}}';
        }}
        location / {{
            return 200 '{{"status": "completed", "progress": 100, "result": {{"updated": 10}}}}';
        }}
    }}
}}
"""


@contextmanager
def fixed_server() -> Iterator[tuple[str, str]]:
    """Run the server; yield its URL, and what it is."""
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if nginx:
            config = Path(folder, "nginx.conf")
            config.write_text(_NGINX.format(folder=folder, port=port))
            command, name = [nginx, "-p", folder, "-c", str(config)], "nginx"
        else:
            command, name = (
                [sys.executable, __file__, str(port)],
                "asyncio (nginx is not installed)",
            )
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            _wait_until_open(port, process)
            yield f"http://127.0.0.1:{port}", name
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {process.args!r}")


class _FixedAnswers(asyncio.Protocol):
    """Reads only what it needs of a request: where it ends, and whether it is a POST."""

    _numbers = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            _, found, after = head.partition(b"content-length:")
            length = int(after.partition(b"\r\n")[0]) if found else 0
            if len(self._read) < end + 4 + length:
                return
            self._read = self._read[end + 4 + length :]
            self._answer(is_post=head.startswith(b"post"))

    def _answer(self, *, is_post: bool) -> None:
        accepted = f'{{"status": "accepted", "operation_id": "op-{next(self._numbers)}"}}'
        completed = '{"status": "completed", "progress": 100, "result": {"updated": 10}}'
        status, body = ("202 Accepted", accepted) if is_post else ("200 OK", completed)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._transport.write(f"{head}\r\n\r\n{body}".encode())


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_FixedAnswers, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
