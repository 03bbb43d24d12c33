"""The live monitor of a run: an anywidget that is told what changes and need never answer.

Every message about the run carries a sequence number, what is new in the header, and
rows by column in buffers: a ``delta`` holds what changed, a ``keyframe`` all of some
operations, in turn, so that one who missed a number and says so is whole again when the
last of them has come. Whoever opens it or comes late (a second view, a reloaded page) gets
a ``snapshot`` built when it asks for the state: the first operations, so that a large run
is seen at once, and the others are renewed. What a person clicks arrives as a question and
gets an ``answer``; the picture is right without.
"""

from __future__ import annotations

import base64
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..operation import Operation
from .asking import Answer, Retried, answer
from .columns import COLUMNS, Column, frame_column, label_column
from .esm import join_modules
from .hearing import hear_while_cells_run
from .packing import Packed
from .picture import SLICE, Picture, slices
from .watched import (
    Watched,
    abilities,
    cut,
    frame_values,
    is_at_rest,
    is_paused,
    requests_spent,
    rows_to_retry,
    take,
)

logger = logging.getLogger(__name__)

Clock = Callable[[], float]  # Unix seconds

_HERE = Path(__file__).parent
_NOTICES = 5
# A server drops what exceeds 1,000 messages a second, whoever sent them.
_SHORTEST_SECONDS = 0.1


def renewal_seconds(operations: int) -> float:
    """Return how long after the last renewal of so many *operations* the next one begins.

    What is lost meanwhile the browser asks for, where it can; this is for where it cannot.
    """
    return max(60.0, operations / 200)


