"""The progress of something slow, for a user who waits in a terminal."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import RLock
from typing import Any, ClassVar, TypeVar

from tqdm import tqdm

from ..portal import wait

T = TypeVar("T")
ProgressCallback = Callable[[str, int, int], None]
"""Takes what is being done, the rows done so far, and all rows, 0 = that is not known yet.

It may be called for each row.
"""

STEP_SECONDS = 0.2  # Between two updates.
QUICK_SECONDS = 1.0  # A call that takes no longer shows no progress.


class _Terminal:
    """Standard error, if that is a terminal; a write to a closed one is no error."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self._stream = sys.stderr
        with suppress(*_GONE):
            self.encoding = self._stream.encoding

    def isatty(self) -> bool:
        with suppress(*_GONE):
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> None:
        with suppress(*_GONE):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(*_GONE):
            self._stream.flush()


# Under pythonw and in a service it is None; it may be closed, and be anything at all.
_GONE = (AttributeError, OSError, ValueError)


# Without a rate: several things are done one after the other, each at its own.
_FORMAT = "{desc}: {percent:3.0f}%|{bar}| {n_fmt}/{total_fmt} rows [{elapsed}]"
# Without the time left: however many have ended, the last operation takes as long as the first.
_WAITING_FORMAT = _FORMAT.replace("rows [{elapsed}]", "rows done [{elapsed}{postfix}]")


class _Bar(tqdm):  # type: ignore[type-arg]  # It takes an argument in its stubs alone.
    """A bar of this process alone, in a terminal."""

    def __init__(self, **options: Any) -> None:
        terminal = _Terminal()
        options |= {"file": terminal, "disable": not terminal.isatty(), "dynamic_ncols": True}
        super().__init__(**options)

    @property
    def format_dict(self) -> Any:
        """What its format may contain; ``percent`` is rounded down: 100 means all rows."""
        shown = super().format_dict
        return {**shown, "percent": 100 * shown["n"] // shown["total"] if shown["total"] else 0}


# tqdm's own lock is one for processes. Where they are not forked (Python 3.14, macOS) it
# starts one that ignores signals; a kernel waits 29 s for it to end, and is killed before.
_Bar.set_lock(RLock())


@contextmanager
def show_in_terminal() -> Iterator[ProgressCallback]:
    """Give a callback that draws a bar in a terminal, if the work takes more than a second.

    The bar is removed at the end. A file and a pipe show nothing.
    """
    bar = _Bar(
        total=1,
        leave=False,
        delay=QUICK_SECONDS,
        bar_format=_FORMAT,
    )

    def on_progress(doing: str, done: int, rows: int) -> None:
        if bar.disable:
            return
        bar.total = rows or None
        bar.set_description_str(doing, refresh=False)
        bar.update(done - bar.n)

    with bar:
        yield on_progress


class SlowCall:
    """How a notebook shows the progress of a slow call of a run; the package's face sets it."""

    show: ClassVar[Callable[[], AbstractContextManager[ProgressCallback]]]
    show = staticmethod(show_in_terminal)


class WaitDisplay:
    """How a notebook shows a run while a cell waits for it; the package's face sets it.

    ``show`` gets the run, and for how many seconds the cell waits at most, None = no limit;
    ``mark_canceled`` gets the error by which an ``await`` of the run was canceled.
    """

    show: ClassVar[Callable[[Any, float | None], None]] = staticmethod(lambda run, timeout: None)
    mark_canceled: ClassVar[Callable[[BaseException], None]] = staticmethod(lambda stop: None)


def wait_visibly(
    rested: Future[None],
    timeout: float | None,
    *,
    title: str,
    counts: Callable[[], Mapping[str, int]],
    notices: Callable[[], list[str]],
) -> None:
    """Wait for *rested*, or *timeout* seconds; a terminal shows how many rows have an outcome.

    A notebook shows the monitor instead, and a file and a pipe show nothing.
    """
    end = None if timeout is None else time.monotonic() + timeout
    first = counts()
    rows = sum(first.values())
    bar = _Bar(
        total=rows,
        initial=rows - first["pending"],
        bar_format=_WAITING_FORMAT,
        desc=title,
    )
    with bar:
        while not wait(rested, _step(end)) and (end is None or time.monotonic() < end):
            _show(bar, rows - counts()["pending"], notices())
        _show(bar, rows - counts()["pending"], notices())


def _step(end: float | None) -> float:
    return STEP_SECONDS if end is None else max(0.0, min(STEP_SECONDS, end - time.monotonic()))


def _show(bar: _Bar, done: int, notices: list[str]) -> None:
    if bar.disable:
        return
    bar.set_postfix_str("; ".join(notices), refresh=False)
    bar.update(done - bar.n)


def wait_keeping_loop(work: Coroutine[Any, Any, T]) -> T:
    """Wait for *work* inside the running loop, so that the caller's own tasks on it continue."""
    # Imported here because it is the user's explicit choice: applying it slows
    # every loop of the process. The original nest_asyncio breaks newer kernels.
    import nest_asyncio2

    loop = asyncio.get_event_loop()
    nest_asyncio2.apply(loop)
    result: T = loop.run_until_complete(work)
    return result
