"""What is known of a run, to read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import ceil
from pathlib import Path
from typing import Any

from ..engine import RunTally
from ..errors import UsageError
from ..frame import DataFrame, column_values
from ..operation import Operation, RowOutcome, RunStatus, counts_text
from ..visible import one_line
from . import results, rows
from .entry import RunEntry
from .progress import SlowCall
from .stats import RunStats


class RunReport:
    """The state of each operation of a run, and the outcome of each row."""

    def __init__(self, entry: RunEntry) -> None:
        self._entry = entry

    @property
    def id(self) -> str:
        """The id of the run."""
        return self._entry.id

    @property
    def title(self) -> str:
        """The action and the destination, in words."""
        return self._entry.record.title

    @property
    def created_at(self) -> float:
        """When it was submitted, in Unix seconds."""
        return self._entry.record.created_at

    @property
    def labels(self) -> Sequence[str]:
        """The labels of its rows."""
        return self._entry.labels

    @property
    def positions(self) -> Sequence[int]:
        """Its rows, as positions in the frame of the submit."""
        return self._entry.positions

    @property
    def rested(self) -> Future[None]:
        """Done when nothing more happens by itself; its exception is what ended the run early."""
        return self._entry.ledger.rested

    @property
    def status(self) -> RunStatus:
        """The status of the run: pending, completed, partial or failed.

        Pending while anything is open, or waits for your decision; completed if every row
        is, partial if some are, failed if none is, also if that is since all are unknown.
        Unchanged rows count as completed.
        """
        return self._entry.ledger.status

    @property
    def is_prepared(self) -> bool:
        """Whether all of its rows are prepared; before, nothing of it is sent or kept."""
        return self._entry.ledger.is_planned

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more happens by itself."""
        return self._entry.is_at_rest

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations by number; empty until all rows have been checked."""
        return self._entry.ledger.operations

    @property
    def expected_operations(self) -> int:
        """How many operations there will be, if no row is invalid and no batch too large."""
        entry, rows = self._entry, len(self._entry.labels)
        if entry.execution is None or entry.execution.action.operation_per == "row":
            return rows
        action = entry.execution.action
        return ceil(rows / min(entry.record.batch_size or action.batch_size, action.batch_size))

    @property
    def counts(self) -> dict[str, int]:
        """Rows per status: pending, completed, unchanged, failed, invalid, canceled, unknown."""
        return self._entry.ledger.counts

    @property
    def invalid(self) -> dict[int, str]:
        """The reasons of invalid rows, by their position among the rows of the run."""
        return dict(self._entry.ledger.invalid)

    @property
    def unchanged(self) -> Sequence[int]:
        """The rows that were not sent as they are unchanged: positions in the run, in order."""
        return self._entry.ledger.unchanged

    @property
    def notices(self) -> list[str]:
        """Sentences to see now: throttling, an unreachable host, a full disk."""
        entry = self._entry
        if entry.execution is None:
            found = [] if self.is_at_rest else [entry.disconnected]
        else:
            found = entry.execution.notices()
        found += entry.troubles
        if entry.submission is not None and entry.submission.unmatched:
            found.append(entry.submission.unmatched)
        if entry.attached_at is not None:
            at = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.created_at))
            found.append(f"submitted at {at}; the submit that was repeated has sent nothing")
        return found

    @property
    def stats(self) -> RunStats:
        """What the run has cost so far, and how late the ends of its operations are known."""
        operations = list(self.operations)
        ends = [each.finished_at for each in operations if each.finished_at is not None]
        end = max(ends, default=self.created_at) if self.is_at_rest else self.now()
        polls, polled = sum(each.polls for each in operations), sum(map(_is_polled, operations))
        execution = self._entry.execution
        tally = execution.tally if execution else RunTally()
        return RunStats(
            rows=len(self.labels),
            unchanged=len(self.unchanged),
            operations=len(operations),
            requests=tally.requests.total(),
            submit_requests=tally.requests["submit"],
            poll_requests=tally.requests["poll"],
            other_requests=tally.requests["other"],
            polls=polls,
            polls_without_answer=sum(each.poll_errors for each in operations),
            polls_per_operation=polls / polled if polled else None,
            lag_mean=tally.lag.mean,
            lag_p95=tally.lag.p95,
            lag_measured=tally.lag.measured / tally.lag.count if tally.lag.count else None,
            throttled_seconds=round(execution.seconds_throttled if execution else 0.0, 3),
            overdue=sum(each.is_overdue for each in operations),
            # The wall clock may have been set back before a restart.
            seconds=round(max(0.0, end - self.created_at), 3),
        )

    @property
    def requests(self) -> int:
        """How many HTTP requests this kernel has made for it."""
        return self._entry.execution.tally.requests.total() if self._entry.execution else 0

    @property
    def detection_lag(self) -> float | None:
        """The mean seconds between the end of an operation and the poll that found it.

        Measured or estimated, see ``stats``; None = this kernel has found no end yet.
        """
        return self._entry.execution.tally.lag.mean if self._entry.execution else None

    def now(self) -> float:
        """Return Unix seconds by the clock that stamps what happens to it, and never jumps."""
        return self._entry.execution.now if self._entry.execution else time.time()

    def column(self, name: str) -> list[Any]:
        """Return a column of the frame as it is sent, a value per row of the run.

        Of a run from before a restart the payloads stand for the frame until the same
        rows are submitted again. Raises UnknownName if there is no such column.
        """
        values = column_values(self._entry.frame, name)
        return [values[position] for position in self._entry.positions]

    @property
    def key_column(self) -> str | None:
        """The column that tells rows apart: it fills the first required field; None = none does."""
        return rows.key_column(self._entry)

    def frame_rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Return rows of the run by their *positions* in it, each as plain values by column.

        They are read as for sending; a value that cannot be sent is None.
        """
        return rows.frame_rows(self._entry, positions)

    @property
    def is_paused(self) -> bool:
        """Whether it waits for ``resume``; a run at rest does not."""
        execution = self._entry.execution
        return bool(execution and execution.is_paused and not self.is_at_rest)

    @property
    def retryable(self) -> int:
        """How many of the rows it sent ``retry`` would send again, once it is at rest."""
        return self._entry.ledger.retryable

    def outcomes(self) -> list[RowOutcome]:
        """Return the outcome of every row of the frame as a value; see ``results``."""
        return self._entry.outcomes()

    def results(self, *, with_frame: bool = False) -> DataFrame:
        """Return one line per row of the frame, on its index, in its order.

        Columns: ``status`` (pending, completed, unchanged, failed, invalid, canceled,
        unknown), ``progress`` (percent, missing = not reported), ``message``,
        ``error_code``, ``retryable`` (whether the same row may be sent again, missing =
        unknown), ``operation_id``, and what the destination returned: ``result``,
        or the columns that the action names. Texts are "string", ``progress`` is float64,
        ``retryable`` "boolean". Of a run from before a restart labels that were no integers
        are texts until the same rows are submitted again.

        *with_frame* = the frame's own columns come first, and keep their names: where it has a
        ``status``, the outcome's is ``status_1``; so for the others.
        """
        return results.results(self._entry, with_frame=with_frame)

    def write_results(self, path: str | Path, *, with_frame: bool = False) -> None:
        """Write what ``results`` returns to a Parquet file; it need not fit into memory.

        The labels are its first columns, and objects and values of mixed types JSON texts. A
        file that is there is replaced once the new one is whole. Raises UsageError if the name
        does not end in ``.parquet``, pyarrow (the extra ``parquet``) is missing, or the file
        cannot be written; then it is as it was.
        """
        file = Path(path).expanduser()
        if file.suffix.lower() != ".parquet":
            way = "a smaller frame has results().to_csv(path)"
            raise UsageError(f"{str(path)!r} must end in .parquet; {way}")
        with SlowCall.show() as on_progress:
            results.write_results(self._entry, file, with_frame=with_frame, on_progress=on_progress)

    @property
    def contexts(self) -> DataFrame:
        """The async context of every row, on the index of the frame, in its order.

        Columns: ``operation_id``, ``context`` (what the action's function returned for the
        operation, secrets masked; all rows of a job have the same), ``status`` and
        ``progress`` as in ``results``. A row without an operation has no id and no context.
        """
        return results.contexts(self._entry)

    def failed(self) -> DataFrame:
        """Return the failed, invalid and canceled rows: the frame's own columns, then the reasons.

        Rows that are "unknown" are not among them: they may have been applied. A column of
        the frame that is called ``status`` keeps its name, and the reason's becomes
        ``status_1``; so for the others.
        """
        return results.failed(self._entry)

    def on_change(self, callback: Callable[[Sequence[int], bool], None]) -> Callable[[], None]:
        """Call *callback* with the numbers of changed operations and whether all is at rest.

        It is called on the engine's thread, at most five times a second, and every
        five seconds even if nothing changed; the run counts as at rest right after the last
        call. What waits for the engine (``wait``, ``details``, ``export``, a session's
        ``close`` and ``forget``) raises UsageError there. Returns a function that ends it.
        """
        return self._entry.ledger.on_change(callback)

    def __repr__(self) -> str:
        notices = "".join(f"; {notice}" for notice in self.notices)
        text = f"<Run {self.id}: {self.title}, {self.status}: {counts_text(self.counts)}{notices}>"
        return one_line(text)


def _is_polled(operation: Operation) -> bool:
    return operation.polls > 0