class Monitor(anywidget.AnyWidget):
    """A table of *run*'s operations that follows them while cells compute.

    *columns* names columns of the frame to show beside. What is told leaves on the
    thread that reports changes; answers leave on the thread that was asked.
    """

    # As texts: anywidget never lets go of a widget whose files it knows, nor of its run then.
    _esm = join_modules(_HERE / "monitor_js" / "index.js")
    _css = (_HERE / "monitor.css").read_text("utf-8")

    _columns: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)
    # Always None here: get_state() puts a fresh one in its place.
    _snapshot = traitlets.Any(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        run: Watched,
        *,
        columns: Sequence[str] = (),
        retried: Retried = lambda again: None,
        clock: Clock = time.time,
    ) -> None:
        extra = [frame_column(name, frame_values(run, name)) for name in columns]
        shown = [label_column("row", "Row", lambda: run.labels), *extra, *COLUMNS]
        self.run = run
        self._retried = retried
        self._clock = clock
        self._lock = threading.RLock()
        self._picture = Picture(shown)
        self._seq = 0
        self._heard_at = clock()
        self._told_at = 0.0
        self._renewal_due = clock() + renewal_seconds(len(run.operations))
        self._renewing: deque[range] = deque()
        self._renewed_since = 0
        self._pending: set[int] = set()
        # Before the first snapshot: what changes between the two would never be told.
        self._unsubscribe = run.on_change(self._changed)
        with self._lock:
            self._at_rest = is_at_rest(run)
            self._picture.grow(list(run.operations))  # They may be planned at this moment.
            super().__init__(_columns=[_described(each) for each in shown])
        self.on_msg(self._asked)
        hear_while_cells_run(self.comm)

    def __repr__(self) -> str:
        # It stays in the saved notebook as it was first: counts would be wrong for ever.
        return f"{cut(self.run.title, 200)}: live monitor, not saved"

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the traits, with a snapshot of the run as all browsers know it."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if "_snapshot" in state:
            with self._lock:
                try:
                    state["_snapshot"] = self._snapshot_now()
                except Exception as error:  # All widgets of the notebook are asked in one go.
                    self._stumble(error)
                    state["_snapshot"] = self._snapshot_of(Packed(), is_last=False)
        return state

    def close(self) -> None:
        """Leave the run, which goes on, and every view."""
        if self.comm is not None:
            self._unsubscribe()
        super().close()

    def _snapshot_now(self) -> dict[str, Any]:
        operations = list(self.run.operations)
        self._pending.update(self._picture.grow(operations))
        first = operations[:SLICE]
        self._tell_changes(range(len(first)), operations)  # It shows what all were told.
        is_last = len(operations) <= SLICE
        if not is_last:
            self._begin_renewal(len(operations))
        return self._snapshot_of(self._picture.renewed(first, 0), is_last=is_last)

    def _snapshot_of(self, rows: Packed, *, is_last: bool) -> dict[str, Any]:
        content, buffers = self._message("snapshot", rows, self._picture.header)
        more = {"since": self._seq, "is_last": is_last, "buffers": _carried(buffers)}
        return {**content, **more}

    # ------------------------------------------------------------ what is told

    def _changed(self, numbers: Sequence[int], at_rest: bool) -> None:
        try:
            with self._lock:
                self._pending.update(numbers)
                now = self._clock()
                # A clock that was set back must not silence the monitor.
                is_soon = 0 <= now - self._told_at < _SHORTEST_SECONDS
                if self.comm is not None and (at_rest or not is_soon):
                    self._tell(now, at_rest)
        except Exception as error:  # The edge to the screen: the engine must go on.
            self._stumble(error)

    def _tell(self, now: float, at_rest: bool) -> None:
        self._told_at = now
        self._at_rest = at_rest
        self._pending.update(self._picture.grow(self.run.operations))
        if self._pending:
            self._heard_at = now
        numbers = sorted(self._pending)
        self._pending.clear()
        operations = self.run.operations
        if at_rest:
            self._begin_renewal(len(operations))
            while self._renewing:
                self._renew_a_slice()
        elif now >= self._renewal_due or self._renewing:
            self._tell_changes(numbers, operations)
            self._renew_a_slice()
        else:
            self._tell_changes(numbers, operations)

    def _tell_changes(self, numbers: Sequence[int], operations: Sequence[Operation]) -> None:
        header = self._picture.header_changes(self._header())
        for start in range(0, max(1, len(numbers)), SLICE):
            some = self._picture.changes(operations, numbers[start : start + SLICE])
            self._say("delta", some, header)

    def _begin_renewal(self, operations: int) -> None:
        self._renewing = deque(slices(operations))
        self._renewed_since = self._seq + 1

    def _renew_a_slice(self) -> None:
        # As they are now: it may be the browser that asked, not the engine that told.
        operations = list(self.run.operations)
        self._pending.update(self._picture.grow(operations))
        if not self._renewing:
            self._begin_renewal(len(operations))
        numbers = self._renewing.popleft()
        rows = self._picture.renewed(operations[numbers.start : numbers.stop], numbers.start)
        header = self._header()
        self._picture.header_changes(header)
        is_last = not self._renewing
        if is_last:
            self._renewal_due = self._clock() + renewal_seconds(len(operations))
        self._say("keyframe", rows, header, since=self._renewed_since, is_last=is_last)

    def _say(self, kind: str, rows: Packed, header: Mapping[str, Any], **more: Any) -> None:
        self._seq += 1
        content, buffers = self._message(kind, rows, header)
        self._send_out({**content, **more}, buffers)

    def _message(
        self, kind: str, rows: Packed, header: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[bytes]]:
        content = {
            "kind": kind,
            "seq": self._seq,
            "now": round(self._clock(), 2),
            "header": header,
            "numbers": rows.numbers,
            "parts": rows.parts,
        }
        return content, rows.buffers

    def _send_out(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        if _needs_text():
            self.send({**content, "buffers": _carried(buffers)})
        else:
            self.send(content, list(buffers))

    def _header(self) -> dict[str, Any]:
        run = self.run
        return {
            "title": cut(run.title, 200),
            "status": run.status,
            "counts": dict(run.counts),
            "operations": len(run.operations),
            "jobs": self._picture.has_jobs,
            "notices": take(_NOTICES, run.notices),
            "requests": requests_spent(run),
            "can": abilities(run),
            # It is for a button at the end, and would be news in every message until then.
            "retryable": rows_to_retry(run) if self._at_rest else None,
            "paused": is_paused(run),
            "done": self._at_rest,
            "updated_at": round(self._heard_at, 2),
        }

    def _stumble(self, error: Exception) -> None:
        """Log and show what went wrong, and let all know that they have missed something."""
        logger.error("the monitor of run %s could not tell all", self.run.id, exc_info=error)
        text = cut(f"{type(error).__name__}: {error}", 200)
        with self._lock:
            self._seq += 1
            self._renewing.clear()
            try:
                self.send({"kind": "error", "seq": self._seq, "text": text})
            except Exception:  # Nothing is left to show it in.
                logger.exception("the monitor of run %s cannot be reached", self.run.id)

    # ------------------------------------------------------------ what is asked

    def _asked(self, _: object, question: Mapping[str, Any], buffers: object) -> None:
        if question.get("what") == "keyframe":
            try:
                self._renew()
            except Exception as error:  # Nobody else would hear of it.
                self._stumble(error)
            return
        found = answer(self.run, question, self._retried)
        self._reply(question, found)

    def _renew(self) -> None:
        with self._lock:
            self._begin_renewal(len(self.run.operations))
        while self._renewing:
            with self._lock:  # Slice by slice: the engine may have something to tell.
                if self._renewing:
                    self._renew_a_slice()

    def _reply(self, question: Mapping[str, Any], found: Answer) -> None:
        content = {"kind": "answer", "id": question.get("id"), "what": question.get("what")}
        with self._lock:
            try:
                # What the question changed, paused say, is seen with the answer.
                self._tell_changes((), ())
            except Exception as error:  # The answer is waited for all the same.
                self._stumble(error)
            self._send_out({**content, **found.content}, found.buffers)


def _needs_text() -> bool:
    return "google.colab" in sys.modules  # Its widget manager loses binary buffers.


def _carried(buffers: Sequence[bytes]) -> list[bytes] | list[str]:
    if _needs_text():
        return [base64.b64encode(each).decode("ascii") for each in buffers]
    return list(buffers)


def _described(column: Column) -> dict[str, str]:
    names = ("name", "title", "kind", "width", "shown")
    return {name: getattr(column, name) for name in names}
