"""The connections, credentials and secrets of one destination."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import UsageError
from .address import shown_url
from .call import Call
from .credentials import reveal
from .defaults import RequestDefaults, secrets_of
from .redactor import Redactor
from .references import References
from .route import Route
from .target import URL, Origin, Target
from .transport import AiohttpTransport
from .wire import Transport

# An API that takes thousands of rows checks all of them before it answers.
TIMEOUT_SECONDS = 60.0
REMEMBERED_SECRETS = 16  # of single calls


class Client:
    """Requests to one destination, with its credentials and its secrets.

    *options* is what a destination's ``extend_request`` returns: base_url, headers,
    username, password, timeout_seconds; texts may be pydantic's SecretStr; and
    secrets, the parts of these that must not be shown, missing = all. Headers
    and login are sent only to the origins of base_url and of the *trusted* URLs.
    *secrets* are further texts that are never shown. *timeout_seconds* bounds a whole
    exchange; a value in *options* takes precedence.

    *route* None = proxies and certificates of the environment. The default *transport*
    uses the route. The first request opens it on its event loop, and all requests of a
    client share that loop. A transport that is passed in has its own route, must not
    follow redirects, and is closed with the client.

    Raises UsageError for an option or a URL that cannot be used.
    """

    def __init__(
        self,
        *,
        options: Mapping[str, Any] = {},
        trusted: Iterable[str] = (),
        secrets: Iterable[str] = (),
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: Transport | None = None,
        route: Route | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._trusted = tuple(trusted)
        self._timeout_seconds = timeout_seconds
        self._route = None if transport is not None else route or Route()
        logins = self._route.secrets() if self._route else ()
        self._redactor = Redactor([*map(reveal, secrets), *logins])
        self._latest: deque[str] = deque(maxlen=REMEMBERED_SECRETS)
        self._settled = self._redactor  # Without the secrets of single calls.
        self.set_options(options)
        self._transport = transport
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._reached: set[Origin] = set()  # Whose routes were found to be usable.

    def __repr__(self) -> str:
        if not hasattr(self, "_defaults"):  # A traceback with local variables shows it.
            return "<Client without options>"
        where = "without base_url" if self._defaults.url is None else shown_url(self._defaults.url)
        return f"<Client {self.mask(where)}>"

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Send with these *options* from now on; secrets in the old ones are still masked."""
        self._defaults = RequestDefaults.of(
            options, trusted=self._trusted, timeout_seconds=self._timeout_seconds
        )
        self._settled = self._settled.extended(secrets_of(options))
        self._redactor = self._settled.extended(self._latest)
        for url in self._defaults.urls:
            self._require(url)

    def _require(self, url: URL) -> None:
        """Raise UsageError if the route cannot reach *url*."""
        if self._route is not None:
            self._route.require(url)

    def call(self) -> Call:
        """Return a fresh ``request`` for one invocation of a user's function."""
        return Call(
            lambda: self._defaults,
            redactor=self._redactor_with,
            open_transport=self._open,
            clock=self._clock,
        )

    def _redactor_with(self, secrets: Sequence[str]) -> Redactor:
        """Return a redactor that masks the *secrets* of a call too, and remember them.

        They are still needed after the call, to mask what a function made of the response.
        Only the latest are remembered, since every request may have a new token.
        """
        if secrets and (new := [each for each in secrets if each not in self._latest]):
            self._latest.extend(new)
            self._redactor = self._settled.extended(self._latest)
        return self._redactor

    def mask(self, text: str) -> str:
        """Return *text* with secrets and parts of secrets masked."""
        return self._redactor.text(text)

    def storable(self, value: Any) -> Any:
        """Return JSON *value* as it may be stored and shown."""
        return self._redactor.storable(value)

    def mask_whole(self, text: str) -> str:
        """Return the *text* of a setting that identifies the account, with whole secrets masked."""
        return self._redactor.mask_whole(text)

    def replace_secrets(self, value: Any, references: References) -> Any:
        """Return JSON *value* as it may be stored, with *references* instead of secrets."""
        return references.replace_secrets(value, self._redactor)

    async def aclose(self) -> None:
        """Close the connections; a closed client sends nothing more."""
        self._is_closed = True
        if self._transport is not None:
            await self._transport.aclose()

    def _open(self, target: Target) -> Transport:
        if target.origin not in self._reached:
            self._require(target.url)
            self._reached.add(target.origin)
        if self._is_closed:
            raise UsageError("this client is closed: make a new one")
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise UsageError("this client was used on another event loop: make one for each")
        if self._transport is None:
            self._transport = AiohttpTransport(route=self._route)
        return self._transport
