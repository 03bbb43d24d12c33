"""aiohttp as a transport of httpx: live connections, and errors with the right classes.

``wire`` infers from a transport's error whether a request was sent. Here a request fails
with httpx's errors for a missing connection exactly if it got no connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import re
import select
import socket
import ssl
import sys
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import yarl

from .exchange import SAFE_METHODS

if TYPE_CHECKING:  # route imports wire, which imports this file.
    from .route import Proxy, Route

MAX_CONNECTIONS = 100
# uvicorn and Node close idle connections after 5 seconds: the reply to a POST on such a
# connection would be lost.
KEEPALIVE_SECONDS = 4.0
# A connection that was idle for longer may have been closed by an ordinary time limit.
SOON_SECONDS = 1.0
DISTRUST_SECONDS = 600.0
MAX_LINE_BYTES = 2**17  # of a status line or a header; cookies and signed URLs pass 8 kB
MAX_HEADERS = 2**12
CHUNK_BYTES = 2**16
# Versions of aiohttp that limit the number of headers to 128 have an option for it.
_MANY_HEADERS: dict[str, Any] = (
    {"max_headers": MAX_HEADERS}
    if "max_headers" in inspect.signature(aiohttp.ClientSession).parameters
    else {}
)

# Errors of aiohttp once it had a connection → errors of httpx; the first that fits.
_HTTPX_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
)


# aiohttp's messages contain a Python object for TLS, also without TLS.
_TLS = re.compile(r" ssl:(default|<[^>]*>)")


class _Unconnected(Exception):
    """There was no connection; aiohttp does not convert errors of this class."""


class _Connector(aiohttp.TCPConnector):
    """Returns connections that are open, as far as this side can know.

    A destination that closes a connection right after a response, without ``Connection:
    close``, may do so while the next request is on its way, and its reply is lost. Once
    that happened, writing requests to this destination get new connections.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used_at: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        self._distrusted_until: dict[yarl.URL, float] = {}

    def distrust(self, url: yarl.URL) -> None:
        """Use new connections for writing requests to the origin of *url*, for some minutes."""
        self._distrusted_until[url.origin()] = time.monotonic() + DISTRUST_SECONDS

    async def connect(self, req: aiohttp.ClientRequest, *given: Any, **options: Any) -> Any:
        """Return a connection for *req*; raises _Unconnected if there is none."""
        try:
            while True:
                connection = await super().connect(req, *given, **options)
                if self._is_usable(connection, req):
                    return connection
                connection.close()
        except Exception as error:
            raise _Unconnected from error

    def _is_usable(self, connection: Any, req: aiohttp.ClientRequest) -> bool:
        now, used_at = time.monotonic(), self._used_at.get(connection.protocol)
        self._used_at[connection.protocol] = now
        if used_at is None:
            return True
        if _is_spent(connection):
            if now - used_at < SOON_SECONDS:
                self.distrust(req.url)
            return False
        is_trusted = self._distrusted_until.get(req.url.origin(), 0.0) < now
        return is_trusted or req.method in SAFE_METHODS


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


class _ResponseBody(httpx.AsyncByteStream):
    """The bytes of a response, as they arrive."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for chunk in self._answer.content.iter_chunked(CHUNK_BYTES):
                yield chunk

    async def aclose(self) -> None:
        # After a complete response the connection is in the pool again, and this does nothing.
        self._answer.close()


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends with aiohttp, which at 64 connections is ten times as fast as httpx's own pool.

    The first request opens its session. It stores no cookies, follows no redirects,
    reads no ``.netrc``, and sends URLs unchanged. *route* None = no proxy, and
    the certificates of certifi.
    """

    def __init__(
        self, *, max_connections: int = MAX_CONNECTIONS, route: Route | None = None
    ) -> None:
        self._max_connections = max_connections
        self._route = route
        self._connector: _Connector | None = None
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*; raises the error of httpx for what happened."""
        with _httpx_errors():
            try:
                answer = await self._sent(request)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                assert self._connector is not None  # The request was sent.
                self._connector.distrust(yarl.URL(str(request.url)))
                raise
        return httpx.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=_ResponseBody(answer),
            request=request,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _sent(self, request: httpx.Request) -> aiohttp.ClientResponse:
        session = self._opened()
        seconds = request.extensions.get("timeout", {})
        proxy = self._route.proxy_for(request.url) if self._route else None
        return await session.request(
            request.method,
            yarl.URL(str(request.url), encoded=True),
            headers=[*request.headers.multi_items(), *_proxy_headers(proxy, request)],
            data=_body_of(request),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                connect=seconds.get("pool"), sock_connect=seconds.get("connect")
            ),
            ssl=self._context(request, proxy),
            proxy=proxy.url if proxy else None,
            proxy_headers=proxy.headers if proxy else None,
        )

    def _context(self, request: httpx.Request, proxy: Proxy | None) -> ssl.SSLContext:
        # Without TLS certificates are not used, so unreadable ones must not raise an error.
        is_tls = request.url.scheme == "https" or (proxy and proxy.url.startswith("https:"))
        return self._route.context() if self._route and is_tls else certifi_context()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._connector = _Connector(
                limit=self._max_connections, keepalive_timeout=KEEPALIVE_SECONDS
            )
            self._session = aiohttp.ClientSession(
                connector=self._connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Content-Type",),
                auto_decompress=False,
                max_line_size=MAX_LINE_BYTES,
                max_field_size=MAX_LINE_BYTES,
                **_MANY_HEADERS,
            )
        return self._session


def _body_of(request: httpx.Request) -> Any:
    """Return the body of *request*, or its stream, which is read when it is sent."""
    try:
        return request.content or None
    except httpx.RequestNotRead:
        return request.stream


def _proxy_headers(proxy: Proxy | None, request: httpx.Request) -> list[tuple[str, str]]:
    """Return the headers for a proxy that reads the request, which it cannot with TLS."""
    is_tunnel = request.url.scheme == "https"
    return [] if proxy is None or is_tunnel else list(proxy.headers.items())


@functools.cache
def certifi_context() -> ssl.SSLContext:
    """Return the certificates of certifi; loading them takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


@contextlib.contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except _Unconnected as error:
        cause = error.__cause__
        is_late = isinstance(cause, TimeoutError)
        raise (httpx.ConnectTimeout if is_late else httpx.ConnectError)(_text(cause)) from cause
    except aiohttp.ClientError as error:
        name = next(name for kind, name in _HTTPX_ERRORS if isinstance(error, kind))
        raise name(_text(error)) from error


def _text(error: BaseException | None) -> str:
    text = _TLS.sub("", str(error)).replace("[None]", "[it was closed]")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):  # Its status is not that of a response.
        return f"the answer cannot be read as HTTP: {error.message}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy: {text}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"its certificate is not trusted ({error.certificate_error}); certificates of your "
            "own network are named by verify=… of connect, or REQUESTS_CA_BUNDLE"
        )
    return text
