"""Call a destination's function: whatever it returns or raises becomes a value."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from pydantic import SecretStr

from ...destination import ActionData, Function
from ...numerals import counted
from ...operation import value
from ...request import Call, Effect, Exchange, FileResponse
from ...visible import one_line
from .bypass import Watch, may_have_sent
from .function_requests import FunctionRequests
from .invoke import invoke, is_awaitable
from .masked import Mask, masked, traceback_text

_log = logging.getLogger(__name__)

# The argument of a CancelledError if every request still waited for its turn, so that nothing
# was sent. It is no subclass: before Python 3.13 asyncio.timeout raises a TimeoutError only
# for CancelledError itself.
UNSENT = "nothing was sent: the request waited for its turn"


@value
class CallResult:
    """The result of calling a destination's function: its answer, or the error it raised.

    ``is_bypassed``: something may have been sent by other means than ``request``, so the
    exchanges do not show what was applied before the *error*. ``token`` is the access token that
    the function had.
    """

    answer: Any
    error: Exception | None
    exchanges: Sequence[Exchange]
    is_bypassed: bool = False
    token: SecretStr | None = None

    @property
    def retry_after(self) -> float | None:
        """Seconds the destination asked to wait with the last answer; None = it did not ask."""
        return self.exchanges[-1].retry_after if self.exchanges else None


async def call_function(
    function: Function,
    call: Call,
    data: ActionData[Any, Any],
    *,
    request: Callable[..., Any],
    mask: Mask,
    is_logged: bool = True,
) -> CallResult:
    """Return the result of calling *function*; an error it raises has no secrets in it.

    The function sends by *request*, whose exchanges end up in *call*.
    """
    requests, watch = FunctionRequests(request), Watch()
    try:
        with watch:
            answer = await invoke(function, requests, data)
            if is_awaitable(answer):
                answer = await answer
        _require_ran(answer, requests)
        if isinstance(answer, FileResponse):  # Its file is removed with the end of the function.
            answer = answer.whole()
        result = CallResult(answer, None, call.exchanges, watch.has_sent, data.access_token)
    # Users' code may raise anything, also what would end the engine's thread. What the error
    # means for what was sent is decided in ``verdict``.
    except BaseException as error:
        is_bypassed = _is_bypassed(function, error, data, requests=requests, watch=watch)
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            is_unsent = _has_sent_nothing(call, requests) and not is_bypassed
            if UNSENT in error.args and not is_unsent:
                raise asyncio.CancelledError from None
            raise
        if is_logged:
            _log.debug("%s", mask(traceback_text()))
        found = masked(_explained(error, requests, data), mask)
        if is_logged:
            _log.info("%s", _event(function, found))
        result = CallResult(None, found, call.exchanges, is_bypassed)
    finally:
        requests.end()
    if not requests.are_over:
        await requests.wait_until_over()
    return result


def _event(function: Function, error: Exception) -> str:
    """Return a line about the *error* that *function* raised."""
    name = getattr(function, "__name__", type(function).__name__)
    return one_line(f"{name} raised {type(error).__name__}: {error}")


def _is_bypassed(
    function: Function,
    error: BaseException,
    data: ActionData[Any, Any],
    *,
    requests: FunctionRequests,
    watch: Watch,
) -> bool:
    """Whether the function may have sent by other means than its *requests*."""
    is_refusal = requests.has_raised(error)
    if watch.has_sent or (watch.has_written and not is_refusal):
        return True
    return may_have_sent(function, error, data.settings, is_refusal=is_refusal)


def _has_sent_nothing(call: Call, requests: FunctionRequests) -> bool:
    """Whether a function that was cancelled sent nothing.

    One of its requests waited for its turn; of several, others may have been sent.
    """
    return requests.are_over and all(each.effect is Effect.NONE for each in call.exchanges)


def _is_cancelled() -> bool:
    """Whether this task is cancelled, not one that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _require_ran(answer: Any, requests: FunctionRequests) -> None:
    """Raise TypeError if a function did not run, or did not await a request."""
    if idle := len(requests.idle):
        some = f"{idle} of its {counted(len(requests), 'request')} were"
        count = some if len(requests) > 1 else "its request was"
        raise TypeError(f"{count} not awaited, and so not sent: write await request(…)")
    if isinstance(answer, GeneratorType | AsyncGeneratorType):
        raise TypeError("nothing of the function has run, because it yields: it must return")


def _explained(
    error: BaseException, requests: FunctionRequests, data: ActionData[Any, Any]
) -> BaseException:
    """Return *error*, with the line to write instead if its cause is known."""
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
    """Whether a payload was given to json.dumps, as one gives it to JSON.stringify."""
    (first, *_) = payload if isinstance(payload, list) and payload else [payload]
    return str(error) == f"Object of type {type(first).__name__} is not JSON serializable"
