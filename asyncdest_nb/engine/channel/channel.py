"""One connection to a destination: its settings, its secrets, and calls of its functions."""

from __future__ import annotations

import uuid
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from ...destination import (
    ActionData,
    Destination,
    Function,
    Settings,
    named_secrets_of,
    secrets_of,
    urls_of,
)
from ...errors import DestinationError, check_number
from ...request import TIMEOUT_SECONDS, Client, OfflineTransport, References, Route, Transport
from ...responses import JSONObject, with_attributes
from ...schedule import RateLimiter
from ..clock import Clock
from .call import CallResult, call_function
from .identity import address, settings_texts
from .scoped_state import ScopedState
from .state import SessionState, connection_scope
from .throttle import ShouldStop, Throttle, Turn
from .token import AccessToken, Authorize, Send, called_with_token


class Channel:
    """A destination with its settings; used on the engine's loop only."""

    def __init__(
        self,
        destination: Destination,
        settings: Settings,
        *,
        state: SessionState,
        requests_per_second: float | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        transport: Transport | None = None,
        route: Route | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.destination = destination
        self.settings = settings
        self.clock = clock or Clock()
        given = requests_per_second
        rate = destination.requests_per_second if given is None else given
        check_number("requests_per_second", rate)
        self._requests_per_second = rate
        self._throttle = Throttle(RateLimiter(rate), self.clock, name=destination.name)
        self.access_token = AccessToken(
            fetch=self._fetch_token,
            is_given=self._is_authorized,
            use=lambda: self._client.set_options(self._options()),
            back_off=self.back_off,
            now=self.clock.steady,
        )
        self._state = state
        self._timeout_seconds = timeout_seconds
        self._route = route
        self.is_usual = transport is None and (route is None or route.is_usual)  # Anywhere.
        self._references = References(named_secrets_of(settings))
        # Options may need the state of this connection, whose scope needs those without it: a
        # base URL of state, or of a token's reply, is another one before that, and tells nothing.
        self._client, self._connection = Client(secrets=secrets_of(settings)), ""
        bare = self._options(SessionState([], clock=self.clock))
        self._client = self._new_client(bare, transport=transport)
        self._address = address(bare, settings_texts(settings, self._client), self._client)
        self._connection = connection_scope(destination.slug, self.public_settings())
        self._client.set_options(self._options())

    def _new_client(self, options: Mapping[str, Any], *, transport: Transport | None) -> Client:
        return Client(
            options=options,
            trusted=urls_of(self.settings),
            secrets=() if "secrets" in options else secrets_of(self.settings),
            timeout_seconds=self._timeout_seconds,
            transport=transport,
            route=self._route,
            clock=self.clock.wall,
        )

    def sent_by(self, transport: Transport) -> Channel:
        """Return the same channel, at the same pace, whose requests *transport* sends."""
        found = Channel(
            self.destination,
            self.settings,
            state=self._state,
            timeout_seconds=self._timeout_seconds,
            transport=transport,
            clock=self.clock,
        )
        found._throttle = self._throttle
        return found

    @property
    def limiter(self) -> RateLimiter:
        """How fast requests may be sent at present."""
        return self._throttle.limiter

    def join(self, other: Channel) -> None:
        """Share the throttle of *other*, if it has the same account and the same rate.

        If the host asks one of them for a pause, both make it.
        """
        mine, its = (
            (each.destination.slug, each.public_settings(), each._requests_per_second)
            for each in (self, other)
        )
        if mine == its:
            self._throttle = other._throttle

    def public_settings(self) -> dict[str, str]:
        """Return the settings as text, without secret ones, and the base URL if they lack it."""
        return settings_texts(self.settings, self._client) | self._address

    def mask(self, text: str) -> str:
        """Return *text* without secrets."""
        return self._client.mask(text)

    def storable(self, value: Any) -> Any:
        """Return JSON *value* without secrets and signed URLs, to be shown and stored."""
        return self._client.storable(value)

    def replace_secrets(self, value: Any) -> Any:
        """Return JSON *value* for the disk, with a reference in place of each secret setting."""
        return self._client.replace_secrets(value, self._references)

    def restore_secrets(self, value: Any) -> Any:
        """Return *value* from disk with the secrets that the settings have now.

        If a key has changed since, the value has the new one. That is right for a URL with
        a key in it; an id that contains the old key becomes one that does not exist.
        """
        return self._references.restore_secrets(value)

    def call(
        self,
        function: Function,
        *,
        payload: Any = None,
        contexts: Sequence[JSONObject] = (),
        scope: str | None = None,
        submission_id: str = "",
        age_seconds: float | None = None,
        should_stop: ShouldStop = lambda: False,
        turn: Turn | None = None,
    ) -> Coroutine[Any, Any, CallResult]:
        """Call a destination's function; an error it raises is part of the result.

        *scope* is the scope of its state, None = only that of the connection;
        *submission_id* empty = a new one. Once it *should_stop*, a request that waits for
        its turn is not sent any more. The first request uses *turn* and does not wait.
        """
        submission_id = submission_id or str(uuid.uuid4())

        def begin(
            authorize: Authorize | None = None,
        ) -> tuple[Send, Coroutine[Any, Any, CallResult]]:
            call = self._client.call()
            send = self._throttle.throttled(call, should_stop, turn=turn)
            if authorize is not None:
                send = authorize(send)
            request = self._throttle.persistent(call, send)
            state = ScopedState(self._state, scope, connection=self._connection, secrets=self)
            data = self._data(payload, contexts, state, submission_id, age_seconds)
            return send, call_function(function, call, data, request=request, mask=self.mask)

        if self.destination.refresh_access_token is not None:
            return called_with_token(self.access_token, begin)
        return begin()[1]

    async def rehearse(self, function: Function, payload: Any) -> CallResult:
        """Call a destination's function without a network.

        Its first request is the only exchange, and was not sent.
        """
        call = self._new_client(self._options(), transport=OfflineTransport()).call()
        data = self._data(payload, (), self._scoped(self._state.copy()))
        return await call_function(function, call, data, request=call, mask=self.mask)

    def wait_for_turn(
        self, should_stop: ShouldStop, *, is_poll: bool = False
    ) -> Coroutine[Any, Any, Turn]:
        """Return the turn of a request once one may be sent, an empty one once it *should_stop*.

        Where both wait, turns go to polls and to others alternately.
        """
        return self._throttle.wait_for_turn(should_stop, is_poll=is_poll)

    def back_off(self, error: Exception) -> None:
        """Wait before the next request, because of an *error* that the limiter has not seen."""
        self._throttle.back_off(error)

    def wake(self) -> None:
        """Let the next request be sent now, though the host was down a moment ago."""
        self.limiter.wake(self.clock.steady())

    @property
    def seconds_paused(self) -> float:
        """For how many seconds requests had to wait so far, because the host asked for that."""
        return self.limiter.seconds_paused(self.clock.steady())

    def notice(self) -> str:
        """Return why requests wait at present, and for how long; empty = they do not."""
        return self._throttle.notice()

    def trouble(self) -> str:
        """Return why requests wait at present; empty = they do not."""
        return self._throttle.trouble()

    @property
    def is_unreachable(self) -> bool:
        """Whether the host gives no answers; probes are sent until it does."""
        return self.limiter.is_down

    async def aclose(self) -> None:
        """Close the connections; nothing may be called after that."""
        await self._client.aclose()

    def _options(self, state: SessionState | None = None) -> dict[str, Any]:
        if self.destination.extend_request is None:
            return {}
        data = self._data(None, (), self._scoped(state))
        options: object = self.destination.extend_request(data)
        if not isinstance(options, Mapping):
            raise DestinationError(
                f"extend_request of {self.destination.name} returned a {type(options).__name__}; "
                "it must return a dict of options, such as base_url and headers"
            )
        return dict(options)

    def _scoped(self, state: SessionState | None = None) -> ScopedState:
        state = self._state if state is None else state
        return ScopedState(state, None, connection=self._connection, secrets=self)

    def _data(
        self,
        payload: Any,
        contexts: Sequence[JSONObject],
        state: ScopedState,
        submission_id: str = "",
        age_seconds: float | None = None,
    ) -> ActionData[Any, Any]:
        return ActionData(
            settings=self.settings,
            payload=payload,
            state_context=state,
            async_contexts=[with_attributes(each) for each in contexts] if contexts else [],
            access_token=self.access_token.token,
            # A function may rely on one, also in a rehearsal.
            submission_id=submission_id or str(uuid.uuid4()),
            age_seconds=age_seconds,
        )

    def _is_authorized(self) -> bool:
        headers = self._options().get("headers") or {}
        return any(name.lower() == "authorization" for name in headers)

    async def _fetch_token(self) -> CallResult:
        assert self.destination.refresh_access_token is not None
        call = self._client.call()
        return await call_function(
            self.destination.refresh_access_token,
            call,
            self._data(None, (), self._scoped()),
            request=self._throttle.throttled(call),
            mask=self.mask,
            is_logged=False,
        )
