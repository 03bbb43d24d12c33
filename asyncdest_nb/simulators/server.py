"""The HTTP server of a simulator: plain ASGI on uvicorn, on a daemon thread.

The only module that needs the extra ``demo``. Without the routing of a framework, an
answer takes a third less CPU (213 against 313 us, h11, Python 3.11).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from typing import Any

import uvicorn

from .exchange import IncomingRequest, Reply
from .faulty_server import FaultyServer
from .origin_check import refusal

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A linger of zero seconds makes closing a reset instead of an orderly end.
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class LoopbackServer(uvicorn.Server):
    """A FaultyServer that is reachable at ``port`` of 127.0.0.1 until it is stopped."""

    def __init__(self, faulty_server: FaultyServer, *, name: str) -> None:
        super().__init__(
            uvicorn.Config(
                self._serve_request,
                interface="asgi3",
                lifespan="off",
                ws="none",
                proxy_headers=False,
                # By default, uvicorn configures the logging of the whole process.
                log_config=None,
                log_level="critical",
                access_log=False,
                # The default of 5 s closes connections just before a client that polls
                # now and then uses them again.
                timeout_keep_alive=120,
                timeout_graceful_shutdown=0,
            )
        )
        self._faulty_server = faulty_server
        # Bound before the thread starts, so that the port is known at once.
        self._listener = _listener()
        self.port: int = self._listener.getsockname()[1]
        self._stopping = asyncio.Event()
        self._is_running = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"simulator {name}", daemon=True)

    def start(self) -> None:
        """Start to serve, and return once the server runs."""
        self._thread.start()
        self._is_running.wait()

    def stop(self) -> None:
        """Close the port and every connection, and return once the thread has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            # Not asyncio.run: nest_asyncio2 replaces it with one that leaves the loop open.
            with asyncio.Runner() as runner:
                runner.run(self.serve(sockets=[self._listener]))
        finally:
            self._is_running.set()

    async def main_loop(self) -> None:
        """Wait until stopped; uvicorn's own method checks ten times a second."""
        self._loop = asyncio.get_running_loop()
        self._is_running.set()
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; uvicorn's own method leaves connections that await an answer open."""
        await self._stop_accepting()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # The loop closes them in its next iteration.

    async def _stop_accepting(self) -> None:
        """Let the loop finish accepting connections, so that they can be closed.

        asyncio drops a connection that a closed server has half accepted, with a traceback.
        """
        # The loop of Windows has no readers.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().remove_reader(self._listener)
        # One iteration to accept, one to make the transport, one to connect its protocol.
        for _ in range(3):
            await asyncio.sleep(0)

    async def _serve_request(self, scope: Message, receive: Receive, send: Send) -> None:
        request = await _read(scope, receive)
        if why := refusal(scope["headers"], port=self.port):
            await _write(Reply(403, {"error": why}), send)
            return
        answer = self._faulty_server.answer(request)
        if answer.latency_seconds:
            await asyncio.sleep(answer.latency_seconds)
        if answer.is_lost:
            self._reset(scope["client"])
            # Uvicorn answers 500 if this returns before it has seen the connection close.
            await receive()
        elif answer.is_cut:
            # Uvicorn closes the connection of an answer that is not complete.
            await _write_half(answer.reply, send)
        else:
            await _write(answer.reply, send)

    def _reset(self, client: tuple[str, int]) -> None:
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if transport and transport.get_extra_info("peername") == client:
                plug = transport.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                transport.abort()


def _listener() -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets that were made with the protocol. Without
    # TCP_NODELAY, the two writes of an answer take 40 ms (22 requests a second over one
    # connection, on Linux).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


async def _read(scope: Message, receive: Receive) -> IncomingRequest:
    body = bytearray()
    is_whole = False
    while not is_whole:
        message = await receive()
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return IncomingRequest(
        scope["method"],
        scope["path"],
        bytes(body),
        headers.get("authorization", ""),
        headers.get("host", ""),
        headers.get("content-type", ""),
        scope["query_string"].decode("latin-1"),
        headers,
    )


async def _write(reply: Reply, send: Send) -> None:
    await _write_head(reply, send)
    for chunk in reply.chunks or ():
        # Uvicorn waits here while the client reads more slowly than chunks are made.
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": reply.body})


async def _write_half(reply: Reply, send: Send) -> None:
    """Write half of the body, or of its first chunk, and no end."""
    await _write_head(reply, send)
    content = next(iter(reply.chunks), b"") if reply.chunks is not None else reply.body
    half = content[: len(content) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})


async def _write_head(reply: Reply, send: Send) -> None:
    # Uvicorn's own is set by its main loop. By RFC 9110, a server with a clock sends it.
    usual = {"content-type": reply.content_type, "date": _date(int(time.time()))}
    # By RFC 9110, a 204 has no Content-Length.
    if reply.chunks is None and reply.status != 204:
        usual["content-length"] = str(len(reply.body))
    headers = [
        (name.encode(), value.encode())
        for name, value in (usual | reply.headers).items()
        if value is not None
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})


@lru_cache(1)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
