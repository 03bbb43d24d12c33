"""Whether a destination's function may have sent something by other means than ``request``.

A vendor's client, a thread, a socket: none of them tells what left, so an exception after
one was used says nothing of what was applied. Two witnesses are asked. An audit hook hears
of connections, processes, threads and files that are written. But a client may send on a
connection that it has already, and native code raises no events: so what the function had
come to use by then is read from its code, and only what is known not to send is taken for
silent.

    flow       which instructions may have run before the error
    loads      what they take from outside of the function
    silence    whether that is known not to send
"""

from __future__ import annotations

import functools
import os
import stat
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from ...destination import original
from .silence import Reading

_EVENTS = frozenset(
    """socket.connect socket.sendto socket.sendmsg http.client.send http.client.connect
    urllib.Request ftplib.sendcmd smtplib.send imaplib.send poplib.putline telnetlib.Thread.write
    os.system os.posix_spawn os.spawn os.exec os.fork os.forkpty
    subprocess.Popen _posixsubprocess.fork_exec
    _thread.start_new_thread _thread.start_joinable_thread""".split()
)
_FILE_EVENTS = ("open", "os.link", "os.rename", "os.symlink")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND

_watching: ContextVar[Watch | None] = ContextVar("asyncdest_watching", default=None)


class Watch:
    """What is heard of one call of a function: whether something has left beside ``request``.

    ``has_written``: a file that somebody else may read was written. Most are only logs.
    """

    def __init__(self) -> None:
        self.has_heard = False
        self.has_written = False

    @contextmanager
    def on(self) -> Iterator[None]:
        """Listen to what is done inside."""
        _listen()
        with _watched_by(self):
            yield


def unwatched() -> AbstractContextManager[None]:
    """Listen to nothing that is done inside: it is ``request`` that sends."""
    return _watched_by(None)


@contextmanager
def _watched_by(watch: Watch | None) -> Iterator[None]:
    token = _watching.set(watch)
    try:
        yield
    finally:
        with suppress(ValueError):  # A coroutine may be thrown away in another context.
            _watching.reset(token)


@functools.cache
def _listen() -> None:
    # For good: Python removes no audit hook. It costs a look at a name per event.
    sys.addaudithook(_heard)


def _heard(event: str, given: tuple[Any, ...]) -> None:
    if event not in _EVENTS and event not in _FILE_EVENTS:
        return
    if (watch := _watching.get()) is None:
        return
    if event in _EVENTS:
        watch.has_heard = True
    elif event != "open" or _writes(*given):
        watch.has_heard |= event == "open" and _is_pipe(given[0])
        watch.has_written = True


def _writes(path: object, _: object, flags: object) -> bool:
    """Say whether a file is opened to be written; Python's own caches of code do not count."""
    is_cache = isinstance(path, str) and "__pycache__" in path
    return isinstance(flags, int) and bool(flags & _WRITES) and not is_cache


def _is_pipe(path: Any) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, TypeError, ValueError):
        return False


def may_have_sent(
    function: Callable[..., Any], error: BaseException, settings: Any, *, is_refusal: bool
) -> bool:
    """Say whether *function* had used anything that may send when it raised *error*.

    The *settings* it was given may have been written to send too. ``is_refusal``: it is
    ``request`` that has raised. The function's own lines have done then what they should,
    so that a library which nobody knows is no reason to doubt; a client at hand is.
    """
    reading = Reading(trusts_libraries=is_refusal)
    try:
        return not (reading.is_silent(settings) and _is_silent(original(function), error, reading))
    except Exception:  # Users' objects may raise anything when they are looked at.
        return True


def _is_silent(function: Any, error: BaseException, reading: Reading) -> bool:
    inner = _inner(function)
    step = error.__traceback__
    while step is not None:
        if inner is not None and step.tb_frame.f_code is inner.__code__:
            return reading.is_silent_until(inner, step)
        step = step.tb_next
    return reading.is_silent(function)


def _inner(function: Any) -> types.FunctionType | None:
    """Return the function in Python that is called by calling *function*; None = none is."""
    while not isinstance(function, types.FunctionType):
        if isinstance(function, types.MethodType):
            function = function.__func__
        elif isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.BuiltinFunctionType | type):
            return None
        else:
            function = type(function).__call__
    return function
