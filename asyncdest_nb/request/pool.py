"""Connections by aiohttp, held here from one request to the next.

aiohttp makes the connections, with TLS and proxies, and counts them. The one that was used last
is held beside its pool, and taken from there: the pool would make new objects for each request,
which takes a tenth of its time.
"""

from __future__ import annotations

import asyncio
import select
import socket
import sys
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import yarl

from .target import Origin, Target

if TYPE_CHECKING:  # route imports wire, which imports connections, which imports this file.
    from .route import Route

# uvicorn and Node close idle connections after 5 seconds: the reply to a POST on such a
# connection would be lost.
KEEPALIVE_SECONDS = 4.0
# A connection that was idle for longer may have been closed by an ordinary time limit.
SOON_SECONDS = 1.0
DISTRUST_SECONDS = 600.0


class Unconnected(Exception):
    """There was no connection; the cause is why."""


class OriginRoute:
    """How an origin is reached: ``request`` is what aiohttp connects for, and is never sent.

    A proxy that reads the request, since there is no TLS in it, needs the whole URL and
    headers of its own. ``held`` are the connections that wait for a request, oldest first.
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
        self.held: list[HeldConnection] = []


class HeldConnection:
    """One connection: for a request, and after it for the next one.

    *used_at* is when its last request ended, None = it is new.
    """

    __slots__ = (
        "_connection",
        "_is_readable",
        "_pool",
        "_route",
        "protocol",
        "transport",
        "used_at",
    )

    def __init__(
        self, connection: Any, route: OriginRoute, pool: Connector, *, used_at: float | None
    ) -> None:
        self.protocol = connection.protocol
        self.transport: asyncio.Transport = connection.transport
        self.used_at = used_at
        self._connection = connection
        self._route = route
        self._pool = pool
        found = self.transport.get_extra_info("socket")
        self._is_readable = _looker(found) if found is not None else bool

    def is_spent(self) -> bool:
        """Whether the other side has closed, or sent data without a request.

        Such data would be read as the response to the next request. It stays in the socket
        until the event loop reads it, which may be after the next request was written.
        """
        is_closed = self.transport.is_closing() or self.protocol.should_close
        return is_closed or self._is_readable()

    def release(self) -> None:
        """Hold the connection for the next request, if it can have one."""
        if self._has_unsent() or self.protocol.should_close:
            self.close()
        else:
            self._pool.hold(self, self._route)

    def _has_unsent(self) -> bool:
        return self.transport.get_write_buffer_size() > 0

    def give_back(self) -> None:
        """Return the connection to the pool of aiohttp."""
        self._connection.release()

    def close(self) -> None:
        """Close the connection now; what is left of a request is not sent."""
        if self._has_unsent():
            self.transport.abort()
        self._connection.close()


if sys.platform == "win32":  # pragma: no cover

    def _looker(found: socket.socket) -> Callable[[], bool]:
        return lambda: bool(select.select([found], [], [], 0)[0])

else:

    def _looker(found: socket.socket) -> Callable[[], bool]:
        poll = select.poll()  # select() does not accept file descriptors above 1,023.
        poll.register(found.fileno(), select.POLLIN)
        return lambda: bool(poll.poll(0))


class Connector(aiohttp.TCPConnector):
    """Returns connections that are open, as far as this side can know.

    A destination that closes a connection right after a response, without ``Connection:
    close``, may do so while the next request is on its way, and its reply is lost. Once
    that happened, writing requests to this destination get new connections.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(keepalive_timeout=KEEPALIVE_SECONDS, **options)
        self._used_routes: set[OriginRoute] = set()
        self._used_at: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        self._distrusted_until: dict[Origin, float] = {}
        self._connects = 0  # requests that wait for a connection from aiohttp's pool
        self._timer: asyncio.TimerHandle | None = None

    def distrust(self, origin: Origin) -> None:
        """Use new connections for writing requests to *origin*, for some minutes."""
        self._distrusted_until[origin] = time.monotonic() + DISTRUST_SECONDS

    async def take(
        self, route: OriginRoute, timeout: aiohttp.ClientTimeout, *, is_safe: bool
    ) -> HeldConnection:
        """Return a connection on *route*; raises Unconnected if there is none."""
        while True:
            held = route.held.pop() if route.held else await self._connected(route, timeout)
            if self._is_usable(held, route.origin, is_safe=is_safe):
                return held
            held.close()

    async def _connected(
        self, route: OriginRoute, timeout: aiohttp.ClientTimeout
    ) -> HeldConnection:
        """Return a connection from aiohttp's pool, which may be a new one."""
        self._give_all_back()  # The pool's limit counts those that are held for other origins.
        self._connects += 1
        try:
            connection = await self.connect(route.request, [], timeout)
        except Exception as error:
            raise Unconnected from error
        finally:
            self._connects -= 1
        used_at = self._used_at.get(connection.protocol)
        return HeldConnection(connection, route, self, used_at=used_at)

    def _is_usable(self, held: HeldConnection, origin: Origin, *, is_safe: bool) -> bool:
        if held.used_at is None:
            return True
        now = time.monotonic()
        idle_seconds = now - held.used_at
        if idle_seconds > KEEPALIVE_SECONDS or held.is_spent():
            if idle_seconds < SOON_SECONDS:
                self.distrust(origin)
            return False
        return is_safe or self._distrusted_until.get(origin, 0.0) < now

    def hold(self, held: HeldConnection, route: OriginRoute) -> None:
        """Hold *held* for the next request on *route*, unless one waits for the pool."""
        held.used_at = time.monotonic()
        if self._connects or self.closed:
            self._give_back(held)
            return
        route.held.append(held)
        self._used_routes.add(route)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(KEEPALIVE_SECONDS, self._give_all_back)

    def _give_back(self, held: HeldConnection) -> None:
        assert held.used_at is not None
        self._used_at[held.protocol] = held.used_at
        held.give_back()

    def _give_all_back(self) -> None:
        """Leave to aiohttp what is held, which closes what is idle for long."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for route in self._used_routes:
            for held in route.held:
                self._give_back(held)
            route.held.clear()
        self._used_routes.clear()

    def close(self, **options: Any) -> Any:
        """Close all connections."""
        self._give_all_back()
        return super().close(**options)
