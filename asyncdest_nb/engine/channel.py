"""The way to one destination: settings, request client and pace; how its functions are called."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ..destination import (
    ActionData,
    Destination,
    Function,
    Settings,
    input_fields,
    secrets_of,
    urls_of,
)
from ..errors import (
    DestinationError,
    HTTPError,
    IntegrationError,
    NotSent,
    RequestFailed,
    RetryableError,
    UsageError,
)
from ..request import SAFE_METHODS, Call, Client, Exchange, Response, Transport, Unplugged
from ..responses import JSONObject
from ..schedule import Pace
from .clock import Clock
from .state import ScopedState, SessionState
from .verdict import is_trouble

STOP_SECONDS = 0.5  # How soon a request that waits for its turn hears of a cancel.
REPEAT_SECONDS = 1.0
REPEATS = 2  # How often a reading request is repeated before the call it is part of fails.
_THROTTLING = (425, 429, 503)
# What would end a task, or the engine's thread, if a user's function raised it there.
_ANYTHING = (Exception, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of calling a destination's function: an answer, or the error it raised."""

    answer: Any
    error: Exception | None
    exchanges: Sequence[Exchange]

    @property
    def retry_after(self) -> float | None:
        """Seconds the destination asked to wait with the last answer; None = it did not say."""
        return self.exchanges[-1].retry_after if self.exchanges else None


