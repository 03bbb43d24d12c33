"""The live monitor of a run: an anywidget that is told what changes and is never asked.

Every message carries a sequence number, what the header says, and rows by column
in one buffer: a ``delta`` holds the rows that changed, a ``snapshot`` all of them.
A browser that misses a number says so until the next snapshot. Whoever comes late
(a second view, a reloaded page) gets a snapshot built when it asks for the state.
"""

from __future__ import annotations

import base64
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..operation import Operation
from .columns import COLUMNS
from .packing import packed
from .watched import Watched, counted, cut, is_at_rest, take

logger = logging.getLogger(__name__)

Clock = Callable[[], float]  # Unix seconds

_HERE = Path(__file__).parent
_NOTICES = 5


def snapshot_seconds(operations: int) -> float:
    """Return how long to wait between two snapshots of so many *operations*."""
    return max(5.0, operations / 1000)


class Monitor(anywidget.AnyWidget):
    """A table of *run*'s operations that follows them while cells compute.

    All messages leave on the thread that reports changes, except the answer to a
    front end that asks for the state. Nothing is ever needed from the browser.
    """

    _esm = _HERE / "monitor.js"
    _css = _HERE / "monitor.css"

    _columns = traitlets.List(
        [
            {"name": each.name, "title": each.title, "kind": each.kind, "width": each.width}
            for each in COLUMNS
        ]
    ).tag(sync=True)
    # Always None here: get_state() puts a fresh one in its place.
    _snapshot = traitlets.Any(None, allow_none=True).tag(sync=True)

    def __init__(self, run: Watched, *, clock: Clock = time.time) -> None:
        self.run = run
        self._clock = clock
        self._lock = threading.RLock()
        self._seq = 0
        self._heard_at = clock()
        self._snapshot_due = 0.0
        # Before the first snapshot: what changes between the two would never be told.
        self._unsubscribe = run.on_change(self._changed)
        with self._lock:
            self._at_rest = is_at_rest(run)
            super().__init__()

    def __repr__(self) -> str:
        return f"{cut(self.run.title, 200)}: {counted(self.run.counts)}"

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the traits, with a snapshot of the run as it is now."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if "_snapshot" in state:
            with self._lock:
                content, buffers = self._message("snapshot", self.run.operations)
            state["_snapshot"] = {**content, "rows": buffers[0]} if buffers else content
        return state

    def close(self) -> None:
        """Leave the run, which goes on, and every view."""
        if self.comm is not None:
            self._unsubscribe()
        super().close()

    def _changed(self, numbers: Sequence[int], at_rest: bool) -> None:
        try:
            with self._lock:
                if self.comm is not None:
                    self._tell(numbers, at_rest)
        except Exception as error:  # The edge to the screen: the engine must go on.
            logger.exception("the monitor of run %s could not be told a change", self.run.id)
            self._complain(error)

    def _tell(self, numbers: Sequence[int], at_rest: bool) -> None:
        now = self._clock()
        self._seq += 1
        self._at_rest = at_rest
        if numbers:
            self._heard_at = now
        operations = self.run.operations
        if at_rest or now >= self._snapshot_due:
            self._snapshot_due = now + snapshot_seconds(len(operations))
            self.send(*self._message("snapshot", operations))
        else:
            self.send(*self._message("delta", [operations[number] for number in numbers]))

    def _complain(self, error: Exception) -> None:
        try:
            self.send({"kind": "trouble", "text": cut(f"{type(error).__name__}: {error}", 200)})
        except Exception:  # Nothing is left to show it in.
            logger.exception("the monitor of run %s cannot be reached", self.run.id)

    def _message(
        self, kind: str, operations: Sequence[Operation]
    ) -> tuple[dict[str, Any], list[bytes]]:
        content = {"kind": kind, "seq": self._seq, **self._header()}
        rows = packed(operations, self.run.labels)
        if "google.colab" in sys.modules:  # Its widget manager loses binary buffers.
            return {**content, "rows": base64.b64encode(rows).decode("ascii")}, []
        return content, [rows]

    def _header(self) -> dict[str, Any]:
        run = self.run
        return {
            "title": cut(run.title, 200),
            "status": run.status,
            "counts": dict(run.counts),
            "operations": len(run.operations),
            "notices": take(_NOTICES, run.notices),
            "at_rest": self._at_rest,
            "heard_at": self._heard_at,
            "now": self._clock(),
        }
