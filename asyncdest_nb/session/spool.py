"""Runs that get their rows part after part, and store them, before they begin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..destination import Action
from ..engine import Channel, Execution
from ..errors import UsageError
from ..frame import as_pandas, labelled
from ..mapping import FieldMap
from ..portal import call, call_from_any_thread
from ..schedule import Schedule
from ..store import StoredRun
from .cluster import Cluster, is_dask
from .new_execution import new_execution
from .progress import ProgressCallback
from .streamed import StreamedRows, StreamedSlice, StreamedSubmission, slices_of
from .submission import RowDigest, Submission, new_record
from .subscription import matched_rows, no_match

if TYPE_CHECKING:  # A registry makes the runs.
    from .registry import RunRegistry


def is_in_parts(frame: object) -> bool:
    """Whether *frame* is an iterator of frames, or one of Dask."""
    return isinstance(frame, Iterator) or is_dask(frame)


class Spool:
    """A new run of *action* that stores its rows; *values* are other fields of its record."""

    def __init__(
        self,
        registry: RunRegistry,
        channel: Channel,
        action: Action,
        *,
        values: Mapping[str, Any],
        schedule: Schedule | None,
    ) -> None:
        self._registry = registry
        self._channel = channel
        self._action = action
        self._record = new_record(channel, action, **values)
        self._schedule = schedule
        self._asked = 0  # Rows that were asked whether they match.

    def filled(
        self,
        frame: Any,
        given: Mapping[str, Any],
        subscribe: str | None,
        *,
        on_progress: ProgressCallback,
    ) -> tuple[StoredRun, Submission, Execution]:
        """Return the run with the rows of *frame*, and what it submits.

        *given* are the arguments of ``plan_sources``. Nothing is sent. Raises what the parts
        raise, UsageError, and StoreError; then nothing is left of it.
        """
        if not is_dask(frame):
            frames = self._matched(frame, subscribe)
            found = self._filled(*slices_of(frames, self._action, given), None, on_progress)
            return self._told(*found, subscribe)
        if subscribe is not None:
            raise UsageError("a frame of Dask takes no subscribe=: filter its rows before")
        cluster = Cluster()
        sender = self._registry.engine.relayed(self._channel, cluster.relay)
        part = cluster.slices_of(frame, self._action, given)
        return self._filled(*part, sender, on_progress)

    def _filled(
        self,
        fields: FieldMap,
        slices: Iterator[StreamedSlice],
        sender: Channel | None,
        on_progress: ProgressCallback,
    ) -> tuple[StoredRun, Submission, Execution]:
        source = StreamedRows(partial(self._registry.rows, self._record.id))
        submission = StreamedSubmission(
            self._channel, self._action, labelled([]), source, fields, sender
        )
        digest, engine = RowDigest(submission), self._registry.engine
        execution = new_execution(engine, self._record, submission, self._schedule)
        try:
            for each in slices:
                digest.add(each.lines)
                source.add(each)
                call(execution.add(each.prepared))
                on_progress("reading", source.count, 0)
        except BaseException:
            call_from_any_thread(engine.forget([self._record.id]))
            raise
        labels = source.has_integer_labels
        record = replace(self._record, digest=digest.hexdigest(), has_integer_labels=labels)
        execution.name(record)
        return record, replace(submission, frame=source.frame), execution

    def _matched(self, frames: Iterator[object], subscribe: str | None) -> Iterator[object]:
        for each in frames:
            chosen = matched_rows(as_pandas(each), subscribe)
            self._asked += chosen.rows
            yield chosen.frame

    def _told(
        self,
        record: StoredRun,
        submission: Submission,
        execution: Execution,
        subscribe: str | None,
    ) -> tuple[StoredRun, Submission, Execution]:
        """Return the same run, with the sentence that no row matches where that is so."""
        if subscribe is not None and not submission.source.count:
            submission = replace(submission, unmatched=no_match(self._asked, subscribe))
        return record, submission, execution
