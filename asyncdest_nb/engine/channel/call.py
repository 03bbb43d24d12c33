"""Call a destination's function: whatever it does to the engine comes back as a value."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
import threading
import traceback
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from ...destination import ActionData, Function
from ...errors import DestinationError, NotSent
from ...request import Call, Effect, Exchange, Response, read_options
from .bypass import Watch, may_have_sent, unwatched

_LOOK_SECONDS = 0.05  # Between two looks at requests that a function has left on their way.
_log = logging.getLogger(__name__)

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class CallResult:
    """What came of calling a destination's function: an answer, or the error it raised.

    ``is_bypassed``: something may have been sent by other means than ``request``, so
    the exchanges do not tell what the *error* has left behind.
    """

    answer: Any
    error: Exception | None
    exchanges: Sequence[Exchange]
    is_bypassed: bool = False

    @property
    def retry_after(self) -> float | None:
        """Seconds the destination asked to wait with the last answer; None = it did not say."""
        return self.exchanges[-1].retry_after if self.exchanges else None


# What a cancellation says where all that was cancelled waited for its turn, and nothing was
# sent. It is of no class of its own: before Python 3.13 asyncio.timeout makes a TimeoutError
# of CancelledError alone.
UNSENT = "nothing was sent: the request waited for its turn"


async def call_function(
    function: Function,
    call: Call,
    data: ActionData[Any, Any],
    *,
    request: Callable[..., Any],
    mask: Mask,
    is_logged: bool = True,
) -> CallResult:
    """Return what came of *function*; an error it raises has no secrets any more.

    *request* is what it is given to send with, and ends up in *call*.
    """
    requests, watch = _Requests(request), Watch()
    try:
        answer = await _invoke(function, requests, data, watch=watch)
        _require_ran(answer, requests)
        asked = CallResult(answer, None, call.exchanges, watch.has_sent)
    # Users' code may raise anything, also what would end the engine's thread; the verdict
    # on what it has sent is elsewhere.
    except BaseException as error:
        is_refusal = requests.has_raised(error)
        has_left = watch.has_sent or (watch.has_written and not is_refusal)
        is_bypassed = has_left or may_have_sent(
            function, error, data.settings, is_refusal=is_refusal
        )
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            is_unsent = _has_sent_nothing(call, requests) and not is_bypassed
            if UNSENT in error.args and not is_unsent:
                raise asyncio.CancelledError from None
            raise
        if is_logged:
            _log.info("%s", mask(_traceback()))
        explained = _masked(_explained(error, requests, data), mask)
        asked = CallResult(None, explained, call.exchanges, is_bypassed)
    finally:
        requests.end()
    await requests.until_over()
    return asked


class _Requests:
    """What a function makes its requests with, until it has ended."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request
        self._made: list[Coroutine[Any, Any, Any]] = []
        self._errors: list[BaseException] = []
        self._has_ended = False

    def __call__(self, url: Any, *given: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        if self._has_ended:
            raise NotSent("the function has ended, and with it what it may send")
        self._made.append(self._sent(url, **read_options(url, *given, **named)))
        return self._made[-1]

    async def _sent(self, url: str, **options: Any) -> Any:
        with unwatched():
            try:
                return await self._request(url, **options)
            except BaseException as error:
                self._errors.append(error)
                raise

    def has_raised(self, error: BaseException) -> bool:
        """Say whether it was one of them that raised *error*."""
        return any(each is error for each in self._errors)

    def __len__(self) -> int:
        return len(self._made)

    @property
    def idle(self) -> list[Coroutine[Any, Any, Any]]:
        """Those that nobody has awaited."""
        states = inspect.getcoroutinestate
        return [each for each in self._made if states(each) == inspect.CORO_CREATED]

    @property
    def are_over(self) -> bool:
        """Whether none of them can change anything any more."""
        return all(inspect.getcoroutinestate(each) == inspect.CORO_CLOSED for each in self._made)

    def end(self) -> None:
        """Let nothing leave any more that has not yet, whoever still has it."""
        self._has_ended = True
        for each in self.idle:
            each.close()

    async def until_over(self) -> None:
        """Return when they are over.

        ``asyncio.gather`` raises with the first that fails, and leaves the others on their
        way: a verdict without them would send again what they have brought.
        """
        # A coroutine tells nobody of its end, and its task is not known here.
        while not self.are_over:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)


def _has_sent_nothing(call: Call, requests: _Requests) -> bool:
    """Say so of a function that was cancelled: of several requests only one has waited."""
    return requests.are_over and all(each.effect is Effect.NONE for each in call.exchanges)