class Channel:
    """A destination with its settings, as the engine talks to it; lives on its loop."""

    def __init__(
        self,
        destination: Destination,
        settings: Settings,
        *,
        state: SessionState,
        requests_per_second: float | None = None,
        timeout_seconds: float = 10.0,
        transport: Transport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.destination = destination
        self.settings = settings
        self.clock = clock or Clock()
        rate = (
            destination.requests_per_second if requests_per_second is None else requests_per_second
        )
        if not rate > 0:
            raise UsageError(f"requests_per_second is {rate}; it must be more than 0")
        self.pace = Pace(rate)
        self.trouble = ""  # Why requests are waiting; empty = they are not.
        self._state = state
        self._timeout_seconds = timeout_seconds
        self._access_token: SecretStr | None = None
        self._refreshing = asyncio.Lock()
        self._client = self._new_client(transport=transport)

    def _new_client(self, *, transport: Transport | None) -> Client:
        options = self._options()
        return Client(
            options=options,
            trusted=urls_of(self.settings),
            secrets=() if "secrets" in options else secrets_of(self.settings),
            timeout_seconds=self._timeout_seconds,
            transport=transport,
            clock=self.clock.wall,
        )

    def public_settings(self) -> dict[str, str]:
        """Return its settings as text, without those that are missing or secret."""
        fields = input_fields(type(self.settings))
        values = {key: getattr(self.settings, key) for key in fields}
        return {
            key: self.mask(str(value))
            for key, value in values.items()
            if value is not None and fields[key].type != "password"
        }

    def mask(self, text: str) -> str:
        """Return *text* without secrets."""
        return self._client.mask(text)

    async def ask(
        self,
        function: Function,
        *,
        payload: Any = None,
        contexts: Sequence[JSONObject] = (),
        scopes: Sequence[str] = (),
        stops: Callable[[], bool] = lambda: False,
    ) -> Asked:
        """Call a destination's function; whatever it raises is part of what is returned.

        A request that waits for its turn is not sent any more once *stops* says so.
        """
        call = self._client.call()
        data = self._data(payload, contexts, self._state.of(*scopes))
        return await self._attempt(function, call, data, request=self._persistent(call, stops))

    async def rehearse(self, function: Function, payload: Any) -> Asked:
        """Call a destination's function with the network unplugged.

        Its first request is the only exchange, and was not sent.
        """
        client = self._new_client(transport=Unplugged())
        call = client.call()
        nowhere = SessionState([], clock=self.clock.wall, note=lambda value: None)
        data = self._data(payload, (), nowhere.of())
        return await self._attempt(function, call, data, request=call)

    async def _attempt(
        self,
        function: Function,
        call: Call,
        data: ActionData[Any, Any],
        *,
        request: Any,
        is_logged: bool = True,
    ) -> Asked:
        try:
            answer = await self._invoke(function, request, data)
        except _ANYTHING as error:  # Users' code may raise anything; the verdict is elsewhere.
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            if is_logged:
                _log.info("%s", self.mask(traceback.format_exc()))
            return Asked(None, self._masked(error), call.exchanges)
        return Asked(answer, None, call.exchanges)

    def _masked(self, error: BaseException) -> Exception:
        """Return *error* without secrets, and without the chain that may hold more."""
        if isinstance(error, Exception):
            try:
                return self._masked_in_place(error)
            except Exception:  # A frozen one, or one whose own text fails.
                _log.info("%s cannot be shown", type(error).__name__)
        return DestinationError(f"the function raised {type(error).__name__}")

    def _masked_in_place(self, error: Exception) -> Exception:
        error.args = tuple(self._masked_text(each) for each in error.args)
        for name, value in vars(error).items():
            setattr(error, name, self._masked_text(value))
        error.__cause__ = error.__context__ = None
        text = str(error)
        # Some exceptions make their text of neither.
        return error if self.mask(text) == text else DestinationError(self.mask(text))

    def _masked_text(self, value: Any) -> Any:
        return self.mask(value) if isinstance(value, str) else value

    async def aclose(self) -> None:
        """Close the connections; nothing is asked after that."""
        await self._client.aclose()

    def notice(self) -> str:
        """Say why requests wait at present; empty = they do not."""
        seconds = self.pace.paused_until - self.clock.steady()
        if not self.trouble or seconds <= 0:
            return ""
        return f"{self.trouble}; asking again in {seconds:.0f} s"

    def _options(self) -> dict[str, Any]:
        if self.destination.extend_request is None:
            return {}
        return dict(self.destination.extend_request(self._data(None, (), self._state.of())))

    def _data(
        self, payload: Any, contexts: Sequence[JSONObject], state: ScopedState
    ) -> ActionData[Any, Any]:
        return ActionData(
            settings=self.settings,
            payload=payload,
            state_context=state,
            async_contexts=list(contexts),
            access_token=self._access_token,
        )

    async def _invoke(
        self, function: Function, request: Callable[..., Any], data: ActionData[Any, Any]
    ) -> Any:
        if inspect.iscoroutinefunction(function):
            return await function(request, data)
        # A plain function may block, so it gets a thread, and a request that blocks too.
        answer = await asyncio.to_thread(_called, function, _blocking(request), data)
        return await answer if inspect.isawaitable(answer) else answer

    def _persistent(self, call: Call, stops: Callable[[], bool]) -> Callable[..., Any]:
        """Return the request of *call*, which does not lose what was read before for one failure.

        A first request that fails is for the schedule to repeat. But a poll that reads a
        job and its three files would start over, and may never come to its end.
        """
        request = self._authorized(call, stops)

        async def persistent(url: str, **options: Any) -> Response:
            is_safe = str(options.get("method", "GET")).upper() in SAFE_METHODS
            for _ in range(REPEATS if is_safe and call.exchanges else 0):
                try:
                    response: Response = await request(url, **options)
                    return response
                except (RequestFailed, HTTPError) as error:
                    if isinstance(error, HTTPError) and not is_trouble(error):
                        raise
                    # One sick file is no reason to slow down all others.
                    await self.clock.sleep(REPEAT_SECONDS)
            last: Response = await request(url, **options)
            return last

        return persistent

    def _authorized(self, call: Call, stops: Callable[[], bool]) -> Callable[..., Any]:
        """Return the request of *call* with an access token, a new one if the old is refused."""
        paced = self._paced(call, stops)
        if self.destination.refresh_access_token is None:
            return paced

        async def request(url: str, **options: Any) -> Response:
            if not self._is_authorized():
                await self._refresh(None)
            token = self._access_token
            try:
                response: Response = await paced(url, **options)
            except HTTPError as error:
                if error.status != 401:
                    raise
            else:
                if response.status != 401:
                    return response
            # 401 is a refusal: nothing was applied, so this very request may go again.
            await self._refresh(token)
            again: Response = await paced(url, **options)
            return again

        return request

    def _is_authorized(self) -> bool:
        headers = self._options().get("headers") or {}
        return any(name.lower() == "authorization" for name in headers)

    async def _refresh(self, stale: SecretStr | None) -> None:
        """Ask for an access token in place of the *stale* one."""
        async with self._refreshing:
            if self._access_token is not stale:
                return  # Another request has asked meanwhile.
            assert self.destination.refresh_access_token is not None
            call = self._client.call()
            asked = await self._attempt(
                self.destination.refresh_access_token,
                call,
                self._data(None, (), self._state.of()),
                request=self._paced(call),
                is_logged=False,
            )
            if asked.error is not None:
                raise self._without_token(asked.error)
            if not isinstance(asked.answer, str) or not asked.answer:
                raise DestinationError("refresh_access_token returned no text")
            self._access_token = SecretStr(asked.answer)
            self._client.use(self._options())

    def _without_token(self, error: Exception) -> Exception:
        """Return what a request without a token fails with: it never left."""
        is_server = isinstance(error, HTTPError) and error.status >= 500
        if is_server or isinstance(error, (RequestFailed, RetryableError)):
            self.hold_back(error)
            return NotSent(f"no access token: {error}")
        if isinstance(error, IntegrationError):
            return HTTPError(str(error), status=error.status)
        # Its text may quote the answer, and so a token that is no known secret yet.
        if isinstance(error, HTTPError):
            return _without_excerpt(error)
        return DestinationError(f"no access token: the function raised {type(error).__name__}")

    def _paced(self, call: Call, stops: Callable[[], bool] = lambda: False) -> Callable[..., Any]:
        async def request(url: str, **options: Any) -> Response:
            await self._turn(stops)
            try:
                response = await call(url, **options)
            except (HTTPError, NotSent) as error:
                self._learn(error)
                raise
            self._passed(call, response)
            return response

        return request

    async def _turn(self, stops: Callable[[], bool]) -> None:
        while not stops() and (seconds := self.pace.wait(self.clock.steady())) > 0:
            await self.clock.sleep(min(seconds, STOP_SECONDS))
        if stops():
            raise NotSent("canceled before it was sent")

    def _passed(self, call: Call, response: Response) -> None:
        if response.status in _THROTTLING:
            self._slow_down(call.exchanges[-1].retry_after, response.url)
            return
        self.trouble = ""
        self.pace.passed()

    def _learn(self, error: HTTPError | NotSent) -> None:
        if isinstance(error, NotSent):
            self.trouble = str(error)
            self.pace.throttled(self.clock.steady(), retry_after=None)
        elif error.status in _THROTTLING:
            self._slow_down(error.retry_after, None)
        else:
            self.pace.passed()

    async def until_open(self, stops: Callable[[], bool]) -> None:
        """Return when the host is not paused, or *stops* says so."""
        while not stops() and (left := self.pace.paused_until - self.clock.steady()) > 0:
            await self.clock.sleep(min(left, STOP_SECONDS))

    def _slow_down(self, retry_after: float | None, url: str | None) -> None:
        host = urlsplit(url).netloc if url else self.destination.name
        self.trouble = f"{host} asks for fewer requests"
        self.pace.throttled(self.clock.steady(), retry_after=retry_after)

    def hold_back(self, error: Exception) -> None:
        """Wait before the next request, because the destination's code asked for it."""
        self.trouble = f"{self.destination.name}: {error}"
        seconds = error.retry_after if isinstance(error, RetryableError) else None
        self.pace.throttled(self.clock.steady(), retry_after=seconds)


def _without_excerpt(error: HTTPError) -> HTTPError:
    """Return a refusal of a token with OAuth's own words for why (RFC 6749, 5.2) and no others."""
    try:
        said = json.loads(error.excerpt)
        words = [str(said[key]) for key in ("error", "error_description") if key in said]
    except (ValueError, TypeError):
        words = []
    text = ": ".join([f"no access token: answered {error.status}", *words])
    return HTTPError(text, status=error.status, retry_after=error.retry_after)


def _blocking(request: Callable[..., Any]) -> Callable[..., Any]:
    loop = asyncio.get_running_loop()

    def blocking(url: str, **options: Any) -> Any:
        if _is_running(loop):  # A plain function has returned a coroutine that asks.
            return request(url, **options)
        return asyncio.run_coroutine_threadsafe(request(url, **options), loop).result()

    return blocking


def _called(function: Function, request: Callable[..., Any], data: ActionData[Any, Any]) -> Any:
    try:
        return function(request, data)
    except (StopIteration, GeneratorExit) as error:
        # No future can carry them: whoever waits would wait for ever.
        raise RuntimeError(f"the function raised {type(error).__name__}") from error


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    """Say whether *loop* runs on this very thread."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _is_cancelled() -> bool:
    """Say whether it is this task that is cancelled, not one that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
