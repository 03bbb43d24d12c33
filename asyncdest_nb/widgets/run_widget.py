"""The monitor of a run as an ordinary ipywidget, with traits that follow the run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import traitlets

from .marimo_host import is_open
from .monitor import Monitor
from .outer_box import OuterBox
from .record import Record
from .run_view import RunView, clock_of, is_done, monitor_anchor
from .static_outputs import StaticOutputs

logger = logging.getLogger(__name__)

# ipywidgets holds the open ones.
_widgets: WeakValueDictionary[tuple[str, ...], RunWidget] = WeakValueDictionary()


class RunWidget(OuterBox):
    """The monitor of a run, and below it those of the retries that were asked for there.

    Its traits are those of the run itself, not of its retries, and are read-only:
    ``status`` (pending, completed, partial, failed), ``counts`` (rows per status),
    ``progress`` (the rows that have ended, in percent), ``done`` (nothing more happens by
    itself; the last of the four to change). Observers are called on the engine's thread,
    so they must not wait for the run. ``record`` is shown in its place in a saved notebook;
    who gives it a *record* lets that follow the runs.
    """

    status = traitlets.Unicode("pending", read_only=True).tag(sync=True)
    counts = traitlets.Dict(read_only=True).tag(sync=True)
    progress = traitlets.Float(0.0, read_only=True).tag(sync=True)
    done = traitlets.Bool(False, read_only=True).tag(sync=True)

    def __init__(
        self, run: RunView, columns: Sequence[str] = (), *, record: StaticOutputs | None = None
    ) -> None:
        self.runs = [run]
        self.record = record or StaticOutputs(self.saved)
        self._columns = columns
        self._listeners: list[Callable[[RunView], object]] = []
        self._monitors = [self._monitor(run)]
        self._lines: dict[str, Mapping[str, Any]] = {}  # By the id of its output.
        self._kept: Mapping[str, Any] = {}
        self._lock = threading.RLock()
        super().__init__(self._monitors, drawn=self.record.update)
        self.record.add_keeper(self._keep)
        if record is None:
            self._listeners.append(self.record.follow)
            self.record.follow(run)
        self._unsubscribe = run.on_change(self._follow)
        self._follow((), is_done(run))

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._monitors))

    @property
    def is_closed(self) -> bool:
        """Whether it, or a monitor in it, was closed."""
        return not all(is_open(each) for each in (self, *self._monitors))

    def on_retry(self, listener: Callable[[RunView], object]) -> None:
        """Call *listener* with the run of every retry."""
        self._listeners.append(listener)

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Accept what a page has changed; a read-only trait is sent back to it."""
        own = {name for name in sync_data if self.has_trait(name) and self._is_read_only(name)}
        super().set_state({name: sync_data[name] for name in sync_data if name not in own})
        if own:
            self.send_state(own)

    def keep_line(self, line: Mapping[str, Any]) -> None:
        """Let the pages that show this keep a line of the run, too, in what they save."""
        self._lines[line["id"]] = line
        self._keep(self._kept)

    def _keep(self, record: Mapping[str, Any]) -> None:
        self._kept = record
        self._monitors[0].keep({**record, "lines": list(self._lines.values())})

    def close(self) -> None:
        """Leave the run, which goes on, and every view."""
        if self.comm is not None:
            self._unsubscribe()
            self.record.remove_keeper(self._keep)
        for each in self._monitors:
            each.close()
        super().close()

    def _is_read_only(self, name: str) -> bool:
        return bool(self.traits()[name].read_only)

    def _follow(self, numbers: Sequence[int], done: bool) -> None:
        run = self.runs[0]
        with self._lock:
            counts = dict(run.counts)
            rows = sum(counts.values())
            ended = rows - counts.get("pending", 0)
            self._set("counts", counts)
            self._set("progress", 100.0 * ended / rows if rows else 100.0 * done)
            self._set("status", str(run.status))
            self._set("done", done or bool(getattr(run, "is_at_rest", False)))

    def _set(self, name: str, value: Any) -> None:
        try:
            self.set_trait(name, value)
        except Exception:  # An observer's; the other traits must still be set.
            logger.exception("an observer of %s of run %s failed", name, self.runs[0].id)

    def saved(self) -> Record:
        """Return what a saved notebook shows in its place."""
        return Record(*self.runs, folded=True, advice=self.advice)

    def _monitor(self, run: RunView) -> Monitor:
        clock = clock_of(run)
        return Monitor(run, columns=self._columns, on_retry=self._retried, clock=clock)

    def _retried(self, run: RunView) -> None:
        self.runs.append(run)
        self._monitors.append(self._monitor(run))
        self.children = tuple(self._monitors)
        for listener in self._listeners:
            listener(run)


def run_widget(run: RunView, columns: Sequence[str] = ()) -> RunWidget:
    """Return the widget of *run*, one for the same *columns* until it is closed."""
    # A run that is displayed twice has two views of one widget, and sends each message once.
    key = (run.id, *columns)
    known = _widgets.get(key)
    if known is None or known.runs[0] is not run or known.is_closed:
        known = _widgets[key] = RunWidget(run, columns)
    return known


def open_widget(run: RunView) -> RunWidget | None:
    """Return a widget that shows *run* now, None = there is none."""
    shown = (each for each in _widgets.values() if each.runs[0] is run and not each.is_closed)
    return next(shown, None)


def anchor_of(run: RunView) -> str:
    """Return the id of the element that shows the monitor of *run*; "" = no widget is open."""
    return monitor_anchor(run) if open_widget(run) else ""
