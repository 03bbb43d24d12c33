"""Single requests on connections of aiohttp, written and read without its session.

aiohttp parses what arrives. Its session (cookies, redirects, authentication) is not wanted here,
and takes half the time of a request: 95-118 us of CPU with it, 40-61 us without (Python 3.11, 64
connections).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import StreamWriter

from .pool import HeldConnection

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


class OpenAnswer:
    """A response whose body is still to be read; the connection is kept once it was.

    Unless *is_sent*, the request was not written to its end, and the connection is closed.
    """

    __slots__ = ("_connection", "_content", "_is_sent", "headers", "status")

    def __init__(
        self, message: Any, content: Any, connection: HeldConnection, *, is_sent: bool
    ) -> None:
        self.status: int = message.code
        self.headers: Sequence[Any] = message.raw_headers
        self._content = content
        self._connection: HeldConnection | None = connection  # None = it has other requests.
        self._is_sent = is_sent

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raises the error of aiohttp if it is cut."""
        while not self._content.at_eof():
            yield await self._content.readany()
        self._release()

    async def read(self, limit: int) -> bytes | None:
        """Return the body; None = it has more than *limit* bytes. Raises as ``chunks``."""
        content, parts, size = self._content, [], 0
        if content.is_eof():  # All of it arrived with the headers, as most do.
            parts.append(content.read_nowait())
            size = len(parts[0])
        while size <= limit and not content.at_eof():
            parts.append(await content.readany())
            size += len(parts[-1])
        if size > limit:
            return None
        self._release()
        return b"".join(parts)

    def close(self) -> None:
        """Close the connection, unless the whole response was read."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _release(self) -> None:
        # The response may come before the request was written.
        if self._connection is not None and self._is_sent:
            self._connection.release()
            self._connection = None
        self.close()


async def exchanged(connection: HeldConnection, method: str, head: str, body: Body) -> OpenAnswer:
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
        connection.close()
        raise


async def _head_of_answer(protocol: Any) -> tuple[Any, Any]:
    """Return the status line with the headers, and the content that is to be read."""
    message, content = await protocol.read()
    while 100 <= message.code <= 199 and message.code != 101:
        message, content = await protocol.read()
    return message, content


async def _answer_to_pieces(connection: HeldConnection, pieces: Iterable[bytes]) -> OpenAnswer:
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
