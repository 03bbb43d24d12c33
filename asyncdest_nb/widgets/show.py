"""What a notebook displays for a run: the live monitor and a record beside it.

Two outputs, because a notebook saves no widget: reopened, exported or headless, the
record is what is left. It has a display id of its own, since updating the widget's
would draw the widget anew.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from IPython.core.getipython import get_ipython
from IPython.display import display
from ipywidgets import VBox  # type: ignore[import-untyped]

from ..errors import UsageError
from .monitor import Clock, Monitor
from .record import Record
from .watched import Changed, Watched, frame_values, is_at_rest

logger = logging.getLogger(__name__)

_RECORD_SECONDS = 60.0  # Between two updates of the record while the run goes on.
# Of a cell that runs again and again the outputs of before are gone, and nobody says so.
_LATEST = 20
# ipywidgets keeps those that are open.
_screens: WeakValueDictionary[tuple[str, ...], Screen] = WeakValueDictionary()


class Outputs:
    """Static outputs, one for each time that *current* was displayed, renewed together."""

    def __init__(self, current: Callable[[], object]) -> None:
        self._current = current
        self._shown: list[Any] = []
        self._renewals = 0

    def display(self) -> None:
        """Display one more."""
        before = self._renewals
        shown = display(self._current(), display_id=True)  # type: ignore[no-untyped-call]
        # In a terminal nothing that is displayed can change: IPython would print it again.
        if shown is not None and hasattr(get_ipython(), "kernel"):
            self._shown = [*self._shown, shown][-_LATEST:]
            if self._renewals != before:  # Meanwhile, on the engine's thread, without this one.
                self.renew()

    def renew(self) -> None:
        """Let all of them show what is current."""
        self._renewals += 1
        current = self._current() if self._shown else None
        for each in self._shown:
            each.update(current)

    def follow(self, run: Watched) -> Changed:
        """Renew them rarely while *run* goes on, and at its end; return what does."""
        keep = keeper(run, self.renew)
        run.on_change(keep)
        # It may have come to rest before anyone listened.
        keep((), is_at_rest(run))
        return keep


class Screen(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The monitor of a run, and below it those of the retries that were asked for there.

    ``record`` is what a saved notebook has in its place.
    """

    def __init__(self, run: Watched, columns: Sequence[str] = ()) -> None:
        self.runs = [run]
        self.record = Outputs(lambda: Record(*self.runs, folded=True))
        self._columns = columns
        self._listeners: list[Callable[[Watched], object]] = [self.record.follow]
        self._monitors = [self._monitor(run)]
        super().__init__(tuple(self._monitors))
        self.record.follow(run)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._monitors))

    @property
    def is_closed(self) -> bool:
        """Whether nothing of it is on any page."""
        return self.comm is None or any(each.comm is None for each in self._monitors)

    def on_retry(self, listener: Callable[[Watched], object]) -> None:
        """Call *listener* with the run of every retry."""
        self._listeners.append(listener)

    def _monitor(self, run: Watched) -> Monitor:
        return Monitor(run, columns=self._columns, retried=self._retried)

    def _retried(self, run: Watched) -> None:
        self.runs.append(run)
        self._monitors.append(self._monitor(run))
        self.children = tuple(self._monitors)
        for listener in self._listeners:
            listener(run)


def show(run: Watched, *, columns: Sequence[str] = ()) -> None:
    """Display *run*: live where someone can watch, else as a record kept up to date.

    *columns* names columns of the frame to show beside each operation. A terminal and
    a plain interpreter get text. Raises UnknownName if there is no such column, and
    UsageError for one name in place of several.
    """
    _check_columns(run, columns)
    shell = get_ipython()
    if not is_live(shell):
        _show_record(shell, run)
        return
    _warn_of_kernel(getattr(sys.modules.get("ipykernel"), "__version__", ""))
    screen = _screen(run, columns)
    display(screen)  # type: ignore[no-untyped-call]  # IPython has none here
    if not in_voila():
        screen.record.display()


def _warn_of_kernel(version: str) -> None:
    """Say that a kernel takes nothing from threads, as a monitor has it all."""
    if version.startswith("7.0."):
        warnings.warn(
            f"with ipykernel {version} the monitor stands still: pip install -U ipykernel, and "
            "restart the kernel",
            UserWarning,
            stacklevel=4,
        )


def _show_record(shell: Any, run: Watched) -> None:
    record = Outputs(lambda: Record(run))
    record.display()
    if hasattr(shell, "kernel"):
        keep = record.follow(run)
        _update_after_cells(shell, run, lambda: keep((), True))


def _check_columns(run: Watched, columns: Sequence[str]) -> None:
    """Refuse what a live monitor could not show, also where none is shown."""
    if isinstance(columns, str):
        raise UsageError(f"columns must be a list of names: columns=[{columns!r}]")
    for name in columns:
        frame_values(run, name)


def _update_after_cells(shell: Any, run: Watched, update: Callable[[], None]) -> None:
    """Run *update* at the end of every cell until the run is at rest.

    nbclient takes in what belongs to the cell it is executing and nothing else, so
    an update from the engine's thread comes too late for the cell it is named after.
    """

    def after_cell(result: object) -> None:
        done = is_at_rest(run)
        update()
        if done:
            shell.events.unregister("post_run_cell", after_cell)

    shell.events.register("post_run_cell", after_cell)


def is_live(shell: Any) -> bool:
    """Whether a person looks at what *shell* displays.

    nbconvert, papermill and nbclient run cells without standard input; a notebook
    in a browser always offers it. Voila does not, and is watched all the same.
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    return in_voila() or bool(kernel.get_parent().get("content", {}).get("allow_stdin", False))


def in_voila() -> bool:
    """Whether the page is Voila's, of which nothing is saved."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def keeper(run: Watched, update: Callable[[], None], *, clock: Clock = time.monotonic) -> Changed:
    """Return a callback that runs *update* at rest, and rarely before."""
    due = clock() + _RECORD_SECONDS

    def keep(numbers: Sequence[int], at_rest: bool) -> None:
        nonlocal due
        if not at_rest and clock() < due:
            return
        due = clock() + _RECORD_SECONDS
        try:
            update()
        except Exception:  # The edge to the screen: the engine must go on.
            logger.exception("the record of run %s could not be updated", run.id)

    return keep


def _screen(run: Watched, columns: Sequence[str]) -> Screen:
    # A run displayed twice is two views of one widget, not twice the messages.
    key = (run.id, *columns)
    known = _screens.get(key)
    if known is None or known.runs[0] is not run or known.is_closed:
        known = _screens[key] = Screen(run, columns)
    return known
