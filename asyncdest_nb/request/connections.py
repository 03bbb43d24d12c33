"""Connections by aiohttp, and single requests on them, written and read without its session.

aiohttp makes the connections, with TLS and proxies, keeps them, and parses what arrives. Its
session on top (cookies, redirects, authentication) is not wanted here, and takes half the time
of a request: 95-118 us of CPU with it, 40-61 us without (Python 3.11, 64 connections).
"""

from __future__ import annotations

import asyncio
import inspect
import select
import socket
import sys
import time
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
import yarl
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import StreamWriter

from .target import Origin, Target

if TYPE_CHECKING:  # route imports wire, which imports this file.
    from .route import Route

# uvicorn and Node close idle connections after 5 seconds: the reply to a POST on such a
# connection would be lost.
KEEPALIVE_SECONDS = 4.0
# A connection that was idle for longer may have been closed by an ordinary time limit.
SOON_SECONDS = 1.0
DISTRUST_SECONDS = 600.0
MAX_LINE_BYTES = 2**17  # of a status line or a header; cookies and signed URLs pass 8 kB
MAX_HEADERS = 2**12
CHUNK_BYTES = 2**16  # A larger body is written apart from its head, so that it is not copied.
MAX_ORIGINS = 100  # whose routes are remembered
_READ = {
    "read_until_eof": True,
    "auto_decompress": False,
    "max_line_size": MAX_LINE_BYTES,
    "max_field_size": MAX_LINE_BYTES,
}
# Versions of aiohttp that limit the number of headers to 128 have an option for it.
if "max_headers" in inspect.signature(ResponseHandler.set_response_params).parameters:
    _READ["max_headers"] = MAX_HEADERS

# The errors of a connection that the other side has closed.
CLOSED = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)

Body = Callable[[], Coroutine[Any, Any, bytes | Iterable[bytes]]]


class Unconnected(Exception):
    """There was no connection; the cause is why."""


class Connector(aiohttp.TCPConnector):
    """Returns connections that are open, as far as this side can know.

    A destination that closes a connection right after a response, without ``Connection:
    close``, may do so while the next request is on its way, and its reply is lost. Once
    that happened, writing requests to this destination get new connections.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used_at: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        self._distrusted_until: dict[Origin, float] = {}

    def distrust(self, origin: Origin) -> None:
        """Use new connections for writing requests to *origin*, for some minutes."""
        self._distrusted_until[origin] = time.monotonic() + DISTRUST_SECONDS

    async def take(
        self, route: OriginRoute, timeout: aiohttp.ClientTimeout, *, is_safe: bool
    ) -> Any:
        """Return a connection on *route*; raises Unconnected if there is none."""
        try:
            while True:
                connection = await self.connect(route.request, [], timeout)
                if self._is_usable(connection, route.origin, is_safe=is_safe):
                    return connection
                connection.close()
        except Exception as error:
            raise Unconnected from error

    def _is_usable(self, connection: Any, origin: Origin, *, is_safe: bool) -> bool:
        now, used_at = time.monotonic(), self._used_at.get(connection.protocol)
        self._used_at[connection.protocol] = now
        if used_at is None:
            return True
        if _is_spent(connection):
            if now - used_at < SOON_SECONDS:
                self.distrust(origin)
            return False
        return is_safe or self._distrusted_until.get(origin, 0.0) < now


def _is_spent(connection: Any) -> bool:
    """Whether the other side has closed, or sent data without a request.

    Such data would be read as the response to the next request. It stays in the socket
    until the event loop reads it, which may be after the next request was written.
    """
    transport: asyncio.Transport | None = connection.transport
    if transport is None or transport.is_closing() or connection.protocol.should_close:
        return True
    found = transport.get_extra_info("socket")
    return found is not None and _is_readable(found)


if sys.platform == "win32":  # pragma: no cover

    def _is_readable(found: socket.socket) -> bool:
        return bool(select.select([found], [], [], 0)[0])

else:

    def _is_readable(found: socket.socket) -> bool:
        poll = select.poll()  # select() does not accept file descriptors above 1,023.
        poll.register(found.fileno(), select.POLLIN)
        return bool(poll.poll(0))


class OriginRoute:
    """How an origin is reached: ``request`` is what aiohttp connects for, and is never sent.

    A proxy that reads the request, since there is no TLS in it, needs the whole URL and
    headers of its own.
    """

    def __init__(self, target: Target, route: Route | None, default: Any) -> None:
        url = target.url
        proxy = route.proxy_for(url) if route else None
        is_tls = url.scheme == "https" or (proxy is not None and proxy.url.startswith("https:"))
        self.origin = target.origin
        self.is_read_by_proxy = proxy is not None and url.scheme != "https"
        self.proxy_headers = dict(proxy.headers) if proxy and self.is_read_by_proxy else {}
        self.request = aiohttp.ClientRequest(
            "GET",
            yarl.URL(f"{url.scheme}://{target.host}/", encoded=True),
            loop=asyncio.get_running_loop(),
            # Without TLS certificates are not used, so unreadable ones must not raise an error.
            ssl=route.context() if route and is_tls else default(),
            proxy=yarl.URL(proxy.url) if proxy else None,
            proxy_headers=dict(proxy.headers) if proxy else None,
        )


class OpenAnswer:
    """A response whose body is still to be read; the connection is kept once it was.

    Unless *is_sent*, the request was not written to its end, and the connection is closed.
    """

    __slots__ = ("_connection", "_content", "_is_sent", "headers", "status")

    def __init__(self, message: Any, content: Any, connection: Any, *, is_sent: bool) -> None:
        self.status: int = message.code
        self.headers: Sequence[Any] = message.raw_headers
        self._content = content
        self._connection = connection
        self._is_sent = is_sent

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raises the error of aiohttp if it is cut."""
        while not self._content.at_eof():
            yield await self._content.readany()
        self._release()

    async def read(self, limit: int) -> bytes | None:
        """Return the body; None = it has more than *limit* bytes. Raises as ``chunks``."""
        content, parts, size = self._content, [], 0
        while not content.at_eof():
            parts.append(await content.readany())
            size += len(parts[-1])
            if size > limit:
                return None
        self._release()
        return b"".join(parts)

    def close(self) -> None:
        """Close the connection, unless the whole response was read."""
        _close(self._connection)

    def _release(self) -> None:
        # The response may come before the request was written.
        if not self._is_sent or _has_unsent(self._connection):
            _close(self._connection)
        else:
            self._connection.release()