async def _invoke(
    function: Function, request: Callable[..., Any], data: ActionData[Any, Any], *, watch: Watch
) -> Any:
    if inspect.iscoroutinefunction(function):
        with watch.on():
            answer = await function(request, data)
    else:
        # A plain function may block, so it gets a thread, and a request that blocks too.
        answer = await _in_thread(_called, function, _blocking(request), data, watch)
    if not inspect.isawaitable(answer):
        return answer
    with watch.on():
        return await answer


def _in_thread(function: Callable[..., Any], *given: Any) -> asyncio.Future[Any]:
    """Call *function* in a thread of its own; raises NotSent if Python ends and starts no more.

    Not in asyncio's pool: a function there may wait for a token that the pool has no
    thread left to ask for. And at its end Python waits for the pool, which takes no more
    calls from then on, while runs still go.
    """
    work = functools.partial(contextvars.copy_context().run, function, *given)
    done: Future[Any] = Future()
    try:
        threading.Thread(target=_settle, args=(done, work), daemon=True).start()
    except RuntimeError as error:
        raise NotSent(f"no thread to call it in: {error}") from error
    return asyncio.wrap_future(done)


def _settle(done: Future[Any], work: Callable[[], Any]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(work())
    except BaseException as error:  # Whoever waits for it is to hear of it.
        done.set_exception(error)


def _require_ran(answer: Any, requests: _Requests) -> None:
    """Raise TypeError if a function has not done what it seems to have done."""
    if idle := len(requests.idle):
        some = f"{idle} of its {len(requests)} requests were"
        count = some if len(requests) > 1 else "its request was"
        raise TypeError(f"{count} not awaited, and so not sent: write await request(…)")
    if inspect.isgenerator(answer) or inspect.isasyncgen(answer):
        raise TypeError("nothing of the function has run, because it yields: it must return")


def _explained(
    error: BaseException, requests: _Requests, data: ActionData[Any, Any]
) -> BaseException:
    """Return *error*, with what to write where it is plain what has led to it."""
    if not isinstance(error, AttributeError | TypeError):
        return error
    if requests.idle:
        to_write = "a request was not awaited, and so not sent: write await request(…)"
    elif _is_dumped_payload(error, data.payload):
        to_write = "write json=… in the request, or payload.as_json()"
    else:
        return error
    return TypeError(f"{error}: {to_write}").with_traceback(error.__traceback__)


def _is_dumped_payload(error: Exception, payload: Any) -> bool:
    """Say whether a payload was given to json.dumps, as to JSON.stringify."""
    (first, *_) = payload if isinstance(payload, list) and payload else [payload]
    return str(error) == f"Object of type {type(first).__name__} is not JSON serializable"


def _blocking(request: Callable[..., Any]) -> Callable[..., Any]:
    loop = asyncio.get_running_loop()

    def blocking(*given: Any, **options: Any) -> Any:
        if _is_running(loop):  # A plain function has returned a coroutine that asks.
            return request(*given, **options)
        return asyncio.run_coroutine_threadsafe(request(*given, **options), loop).result()

    return blocking


def _called(
    function: Function, request: Callable[..., Any], data: ActionData[Any, Any], watch: Watch
) -> Any:
    try:
        with watch.on():
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


def _traceback() -> str:
    try:
        return traceback.format_exc()
    except Exception as error:  # Of an exception whose own attributes fail.
        return f"an exception that cannot be shown: {type(error).__name__}"


def _masked(error: BaseException, mask: Mask) -> Exception:
    """Return *error* without secrets, and without the chain that may hold more."""
    if isinstance(error, Exception):
        try:
            return _masked_in_place(error, mask)
        except Exception:  # A frozen one, or one whose own text fails.
            _log.info("%s cannot be shown", type(error).__name__)
    return DestinationError(f"the function raised {type(error).__name__}")


def _masked_in_place(error: Exception, mask: Mask) -> Exception:
    error.args = tuple(_masked_value(each, mask) for each in error.args)
    for name, value in vars(error).items():
        setattr(error, name, _masked_value(value, mask))
    error.__cause__ = error.__context__ = None
    text = str(error)
    # Some exceptions make their text of neither.
    return error if mask(text) == text else DestinationError(mask(text))


def _masked_value(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):  # Notes of an exception are one.
        return [_masked_value(each, mask) for each in value]
    if isinstance(value, Response):
        return None
    text = repr(value)
    return value if (masked := mask(text)) == text else masked
