"""aiohttp as a transport of httpx: live connections, and errors with the right classes.

``wire`` infers from a transport's error whether a request was sent. Here a request fails
with httpx's errors for a missing connection exactly if it got no connection.
"""

from __future__ import annotations

import functools
import re
import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NoReturn

import aiohttp
import httpx
from aiohttp.http_exceptions import HttpProcessingError

from .body import RequestBody
from .connections import (
    CLOSED,
    MAX_ORIGINS,
    Body,
    OpenAnswer,
    exchanged,
)
from .exchange import SAFE_METHODS
from .pool import Connector, OriginRoute, Unconnected
from .target import Origin, Target

if TYPE_CHECKING:  # route imports wire, which imports this file.
    from .route import Route

MAX_CONNECTIONS = 100

# Errors of aiohttp once it had a connection → errors of httpx; the first that fits.
_HTTPX_ERRORS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (HttpProcessingError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
)


# aiohttp's messages contain a Python object for TLS, also without TLS.
_TLS = re.compile(r" ssl:(default|<[^>]*>)")


class _ResponseBody(httpx.AsyncByteStream):
    """The bytes of a response, as they arrive."""

    def __init__(self, answer: OpenAnswer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.chunks():
                yield chunk
        except Exception as error:
            raise_httpx_error(error)

    async def aclose(self) -> None:
        # After a complete response the connection is in the pool again, and this does nothing.
        self._answer.close()


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends on connections of aiohttp, as fast with 64 of them as with one.

    The first request opens its pool. It stores no cookies, follows no redirects,
    reads no ``.netrc``, and sends URLs unchanged. *route* None = no proxy, and
    the certificates of certifi.
    """

    def __init__(
        self, *, max_connections: int = MAX_CONNECTIONS, route: Route | None = None
    ) -> None:
        self._max_connections = max_connections
        self._route = route
        self._connector: Connector | None = None
        self._routes: dict[Origin, OriginRoute] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*; raises the error of httpx for what happened."""
        seconds = request.extensions.get("timeout", {})
        timeout = aiohttp.ClientTimeout(
            connect=seconds.get("pool"), sock_connect=seconds.get("connect")
        )
        # Read once there is a connection, see RequestBody.
        stream = request.stream
        answer = await self.send(
            request.method,
            Target.of(request.url),
            dict(request.headers.multi_items()),
            stream.take if isinstance(stream, RequestBody) else request.aread,
            timeout=timeout,
        )
        return httpx.Response(
            answer.status,
            headers=list(answer.headers),
            stream=_ResponseBody(answer),
            request=request,
        )

    async def send(
        self,
        method: str,
        target: Target,
        headers: dict[str, str],
        body: Body,
        *,
        timeout: aiohttp.ClientTimeout,
    ) -> OpenAnswer:
        """Send a request, and return its response once its headers are there.

        *body* is called once there is a connection. Raises the error of httpx for what happened.
        """
        connector, route = self._opened(), self._route_to(target)
        path = f"http://{target.host}{target.path}" if route.is_read_by_proxy else target.path
        lines = [f"{name}: {value}\r\n" for name, value in (headers | route.proxy_headers).items()]
        head = f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n"
        is_safe = method in SAFE_METHODS
        # One that reads is sent once more if its connection turns out to be closed.
        may_repeat = is_safe and "content-length" not in headers
        try:
            while True:
                connection = await connector.take(route, timeout, is_safe=is_safe)
                try:
                    return await exchanged(connection, method, head, body)
                except CLOSED:
                    if not may_repeat:
                        connector.distrust(target.origin)
                        raise
                may_repeat = False
        except Exception as error:
            raise_httpx_error(error)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._connector is not None:
            await self._connector.close()

    def _opened(self) -> Connector:
        if self._connector is None:
            self._connector = Connector(limit=self._max_connections)
        return self._connector

    def _route_to(self, target: Target) -> OriginRoute:
        found = self._routes.get(target.origin)
        if found is None:
            if len(self._routes) >= MAX_ORIGINS:
                self._routes.clear()
            found = self._routes[target.origin] = OriginRoute(target, self._route, certifi_context)
        return found


@functools.cache
def certifi_context() -> ssl.SSLContext:
    """Return the certificates of certifi; loading them takes tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


def raise_httpx_error(error: Exception) -> NoReturn:
    """Raise the error of httpx for an *error* of aiohttp; any other is raised as it is."""
    if isinstance(error, Unconnected):
        cause = error.__cause__
        is_late = isinstance(cause, TimeoutError)
        raise (httpx.ConnectTimeout if is_late else httpx.ConnectError)(_text(cause)) from cause
    for kind, name in _HTTPX_ERRORS:
        if isinstance(error, kind):
            raise name(_text(error)) from error
    raise error


def _text(error: BaseException | None) -> str:
    text = _TLS.sub("", str(error)).replace("[None]", "[it was closed]")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status} {error.message}"
    if isinstance(error, HttpProcessingError):  # Its code is not that of a response.
        return f"the answer cannot be read as HTTP: {error.message}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy: {text}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"its certificate is not trusted ({error.certificate_error}); certificates of your "
            "own network are named by verify=… of connect, or REQUESTS_CA_BUNDLE"
        )
    return text