def _has_unsent(connection: Any) -> bool:
    transport: asyncio.WriteTransport | None = connection.transport
    return transport is not None and transport.get_write_buffer_size() > 0


def _close(connection: Any) -> None:
    """Close *connection* now; what is left of the request is not sent."""
    if _has_unsent(connection):
        connection.transport.abort()
    connection.close()


async def exchanged(connection: Any, method: str, head: str, body: Body) -> OpenAnswer:
    """Write a request on *connection* and return its response once its headers are there.

    Raises the error of aiohttp, and closes the connection then.
    """
    protocol, transport = connection.protocol, connection.transport
    try:
        protocol.set_response_params(skip_payload=method == "HEAD", **_READ)
        content = await body()
        if not isinstance(content, bytes):
            transport.write(head.encode("ascii"))
            return await _answer_to_pieces(connection, content)
        if len(content) <= CHUNK_BYTES:
            transport.write(head.encode("ascii") + content)
        else:
            transport.write(head.encode("ascii"))
            transport.write(content)
        return OpenAnswer(*await _head_of_answer(protocol), connection, is_sent=True)
    except BaseException:
        _close(connection)
        raise


async def _head_of_answer(protocol: Any) -> tuple[Any, Any]:
    """Return the status line with the headers, and the content that is to be read."""
    message, content = await protocol.read()
    while 100 <= message.code <= 199 and message.code != 101:
        message, content = await protocol.read()
    return message, content


async def _answer_to_pieces(connection: Any, pieces: Iterable[bytes]) -> OpenAnswer:
    """Write *pieces*, no faster than they are sent, until there is an answer.

    A refusal may come before the end: what is left is not sent then.
    """
    sent = asyncio.ensure_future(_write(connection.protocol, pieces))
    answered = asyncio.ensure_future(_head_of_answer(connection.protocol))
    try:
        await asyncio.wait({sent, answered}, return_when=asyncio.FIRST_COMPLETED)
        if sent.done() and not isinstance(sent.exception(), aiohttp.ClientError):
            await sent  # Raises if a piece could not be read: there would be no answer.
        message, content = await answered
        if message.code < 300:
            await sent
        is_sent = sent.done() and sent.exception() is None
        return OpenAnswer(message, content, connection, is_sent=is_sent)
    finally:
        for each in (sent, answered):
            each.cancel()
        await asyncio.gather(sent, answered, return_exceptions=True)


async def _write(protocol: Any, pieces: Iterable[bytes]) -> None:
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    for piece in pieces:
        await writer.write(piece)
        await asyncio.sleep(0)  # It waits only if the other side is slow.
    await writer.drain()
