"""Requests that another process makes, for a transport of this one.

A request is handed over once. If nobody knows what became of it, its reply is lost: it may
have arrived, like one whose connection broke.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from .body import RequestBody
from .route import Route
from .transport import AiohttpTransport
from .wire import TO_FILE, Transport


@dataclass(frozen=True, slots=True, repr=False)
class RelayedRequest:
    """A request as it travels; it has credentials, and its repr shows nothing of it."""

    method: str
    url: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes | None  # None = it has none.
    extensions: dict[str, Any]

    def __repr__(self) -> str:
        return "<RelayedRequest>"


@dataclass(frozen=True, slots=True, repr=False)
class RelayedResponse:
    """What came of it: a response, or the name of an error of httpx and its message.

    ``is_unsent``: the body was not read, so it provably was not sent.
    """

    status: int = 0
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    error: str = ""
    message: str = ""
    is_unsent: bool = False

    def __repr__(self) -> str:
        return "<RelayedResponse>"


Relay = Callable[[RelayedRequest], Awaitable[RelayedResponse | None]]


class RelayTransport(httpx.AsyncBaseTransport):
    """Has requests made by *relay*, each once.

    *relay* returns None if there is nobody to make it; then it is made here, by *route*, as
    are those with a body in pieces, and those whose response goes to a file. If *relay*
    raises, the request may have been made.
    """

    def __init__(self, relay: Relay, *, route: Route | None) -> None:
        self._relay = relay
        self._own = AiohttpTransport(route=route)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Have *request* made; raises the error of httpx for what happened."""
        stream = request.stream
        body = stream.in_memory if isinstance(stream, RequestBody) else await request.aread()
        if body is None or request.extensions.get(TO_FILE):
            # What does not fit in memory is sent and received here, not by way of two processes.
            return await self._own.handle_async_request(request)
        try:
            found = await self._relay(_relayed(request, body or None))
        except Exception as error:
            await _take(stream)
            raise httpx.ReadError(str(error), request=request) from None
        if found is None:
            return await self._own.handle_async_request(request)
        if not found.is_unsent:
            await _take(stream)
        if found.error:
            kind = getattr(httpx, found.error, httpx.ReadError)
            raise kind(found.message, request=request)
        return httpx.Response(
            found.status,
            headers=list(found.headers),
            stream=httpx.ByteStream(found.body),
            request=request,
        )

    async def aclose(self) -> None:
        """Close the connections of this process."""
        await self._own.aclose()


def _relayed(request: httpx.Request, body: bytes | None) -> RelayedRequest:
    headers = request.headers.raw
    return RelayedRequest(request.method, str(request.url), headers, body, request.extensions)


async def _take(stream: object) -> None:
    """Mark the body as sent."""
    if isinstance(stream, RequestBody):
        async for _ in stream:
            pass


async def relayed_response(given: RelayedRequest) -> RelayedResponse:
    """Make a request in this process; raises nothing, as a log may quote what was given."""
    body = None if given.body is None else RequestBody(given.body)
    request = httpx.Request(
        given.method,
        given.url,
        headers=list(given.headers),
        stream=body,
        extensions=given.extensions,
    )
    try:
        response = await _transport().handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        content = b"".join([chunk async for chunk in response.stream])
        return RelayedResponse(response.status_code, response.headers.raw, content)
    except Exception as error:
        name = type(error).__name__ if isinstance(error, httpx.TransportError) else "ReadError"
        is_unsent = body is not None and body.is_untouched
        return RelayedResponse(error=name, message=str(error), is_unsent=is_unsent)


_transports: dict[asyncio.AbstractEventLoop, Transport] = {}


def _transport() -> Transport:
    """Return the transport of the running loop, with the proxies of this process."""
    loop = asyncio.get_running_loop()
    if loop not in _transports:
        _transports[loop] = AiohttpTransport(route=Route())
    return _transports[loop]
