"""The way to one destination: its settings, its secrets, and who calls its functions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...destination import (
    ActionData,
    Destination,
    Function,
    Settings,
    input_fields,
    named_secrets_of,
    secrets_of,
    urls_of,
)
from ...errors import AsyncDestError, DestinationError, NotSent, RetryableError, check_number
from ...request import TIMEOUT_SECONDS, Client, References, Route, Transport, Unplugged
from ...responses import JSONObject, with_attributes
from ...schedule import RateLimiter
from ..clock import Clock
from .call import CallResult, call_function
from .state import ScopedState, SessionState, connection_scope
from .throttle import ShouldStop, Throttle, Turn
from .token import AccessToken, Carrier

__all__ = ["CallResult", "Channel"]


class Channel:
    """A destination with its settings, as the engine talks to it; lives on its loop."""

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
        rate = (
            destination.requests_per_second if requests_per_second is None else requests_per_second
        )
        check_number("requests_per_second", rate)
        self._requests_per_second = rate
        self._traffic = Throttle(RateLimiter(rate), self.clock, name=destination.name)
        self._access = AccessToken(
            ask=self._ask_for_token,
            is_given=self._is_authorized,
            use=lambda: self._client.use(self._options()),
            back_off=self.back_off,
        )
        self._state = state
        self._timeout_seconds = timeout_seconds
        self._route = route
        self._references = References(named_secrets_of(settings))
        # Whoever makes the options may ask for state, and that is of this connection.
        self._client = Client(secrets=secrets_of(settings))
        self._connection = connection_scope(destination.slug, self.public_settings())
        self._client = self._new_client(transport=transport)

    def _new_client(self, *, transport: Transport | None) -> Client:
        options = self._options()
        return Client(
            options=options,
            trusted=urls_of(self.settings),
            secrets=() if "secrets" in options else secrets_of(self.settings),
            timeout_seconds=self._timeout_seconds,
            transport=transport,
            route=self._route,
            clock=self.clock.wall,
        )

    @property
    def pace(self) -> RateLimiter:
        """How fast requests may leave at present."""
        return self._traffic.pace

    def join(self, other: Channel) -> None:
        """Share the pace of *other*, if that leads to the same account at the same rate.

        A pause that the host asks of one is meant for all.
        """
        mine, its = (
            (each.destination.slug, each.public_settings(), each._requests_per_second)
            for each in (self, other)
        )
        if mine == its:
            self._traffic = other._traffic

    def public_settings(self) -> dict[str, str]:
        """Return its settings as text, without those that are missing or secret."""
        fields = input_fields(type(self.settings))
        values = {key: getattr(self.settings, key) for key in fields}
        return {
            key: self._client.without_whole(str(value))
            for key, value in values.items()
            if value is not None and fields[key].type != "password"
        }

    def mask(self, text: str) -> str:
        """Return *text* without secrets."""
        return self._client.mask(text)

    def storable(self, value: Any) -> Any:
        """Return JSON *value* as it may be shown: without secrets and signed URLs."""
        return self._client.kept(value)

    def folded(self, value: Any) -> Any:
        """Return JSON *value* as it may be on disk: with a reference for each secret setting."""
        return self._client.folded(value, self._references)

    def unfolded(self, value: Any) -> Any:
        """Return *value* from disk as it was, by the secrets that the settings have now.

        With another key than the one that was folded it has that other key: right for a
        URL that takes the key, and an id that nobody knows where the id was made of it.
        """
        return self._references.unfolded(value)

    async def ask(
        self,
        function: Function,
        *,
        payload: Any = None,
        contexts: Sequence[JSONObject] = (),
        scope: str | None = None,
        submission_id: str = "",
        should_stop: ShouldStop = lambda: False,
        turn: Turn | None = None,
    ) -> CallResult:
        """Call a destination's function; whatever it raises is part of what is returned.

        *scope* is that of its state, None = only that of the connection; *submission_id*
        empty = a new one. A request that waits for its turn is not sent
        any more once it *should_stop*; the first one uses *turn*, and does not wait.
        """
        submission_id = submission_id or str(uuid.uuid4())

        def given() -> ActionData[Any, Any]:
            return self._data(payload, contexts, self._scoped(scope), submission_id)

        asked, carrier = await self._asked(function, given, should_stop, turn=turn)
        if carrier is None or not carrier.may_repeat(asked):
            return asked
        if (without := await self._without_token(carrier, asked)) is not None:
            return without
        again, _ = await self._asked(function, given, should_stop)
        return again

    async def _asked(
        self,
        function: Function,
        given: Callable[[], ActionData[Any, Any]],
        should_stop: ShouldStop,
        *,
        turn: Turn | None = None,
    ) -> tuple[CallResult, Carrier | None]:
        """Call *function* once; the carrier of its token is returned too, None = it has none."""
        call = self._client.call()
        send, carrier = self._traffic.paced(call, should_stop, turn=turn), None
        if self.destination.refresh_access_token is not None:
            send = carrier = self._access.carrier(send)
        request = self._traffic.persistent(call, send)
        asked = await call_function(function, call, given(), request=request, mask=self.mask)
        return asked, carrier

    async def _without_token(self, carrier: Carrier, asked: CallResult) -> CallResult | None:
        """Ask for a new token; return what becomes of *asked* if there is none, None = there is."""
        try:
            await self._access.renewed(carrier.token)
        except NotSent as error:
            # Trouble, which is waited out: the function says that nothing was applied.
            return replace(asked, error=RetryableError(str(error)))
        except AsyncDestError:
            return asked
        return None

    async def rehearse(self, function: Function, payload: Any) -> CallResult:
        """Call a destination's function with the network unplugged.

        Its first request is the only exchange, and was not sent.
        """
        call = self._new_client(transport=Unplugged()).call()
        state = self._state.apart().of(None, connection=self._connection, secrets=self)
        data = self._data(payload, (), state)
        return await call_function(function, call, data, request=call, mask=self.mask)

    async def turn(self, should_stop: ShouldStop) -> Turn:
        """Return the turn of a request when the host takes one, or none once it *should_stop*."""
        return await self._traffic.turn(should_stop)

    def back_off(self, error: Exception) -> None:
        """Wait before the next request, because of *error*, which the wire has not taught."""
        self._traffic.back_off(error)

    def notice(self) -> str:
        """Say why requests wait at present; empty = they do not."""
        return self._traffic.notice()

    @property
    def is_unreachable(self) -> bool:
        """Whether the host gives no answers: it is asked now and then until it does."""
        return self.pace.is_down

    async def aclose(self) -> None:
        """Close the connections; nothing is asked after that."""
        await self._client.aclose()

    def _options(self) -> dict[str, Any]:
        if self.destination.extend_request is None:
            return {}
        data = self._data(None, (), self._scoped())
        options: object = self.destination.extend_request(data)
        if not isinstance(options, Mapping):
            raise DestinationError(
                f"extend_request of {self.destination.name} returned a {type(options).__name__}; "
                "it must return a dict of options, such as base_url and headers"
            )
        return dict(options)

    def _scoped(self, scope: str | None = None) -> ScopedState:
        return self._state.of(scope, connection=self._connection, secrets=self)

    def _data(
        self,
        payload: Any,
        contexts: Sequence[JSONObject],
        state: ScopedState,
        submission_id: str = "",
    ) -> ActionData[Any, Any]:
        return ActionData(
            settings=self.settings,
            payload=payload,
            state_context=state,
            async_contexts=[with_attributes(each) for each in contexts],
            access_token=self._access.token,
            # A function may always rely on one, also in a rehearsal.
            submission_id=submission_id or str(uuid.uuid4()),
        )

    def _is_authorized(self) -> bool:
        headers = self._options().get("headers") or {}
        return any(name.lower() == "authorization" for name in headers)

    async def _ask_for_token(self) -> CallResult:
        assert self.destination.refresh_access_token is not None
        call = self._client.call()
        return await call_function(
            self.destination.refresh_access_token,
            call,
            self._data(None, (), self._scoped()),
            request=self._traffic.paced(call),
            mask=self.mask,
            is_logged=False,
        )
