"""The audit hook: what a call does that may send something beside ``request``."""

from __future__ import annotations

import functools
import os
import stat
import sys
from contextvars import ContextVar, Token
from typing import Any

_SEND_EVENTS = frozenset(
    """socket.connect socket.sendto socket.sendmsg http.client.send http.client.connect
    urllib.Request ftplib.sendcmd smtplib.send imaplib.send poplib.putline telnetlib.Thread.write
    os.system os.posix_spawn os.spawn os.exec os.fork os.forkpty
    subprocess.Popen _posixsubprocess.fork_exec
    _thread.start_new_thread _thread.start_joinable_thread""".split()
)
_FILE_EVENTS = ("open", "os.link", "os.rename", "os.symlink")
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND

_watch: ContextVar[Watch | None] = ContextVar("asyncdest_watch", default=None)


class _WatchScope:
    """What is done in a ``with`` is watched by somebody else, or by nobody."""

    __slots__ = ("_token",)

    _token: Token[Watch | None]

    def __exit__(self, *_: object) -> None:
        try:
            _watch.reset(self._token)
        except ValueError:  # A coroutine may be closed in another context.
            pass


class Watch(_WatchScope):
    """What one call of a function did in a ``with``, as far as Python raises audit events.

    ``has_sent``: it did what may send something. ``has_written``: it wrote a file that
    others may read; most of those are only logs.
    """

    __slots__ = ("has_sent", "has_written")

    def __init__(self) -> None:
        self.has_sent = False
        self.has_written = False

    def __enter__(self) -> None:
        _add_hook()
        self._token = _watch.set(self)


class Unwatched(_WatchScope):
    """Nobody watches what is done in a ``with``: it is ``request`` that sends, or the engine."""

    __slots__ = ()

    def __enter__(self) -> None:
        self._token = _watch.set(None)


@functools.cache
def _add_hook() -> None:
    # For good: Python cannot remove an audit hook. It costs one lookup of a name per event.
    sys.addaudithook(_audit)


def _audit(event: str, given: tuple[Any, ...]) -> None:
    if event not in _SEND_EVENTS and event not in _FILE_EVENTS:
        return
    if (watch := _watch.get()) is None:
        return
    if event in _SEND_EVENTS:
        watch.has_sent = True
    elif event != "open" or _is_write(*given):
        watch.has_sent |= event == "open" and _is_pipe(given[0])
        watch.has_written = True


def _is_write(path: object, _: object, flags: object) -> bool:
    """Whether a file is opened to be written; Python's own caches of code do not count."""
    is_cache = isinstance(path, str) and "__pycache__" in path
    return isinstance(flags, int) and bool(flags & _WRITE_FLAGS) and not is_cache


def _is_pipe(path: Any) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, TypeError, ValueError):
        return False
