"""Run a destination's function, whether it is a coroutine function or a plain one."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import CodeType, GeneratorType
from typing import Any

from ...destination import ActionData, Function
from ...errors import NotSent
from .bypass import Unwatched

_AWAITABLE = (Awaitable, GeneratorType)


def invoke(
    function: Function, request: Callable[..., Any], data: ActionData[Any, Any]
) -> Awaitable[Any]:
    """Return what *function* returns, once that is awaited; see ``is_awaitable``.

    Raises what it raises, and NotSent if it needs a thread and there is none.
    """
    if _is_coroutine_function(function):
        found: Awaitable[Any] = function(request, data)
        return found
    # A plain function may block, so it gets a thread, and a request that blocks too.
    return _in_thread(_called, function, _blocking(request), data)


def is_awaitable(answer: Any) -> bool:
    """Whether what a function returned must be awaited again."""
    # Most answers are plain values; inspect asks for more than one type.
    return isinstance(answer, _AWAITABLE) and inspect.isawaitable(answer)


def _is_coroutine_function(function: Any) -> bool:
    # inspect looks for wrappers and marks first; nearly all have none of them.
    code = getattr(function, "__code__", None)
    is_marked = type(code) is CodeType and code.co_flags & inspect.CO_COROUTINE
    return bool(is_marked) or inspect.iscoroutinefunction(function)


def _in_thread(function: Callable[..., Any], *given: Any) -> asyncio.Future[Any]:
    """Call *function* in a thread of its own; raises NotSent if Python ends and starts no more.

    Not in asyncio's pool: functions that wait for a token could fill it, and the function
    that gets the token would find no thread. Also, Python waits for the pool when it ends,
    and the pool takes no more calls then, while runs still go on.
    """
    work = functools.partial(contextvars.copy_context().run, function, *given)
    done: Future[Any] = Future()
    try:
        with Unwatched():
            threading.Thread(target=_settle, args=(done, work), daemon=True).start()
    except RuntimeError as error:
        raise NotSent(f"no thread to call it in: {error}") from error
    return asyncio.wrap_future(done)


def _settle(done: Future[Any], work: Callable[[], Any]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(work())
    except BaseException as error:  # The future raises it where it is awaited.
        done.set_exception(error)


def _called(function: Function, request: Callable[..., Any], data: ActionData[Any, Any]) -> Any:
    try:
        return function(request, data)
    except (StopIteration, GeneratorExit) as error:
        # A future cannot hold them, and whoever awaits it would wait for ever.
        raise RuntimeError(f"the function raised {type(error).__name__}") from error


def _blocking(request: Callable[..., Any]) -> Callable[..., Any]:
    loop = asyncio.get_running_loop()

    def blocking(*given: Any, **options: Any) -> Any:
        if is_running(loop):  # The plain function returned a coroutine, which runs on the loop.
            return request(*given, **options)
        return asyncio.run_coroutine_threadsafe(request(*given, **options), loop).result()

    return blocking


def is_running(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether *loop* runs on the current thread."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
