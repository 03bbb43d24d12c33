"""The live monitor of a run: an anywidget that sends what changes and needs no answer.

Every message about the run carries a sequence number, what is new in the header, and
rows by column in buffers. A ``delta`` holds what changed. A ``keyframe`` holds all of some
operations, in slices, so that a page that missed a message and requests one is complete
again after the last slice. A page that opens, or opens again, gets a ``snapshot``, built
when it asks for the state: the first operations, so that a large run is seen at once, and
the others follow as a keyframe, whose slices a page requests as fast as it can take them.
``rows`` are those of lines in sight that the page lacks. However many operations change, a
delta has a few of them, those in sight first, and the others follow: the header has all counts.
A click arrives as a request and gets an ``answer``; what the page shows is right without either.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from .answers import Answer, RetryCallback, answer
from .buffers import encoded, needs_text
from .change_queue import MOST_WATCHED, ChangeQueue, changes_at_once
from .columns import frame_column, in_order, label_column
from .entries import Entries, Entry
from .esm import join_modules
from .header import header_of
from .keyframe import Keyframe
from .marimo_host import DRAWN, ModuleWidget
from .packed import Packed
from .run_view import RunView, cut, frame_values, is_done, monitor_anchor
from .sent_state import SLICE, SentState
from .subshell import receive_while_cells_run

logger = logging.getLogger(__name__)

Clock = Callable[[], float]  # Unix seconds

_HERE = Path(__file__).parent
PUSHED = 50  # Slices that are sent unasked.
_UNANSWERED = (DRAWN, "keyframe", "slice", "sight")  # Requests to which rows are the answer.
# A server drops what exceeds 1,000 messages a second, from all senders together.
_SHORTEST_SECONDS = 0.1


class Monitor(ModuleWidget):
    """A table of *run*'s operations that follows them while cells compute.

    *columns* names columns of the frame to show beside. Changes are sent by the thread
    that reports them, answers by the thread that took the request.
    """

    # As texts: anywidget keeps a widget whose files it knows for ever, and its run with it.
    _esm = join_modules(_HERE / "monitor_js" / "index.js")
    _css = (_HERE / "monitor.css").read_text("utf-8")

    _columns: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)
    # What a page keeps of the run in the notebook that it saves; empty = nothing yet.
    _record: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    _anchor = traitlets.Unicode().tag(sync=True)  # The id of its element, for links to it.
    # Always None here: get_state() puts a fresh one in its place.
    _snapshot = traitlets.Any(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        run: RunView,
        *,
        columns: Sequence[str] = (),
        on_retry: RetryCallback = lambda retry: None,
        clock: Clock = time.time,
    ) -> None:
        extra = [frame_column(name, frame_values(run, name)) for name in columns]
        shown = in_order(label_column("row", "Row", lambda: run.labels), extra)
        self.run = run
        self._entries = Entries(run)
        self._on_retry = on_retry
        self._clock = clock
        self._lock = threading.RLock()
        self._sent = SentState(shown)
        self._seq = 0
        self._updated_at = clock()
        self._sent_at = 0.0
        self._keyframe = Keyframe(len(run.operations), now=clock())
        self._changes = ChangeQueue()
        # Before the first snapshot: a change between the two would never be sent.
        self._unsubscribe = run.on_change(self._changed)
        with self._lock:
            self._done = is_done(run)
            self._sent.grow(self._entries.now())  # They may be planned at this moment.
            described = [each.described() for each in shown]
            super().__init__(_columns=described, _anchor=monitor_anchor(run))
        self.on_msg(self._requested)
        receive_while_cells_run(self.comm)

    def __repr__(self) -> str:
        # A saved notebook keeps this text, in which counts would be wrong for ever.
        return f"{cut(self.run.title, 200)}: live monitor, not saved"

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the traits, with a snapshot of the run as it was sent to all browsers."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if "_snapshot" in state:
            with self._lock:
                try:
                    state["_snapshot"] = self._snapshot_now()
                except Exception as error:  # The states of all widgets are read together.
                    self._report_error(error)
                    state["_snapshot"] = self._snapshot_of(Packed(), is_last=False)
        return state

    def keep(self, record: Mapping[str, Any]) -> None:
        """Let the pages that show this keep *record* in the notebooks that they save."""
        if self.comm is not None:
            self._record = dict(record)

    def close(self) -> None:
        """Leave the run, which goes on, and every view."""
        if self.comm is not None:
            self._unsubscribe()
        super().close()

    def _grown(self) -> Sequence[Entry]:
        """Return all entries that are there now; those that are new are sent, too."""
        entries, known = self._entries.now(), self._sent.count
        new = self._sent.grow(entries)
        self._changes.grow(len(entries))
        if new and known:  # A job was divided, and the invalid rows have moved.
            moved = range(known - self._entries.invalid, known)
            self._sent.forget(moved)
            self._changes.add(moved)
        if len(new) <= changes_at_once(len(entries)):
            self._changes.add(new)
        else:  # They come in slices, since all at once would hold up the run.
            self._keyframe.begin(len(entries), seq=self._seq)
        return entries

    def _snapshot_now(self) -> dict[str, Any]:
        entries = self._grown()
        first = entries[:SLICE]
        # A snapshot holds only what all browsers have, so these changes are sent first.
        self._send_changes(range(len(first)), entries)
        is_last = len(entries) <= SLICE
        if not is_last:
            self._keyframe.begin(len(entries), seq=self._seq)
        return self._snapshot_of(self._sent.keyframe(first, 0), is_last=is_last)

    def _snapshot_of(self, rows: Packed, *, is_last: bool) -> dict[str, Any]:
        more = {"since": self._seq, "is_last": is_last, "buffers": encoded(rows.buffers)}
        return {**self._message("snapshot", rows, self._sent.header), **more}

    # ------------------------------------------------------------ to the browser

    def _changed(self, numbers: Sequence[int], done: bool) -> None:
        try:
            with self._lock:
                now = self._clock()
                if numbers:
                    self._updated_at = now
                known = self._sent.count
                # What is new is on its way already.
                if len(self._grown()) > known:
                    numbers = [number for number in numbers if number < known]
                self._changes.add(numbers)
                # A clock that was set back must not silence the monitor.
                is_soon = 0 <= now - self._sent_at < _SHORTEST_SECONDS
                if self.comm is not None and (done or not is_soon):
                    self._send_pending(now, done)
        except Exception as error:  # The edge to the screen: the engine must go on.
            self._report_error(error)

    def _send_pending(self, now: float, done: bool) -> None:
        self._sent_at = now
        self._done = done
        entries = self._entries.now()
        if done:
            return self._send_end(entries)
        self._send_changes(self._changes.take(changes_at_once(len(entries))), entries)
        if now >= self._keyframe.due or self._keyframe:
            self._send_slice()

    def _send_end(self, entries: Sequence[Entry]) -> None:
        self.send_state("_snapshot")  # For a notebook that is saved with its widgets.
        rest = self._changes.take()
        if len(entries) > PUSHED * SLICE:
            self._send_changes(rest, entries)
        self._keyframe.begin(len(entries), seq=self._seq)
        self._push_slices(PUSHED)

    def _push_slices(self, most: int) -> None:
        """Send slices of the keyframe, as many as hold nobody up; pages request the others."""
        for _ in range(most):
            with self._lock:  # For each slice, so that the engine need not wait for all.
                if self._keyframe:
                    self._send_slice()

    def _send_changes(self, numbers: Sequence[int], entries: Sequence[Entry]) -> None:
        header = self._sent.header_changes(self._header())
        for start in range(0, max(1, len(numbers)), SLICE):
            some = self._sent.changes(entries, numbers[start : start + SLICE])
            self._send_rows("delta", some, header)

    def _send_slice(self) -> None:
        # As they are now: the browser may have requested this, not the engine.
        entries = self._grown()
        if not self._keyframe:
            self._keyframe.begin(len(entries), seq=self._seq)
        numbers = self._keyframe.take(len(entries), now=self._clock())
        rows = self._sent.keyframe(entries[numbers.start : numbers.stop], numbers.start)
        self._changes.remove(numbers)
        header = self._header()
        self._sent.header_changes(header)
        more = {"since": self._keyframe.since, "is_last": not self._keyframe}
        self._send_rows("keyframe", rows, header, **more)

    def _send_rows(self, kind: str, rows: Packed, header: Mapping[str, Any], **more: Any) -> None:
        self._seq += 1
        self._send_content({**self._message(kind, rows, header), **more}, rows.buffers)

    def _message(self, kind: str, rows: Packed, header: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "kind": kind,
            "seq": self._seq,
            "now": round(self._clock(), 2),
            "header": header,
            "numbers": rows.numbers,
            "parts": rows.parts,
        }

    def _send_content(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        if needs_text():
            self.send({**content, "buffers": encoded(buffers)})
        else:
            self.send(content, list(buffers))

    def _header(self) -> dict[str, Any]:
        return header_of(
            self.run,
            done=self._done,
            updated_at=self._updated_at,
            has_jobs=self._sent.has_jobs,
            entries=len(self._entries.now()),
        )

    def _report_error(self, error: Exception) -> None:
        """Log and show *error*, and let all browsers know that they have missed something."""
        logger.error("the monitor of run %s failed", self.run.id, exc_info=error)
        text = cut(f"{type(error).__name__}: {error}", 200)
        with self._lock:
            self._seq += 1
            self._keyframe.stop()
            try:
                self.send({"kind": "error", "seq": self._seq, "text": text})
            except Exception:  # Nothing is left to show it in.
                logger.exception("the monitor of run %s cannot be reached", self.run.id)

    # ------------------------------------------------------------ from the browser

    def _requested(self, _: object, request: Mapping[str, Any], buffers: object) -> None:
        what = request.get("what")
        try:
            if what == "keyframe":
                self._send_keyframe()
            elif what == "slice":
                self._push_slices(1)
            elif what == "sight":
                self._send_sight(request)
        except Exception as error:  # The edge to the screen: the error would be lost.
            self._report_error(error)
        if what not in _UNANSWERED:
            self._send_answer(request, answer(self.run, request, self._on_retry))

    def _send_keyframe(self) -> None:
        with self._lock:
            self._keyframe.begin(len(self._entries.now()), seq=self._seq)
        self._push_slices(PUSHED)

    def _send_sight(self, request: Mapping[str, Any]) -> None:
        """Send what a page lacks of the lines in sight, and from now on their changes first."""
        with self._lock:
            entries = self._grown()
            self._changes.watch(request["numbers"])
            wanted = sorted({*request["missing"][:MOST_WATCHED]})
            missing = [each for each in wanted if 0 <= each < len(entries)]
            if missing:
                rows = self._sent.whole(entries, missing)
                self._send_rows("rows", rows, self._sent.header_changes(self._header()))

    def _send_answer(self, request: Mapping[str, Any], found: Answer) -> None:
        content = {"kind": "answer", "id": request.get("id"), "what": request.get("what")}
        with self._lock:
            try:
                # What the request changed, such as a pause, is shown with the answer.
                self._send_changes((), ())
            except Exception as error:  # The page still needs the answer.
                self._report_error(error)
            self._send_content({**content, **found.content}, found.buffers)
