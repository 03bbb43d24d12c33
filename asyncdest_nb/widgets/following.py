"""How far something slow is: a line in the notebook whose cell waits, or where a widget says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from ..session.progress import QUICK_SECONDS, STEP_SECONDS, Told, in_terminal
from .fragments import PLAIN, QUIET
from .monitor import Clock
from .show import is_live

_told_to: ContextVar[Told | None] = ContextVar("told_to", default=None)


@contextmanager
def told_to(told: Told, *, clock: Clock = time.monotonic) -> Iterator[None]:
    """Let *told* hear, now and then, how far something slow is that this thread does."""
    token = _told_to.set(seldom(told, clock=clock))
    try:
        yield
    finally:
        _told_to.reset(token)


@contextmanager
def following() -> Iterator[Told]:
    """Give what shows how far something is that takes more than a second.

    A notebook that somebody looks at gets a line, which says at the end how long it
    took; a terminal gets a bar.
    """
    asked = _told_to.get()
    if asked is not None:
        yield asked
    elif _is_a_cell_waiting():
        line = Line()
        try:
            yield seldom(line.show)
        except BaseException:
            line.stop()
            raise
        line.end()
    else:
        with in_terminal() as told:
            yield told


def _is_a_cell_waiting() -> bool:
    # What another thread displays lands in the cell that happens to run.
    return threading.current_thread() is threading.main_thread() and is_live(get_ipython())


def seldom(told: Told, *, clock: Clock = time.monotonic) -> Told:
    """Return what passes on to *told* what is worth a word: after a second, then now and then."""
    due = clock() + QUICK_SECONDS

    def maybe(doing: str, done: int, rows: int) -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + STEP_SECONDS
            told(doing, done, rows)

    return maybe


class Line:
    """A line of the cell's output that is written over and over; none until there is a word."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._rows = 0
        self._text = ""
        self._handle: DisplayHandle | None = None  # None = nothing has been said.

    def show(self, doing: str, done: int, rows: int) -> None:
        """Say how far it is."""
        self._rows = rows
        self._text = f"{doing}: {done:,} of {rows:,} rows"
        bar = f'<progress max="{rows}" value="{done}" aria-label="{escape(doing)}"></progress>'
        self._write(self._text, bar)

    def stop(self) -> None:
        """Say that it goes no further, if anything was said before."""
        if self._handle is not None:
            self._write(f"stopped while {self._text}")

    def end(self) -> None:
        """Say how long it took, if anything was said before."""
        if self._handle is not None:
            self._write(f"{self._rows:,} rows looked at in {self._clock() - self._began:.0f} s")

    def _write(self, text: str, bar: str = "") -> None:
        html = f'<div {PLAIN} style="{QUIET}">{bar} {escape(text)}</div>'
        bundle = {"text/plain": text, "text/html": html}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
