"""How far a slow function is: a line in the notebook whose cell waits, or a text in a widget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from typing import TYPE_CHECKING

from ..numerals import counted
from ..session.progress import QUICK_SECONDS, STEP_SECONDS, ProgressCallback, show_in_terminal
from .fragments import PLAIN, QUIET
from .shell import get_shell, is_live

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

_callback: ContextVar[ProgressCallback | None] = ContextVar("progress_callback", default=None)


@contextmanager
def report_progress_to(
    callback: ProgressCallback, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Report to *callback*, now and then, how far a slow function on this thread is."""
    token = _callback.set(throttled(callback, clock=clock))
    try:
        yield
    finally:
        _callback.reset(token)


@contextmanager
def show_progress() -> Iterator[ProgressCallback]:
    """Give a callback that shows how far something is that takes more than a second.

    A notebook that somebody looks at gets a line, which shows at the end how long it
    took; a terminal gets a bar.
    """
    callback = _callback.get()
    if callback is not None:
        yield callback
    elif _is_a_cell_waiting():
        line = ProgressLine()
        try:
            yield throttled(line.show)
        except BaseException:
            line.stop()
            raise
        line.end()
    else:
        with show_in_terminal() as callback:
            yield callback


def _is_a_cell_waiting() -> bool:
    # The output of another thread lands in whichever cell is running.
    return threading.current_thread() is threading.main_thread() and is_live(get_shell())


def throttled(
    callback: ProgressCallback, *, clock: Callable[[], float] = time.monotonic
) -> ProgressCallback:
    """Return what passes on to *callback* only the calls after a second, now and then."""
    due = clock() + QUICK_SECONDS

    def report(doing: str, done: int, rows: int) -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + STEP_SECONDS
            callback(doing, done, rows)

    return report


class ProgressLine:
    """A line of the cell's output that is overwritten; it appears with the first report."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._rows = 0
        self._text = ""
        self._handle: DisplayHandle | None = None  # None = nothing was shown.

    def show(self, doing: str, done: int, rows: int) -> None:
        """Show how far it is."""
        self._rows = rows or done
        self._text = f"{doing}: {f'{done:,} of ' if rows else ''}{counted(rows or done, 'row')}"
        share = f'max="{rows}" value="{done}" ' if rows else ""
        bar = f'<progress {share}aria-label="{escape(doing)}"></progress>'
        self._write(self._text, bar)

    def stop(self) -> None:
        """Show that it goes no further, if the line has appeared."""
        if self._handle is not None:
            self._write(f"stopped while {self._text}")

    def end(self) -> None:
        """Show how long it took, if the line has appeared."""
        if self._handle is not None:
            self._write(
                f"{counted(self._rows, 'row')} looked at in {self._clock() - self._began:.0f} s"
            )

    def _write(self, text: str, bar: str = "") -> None:
        html = f'<div {PLAIN} style="{QUIET}">{bar} {escape(text)}</div>'
        bundle = {"text/plain": text, "text/html": html}
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
