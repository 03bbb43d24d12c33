"""Slow work on a thread of its own, so that it does not block the kernel."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from ...errors import AsyncDestError
from ..marimo_host import start_thread

T = TypeVar("T")
Start = Callable[[Callable[[], None]], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in words to show; ``error`` None = it was no exception."""

    text: str
    error: Exception | None = field(default=None, compare=False)


def attempted(work: Callable[[], T]) -> T | Problem:
    """Return the result of *work*, or what went wrong: this is the edge to the screen."""
    try:
        return work()
    except AsyncDestError as error:
        return Problem(str(error), error)
    except Exception as error:  # A destination's own code may raise anything.
        _log.exception("the explorer has failed")
        return Problem(f"{type(error).__name__}: {error}", error)


def on_a_thread(work: Callable[[], None]) -> None:
    """Start *work* and return at once."""
    start_thread(work, name="asyncdest-explorer")


@dataclass(frozen=True, slots=True)
class _Step(Generic[T]):
    number: int
    work: Callable[[], T]
    then: Callable[[T | Problem], None]


class Work(Generic[T]):
    """One task at a time; of the tasks that come meanwhile, only the latest is done.

    Its result is handed over on the thread that did it, under the lock *turn*, unless a
    newer task has come by then.
    """

    def __init__(self, start: Start, turn: AbstractContextManager[Any]) -> None:
        self._start = start
        self._turn = turn
        self._lock = threading.Lock()
        self._is_busy = False
        self._asked = 0
        self._doing = 0  # The number of the task at work, or of the last one.
        self._next: _Step[T] | None = None

    def do(self, work: Callable[[], T], then: Callable[[T | Problem], None]) -> None:
        """Do *work*, then call *then* with its result or Problem."""
        with self._lock:
            self._asked += 1
            self._next = _Step(self._asked, work, then)
            if self._is_busy:
                return
            self._is_busy = True
        self._start(self._run)

    def forget(self) -> None:
        """Drop the results of all tasks so far."""
        with self._lock:
            self._asked += 1
            self._next = None

    @property
    def is_wanted(self) -> bool:
        """Whether the task at work is the latest."""
        return self._doing == self._asked

    def _run(self) -> None:
        while (step := self._taken()) is not None:
            outcome = attempted(step.work)
            with self._turn:
                if self.is_wanted:
                    attempted(partial(step.then, outcome))

    def _taken(self) -> _Step[T] | None:
        with self._lock:
            step, self._next = self._next, None
            self._is_busy = step is not None
            self._doing = step.number if step else self._doing
            return step
