"""aiohttp as a transport of httpx: connections that are there, and errors named truly.

A transport decides what "not sent" is known of: see ``wire``. Here a request that was
given no connection fails with httpx's names for that, and no other one does.
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

if TYPE_CHECKING:  # It needs the URL of wire, which needs this file.
    from .route import Proxy, Route

MAX_CONNECTIONS = 100
# Under the 5 seconds after which uvicorn and Node close: a POST on a connection that
# is being closed is a reply lost.
KEEPALIVE_SECONDS = 4.0
# After an idle second it is no more than a server's time limit that ends a connection.
SOON_SECONDS = 1.0
DISTRUST_SECONDS = 600.0
MAX_LINE_BYTES = 2**17  # of a status line or a header; cookies and signed URLs pass 8 kB
MAX_HEADERS = 2**12
CHUNK_BYTES = 2**16
# aiohttp takes 128 headers from some version on, and has an option for it from then on.
_MANY_HEADERS: dict[str, Any] = (
    {"max_headers": MAX_HEADERS}
    if "max_headers" in inspect.signature(aiohttp.ClientSession).parameters
    else {}
)

# What aiohttp raised once it had a connection → what httpx calls it; the first that fits.
_TRUE_NAMES: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
)


# aiohttp names TLS, by an object of Python's, also where there is none.
_TLS = re.compile(r" ssl:(default|<[^>]*>)")


class _Unconnected(Exception):
    """No connection was had, and why; aiohttp does not know this class and passes it on."""


class _Connector(aiohttp.TCPConnector):
    """Hand out connections that are open, as far as this side can know.

    A destination that closes right after an answer, without ``Connection: close``, may do
    so while the next request is on its way, and a reply is lost. Once that was seen,
    requests that write are given new connections there.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used_at: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        self._distrusted_until: dict[yarl.URL, float] = {}

    def distrust(self, url: yarl.URL) -> None:
        """Use no connection twice to write to where *url* leads, for some minutes."""
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
    """Say whether the other side has closed, or sent what nobody asked for.

    That would be read as the answer to the next request. It lies in the socket until the
    event loop looks there, which may be after the next request was written.
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
        poll = select.poll()  # select() knows no file descriptors over 1,023.
        poll.register(found.fileno(), select.POLLIN)
        return bool(poll.poll(0))


class _Body(httpx.AsyncByteStream):
    """The bytes of an answer, as they come."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _truly_named():
            async for chunk in self._answer.content.iter_chunked(CHUNK_BYTES):
                yield chunk

    async def aclose(self) -> None:
        # After a whole answer its connection is in the pool again, and this does nothing.
        self._answer.close()


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Send with aiohttp, which at 64 connections is ten times as fast as httpx's own pool.

    Its session is opened by the first request. It keeps no cookies, follows no redirects,
    reads no ``.netrc``, and sends a URL as it is spelled. *route* None = no proxy, and
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
        """Send *request*; raises httpx's error for what happened."""
        with _truly_named():
            try:
                answer = await self._sent(request)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                assert self._connector is not None  # It was sent by it.
                self._connector.distrust(yarl.URL(str(request.url)))
                raise
        return httpx.Response(
            answer.status, headers=list(answer.raw_headers), stream=_Body(answer), request=request
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
            headers=[*request.headers.multi_items(), *_seen_by(proxy, request)],
            data=_taken_once(request),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                connect=seconds.get("pool"), sock_connect=seconds.get("connect")
            ),
            ssl=self._context(request, proxy),
            proxy=proxy.url if proxy else None,
            proxy_headers=proxy.headers if proxy else None,
        )

    def _context(self, request: httpx.Request, proxy: Proxy | None) -> ssl.SSLContext:
        # Without TLS none is used; certificates that cannot be read are then no obstacle.
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


def _taken_once(request: httpx.Request) -> Any:
    """Return the body of *request*; one that is given as a stream is read when it is sent."""
    try:
        return request.content or None
    except httpx.RequestNotRead:
        return request.stream


def _seen_by(proxy: Proxy | None, request: httpx.Request) -> list[tuple[str, str]]:
    """Return the headers for a proxy that reads the request itself: TLS goes past it."""
    is_tunnel = request.url.scheme == "https"
    return [] if proxy is None or is_tunnel else list(proxy.headers.items())


@functools.cache
def certifi_context() -> ssl.SSLContext:
    """Load certifi's certificates, once: it takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


@contextlib.contextmanager
def _truly_named() -> Iterator[None]:
    try:
        yield
    except _Unconnected as error:
        cause = error.__cause__
        is_late = isinstance(cause, TimeoutError)
        raise (httpx.ConnectTimeout if is_late else httpx.ConnectError)(_text(cause)) from cause
    except aiohttp.ClientError as error:
        name = next(name for kind, name in _TRUE_NAMES if isinstance(error, kind))
        raise name(_text(error)) from error


def _text(error: BaseException | None) -> str:
    text = _TLS.sub("", str(error)).replace("[None]", "[it was closed]")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):  # Its status is no status of an answer.
        return f"the answer cannot be read as HTTP: {error.message}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy: {text}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"its certificate is not trusted ({error.certificate_error}); certificates of your "
            "own network are named by verify=… of connect, or REQUESTS_CA_BUNDLE"
        )
    return text
