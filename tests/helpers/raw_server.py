"""A small HTTP server on loopback whose answers a test writes byte by byte.

It runs in its own thread, so tests with and without an event loop can use it::

    with RawServer(answer(200, "ok"), reset) as server:
        ...server.url, server.arrived...

The first request gets the first answer, and so on; the last answer is repeated. An
answer is an async function of the connection's writer. Answers of ``answer`` have a length
and leave the connection open.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

Writer = asyncio.StreamWriter
Answer = Callable[[Writer], Awaitable[None]]


@dataclass(frozen=True)
class Arrived:
    """One request as it arrived; ``headers`` have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def raw(data: bytes, *, then_close: bool = True) -> Answer:
    """Answer with exactly these bytes."""

    async def write(writer: Writer) -> None:
        writer.write(data)
        await writer.drain()
        if then_close:
            writer.close()

    return write


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Answer:
    """Answer in correct HTTP; a body that is neither text nor bytes is sent as JSON."""
    kind = {} if isinstance(body, str | bytes) else {"content-type": "application/json"}
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    fields = {**kind, "content-length": str(len(content)), **(headers or {})}
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Odd"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {fields[name]}" for name in fields)]
    return raw("\r\n".join([*lines, "", ""]).encode() + content, then_close=False)


async def reset(writer: Writer) -> None:
    """Send a TCP reset."""
    linger_zero = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
    writer.transport.abort()


async def close(writer: Writer) -> None:
    """Close without an answer."""
    writer.close()


async def silence(writer: Writer) -> None:
    """Leave the connection open without an answer."""
    await asyncio.Event().wait()


async def drip(writer: Writer) -> None:
    """Announce a body and send a byte of it twenty times a second, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(writer: Writer) -> None:
    """Send an endless body, as fast as it is read."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    while True:
        writer.write(chunk)
        await writer.drain()


cut_body = raw(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id": 1')
cut_headers = raw(b"HTTP/1.1 200 OK\r\ncontent-le")
not_http = raw(b"SSH-2.0-OpenSSH_9.6\r\n")


class RawServer:
    """Serve scripted answers at ``url``; ``arrived`` are the complete requests so far.

    ``has_arrived`` is set by the first. *port* 0 = any free port.
    """

    def __init__(self, *answers: Answer, port: int = 0) -> None:
        self.arrived: list[Arrived] = []
        self.has_arrived = threading.Event()
        self.connections = 0
        self._answers = answers or (answer(200),)
        self._served: set[asyncio.Task[None]] = set()
        self._transports: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run *work* to its end on the event loop of the server."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def refuse_connections(self) -> None:
        """Accept no more connections; to be called by an answer, on the server's own thread."""
        self._server.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._connected, sock=self._socket)

    async def _stop(self) -> None:
        for each in self._server.sockets:
            self._loop.remove_reader(each)
        # First end all open connections: if the server closes, or a task is canceled, while
        # a connection is accepted, asyncio leaves its socket open.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._served:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self._server.close()
        for each in list(self._transports):
            each.abort()  # One that has unsent data would wait until the client reads it.
        for _ in range(3):  # A transport closes its socket some turns of the loop later.
            await asyncio.sleep(0)

    def _connected(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self.connections += 1
        self._transports.add(writer.transport)
        task = asyncio.create_task(self._serve(reader, writer))
        self._served.add(task)
        task.add_done_callback(self._served.discard)
        # Not in the task: a task that is canceled before it starts runs no code.
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                self.arrived.append(await _read(reader))
                self.has_arrived.set()
                script = self._answers
                await script[min(len(self.arrived), len(script)) - 1](writer)


async def _read(reader: asyncio.StreamReader) -> Arrived:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Arrived(method, target, headers, body)
