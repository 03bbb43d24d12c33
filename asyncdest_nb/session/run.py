"""A run: the rows of one submit, on their way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ..engine import Execution, Ledger
from ..errors import UsageError, check_bool, check_number
from ..frame import DataFrame, column_values, to_frame, with_columns
from ..operation import (
    Operation,
    RowOutcome,
    RowStatus,
    RunStatus,
    State,
    counts_text,
    is_refusal_claimed,
)
from ..portal import tell, wait_async
from ..request import without_references
from ..schedule import Schedule
from ..store import StoredRow, StoredRun
from ..visible import one_line
from .details import details, rows_to_look_at
from .outcomes import columns, result_columns
from .progress import wait_visibly
from .submission import Submission

_FAILED = (RowStatus.FAILED, RowStatus.INVALID, RowStatus.CANCELED)
_MAY_BE_APPLIED = (RowStatus.COMPLETED, RowStatus.PENDING, RowStatus.UNKNOWN)


class Sender(Protocol):
    """What a run was sent by, as far as the run needs it."""

    def send_again(
        self, run: Run, sending: Submission, positions: list[int], schedule: Schedule | None
    ) -> Run: ...


class Run:
    """The rows of one submit: how each operation stands, and what became of each row.

    It goes on by itself; ``await`` it or ``wait()`` for it, as often as you like.
    Interrupting a wait stops the waiting, never the work.
    """

    # How a notebook shows a run, and draws it; the package's face sets them.
    show: ClassVar[Callable[..., None]] = print
    plot: ClassVar[Callable[..., Any]]
    widget: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        record: StoredRun,
        *,
        frame: DataFrame,
        labels: Sequence[str],
        ledger: Ledger,
        retry_of: Run | None = None,
    ) -> None:
        self.id = record.id
        self.title = record.title
        self.created_at = record.created_at  # Unix seconds
        self.labels = labels
        self.retry_of = retry_of  # None = the run of a submit
        self._record = record
        self._frame = frame
        self._ledger = ledger
        self._execution: Execution | None = None  # None = nobody is connected to go on with it.
        self._sender: Sender | None = None
        self._look: Callable[[str, Sequence[int]], list[StoredRow]] | None = None
        self._save: Callable[[Sequence[str], Path], None] | None = None
        self._require_open: Callable[[], None] = lambda: None
        self._sending: Submission | None = None  # None = its rows are not at hand.
        self._detached = _detached(record)  # Why it does not go on, if nobody is connected.
        self._retried_as: Run | None = None
        self._retrying = threading.Lock()
        self._attached_at: float | None = None  # Unix seconds
        self._result_columns: Sequence[str] = ()
        if retry_of is not None:
            retry_of._retried_as = self

    def _connect(self, execution: Execution, sender: Sender, sending: Submission | None) -> None:
        self._execution = execution
        self._sender = sender
        self._sending = sending
        self._result_columns = execution.action.result_columns

    def _detach(self, why: str) -> None:
        self._detached = why

    def _adopt(self, sending: Submission, sender: Sender) -> None:
        """Take the rows as they were given again, in place of what the file has of them."""
        self._attached_at = time.time()
        for run in self._chain():
            run._frame = sending.frame
            run._sending, run._sender = sending, sender
            run.labels = [sending.source.labels[at] for at in run._positions]

    def _chain(self) -> list[Run]:
        """Return the run of the submit, and the retries that followed."""
        run = self
        while run.retry_of is not None:
            run = run.retry_of
        found = [run]
        while (retry := found[-1]._retried_as) is not None:
            found.append(retry)
        return found

    @property
    def _positions(self) -> Sequence[int]:
        """Its rows, as positions in the frame of the submit."""
        positions = self._record.positions
        return range(len(self.labels)) if positions is None else positions

    @property
    def rested(self) -> Future[None]:
        """Done when nothing more happens by itself; its exception is what ended the run early."""
        return self._ledger.rested

    @property
    def status(self) -> RunStatus:
        """The run in one word: pending, completed, partial or failed.

        Pending while anything is open, or waits for your decision; completed if every row
        is, partial if some are, failed if none is.
        """
        return self._ledger.status

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.rested.done()

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations by number; empty until all rows have been looked at."""
        return self._ledger.operations

    @property
    def counts(self) -> dict[str, int]:
        """Rows per status: pending, completed, failed, invalid, canceled, unknown."""
        return self._ledger.counts

    @property
    def invalid(self) -> dict[int, str]:
        """Why rows are invalid, by their position among the rows of the run."""
        return dict(self._ledger.invalid)

    @property
    def notices(self) -> list[str]:
        """Sentences to see now: throttling, an unreachable host, a full disk."""
        if self._execution is None:
            found = [] if self.is_at_rest else [self._detached]
        else:
            found = self._execution.notices()
        if self._attached_at is not None:
            at = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.created_at))
            found.append(f"submitted at {at}; the submit that was repeated has sent nothing")
        return found

    @property
    def stats(self) -> dict[str, int | float]:
        """What the run has cost so far: rows, operations, requests, polls, seconds, …"""
        operations = list(self.operations)
        ends = [each.finished_at for each in operations if each.finished_at is not None]
        end = max(ends, default=self.created_at) if self.is_at_rest else self.now()
        return {
            "rows": len(self.labels),
            "operations": len(operations),
            "requests": self.requests,
            "polls": sum(each.polls for each in operations),
            "polls_without_answer": sum(each.poll_errors for each in operations),
            "overdue": sum(each.is_overdue for each in operations),
            # The wall clock may have been set back before a restart.
            "seconds": round(max(0.0, end - self.created_at), 3),
        }

    def now(self) -> float:
        """Return Unix seconds by the clock that stamps what happens to it, and never jumps."""
        return self._execution.now if self._execution else time.time()

    @property
    def requests(self) -> int:
        """HTTP requests that this kernel has spent on it."""
        return self._execution.requests if self._execution else 0

    def column(self, name: str) -> list[Any]:
        """Return a column of the frame as it is sent, a value per row of the run.

        Of a run from before a restart the payloads stand for the frame until the same
        rows are submitted again. Raises UnknownName if there is no such column.
        """
        values = column_values(self._frame, name)
        return [values[position] for position in self._positions]

    def wait(self, timeout: float | None = None, *, keep_loop: bool = False) -> RunStatus:
        """Wait until nothing more happens, or *timeout* seconds, and return the status.

        "pending" then means that the time was up, or that operations wait for
        your decision. In a terminal a bar shows how far it has come. With *keep_loop*
        tasks of your own on the notebook's loop go on meanwhile (this patches asyncio
        in the whole process). Raises StoreError
        if the session could not be written: what was not sent by then was not sent;
        AsyncDestError if the session was closed first; UsageError for a run of a reopened
        session that nobody has connected to yet, and in a fork of the process that has it.
        """
        check_number("timeout", timeout, zero=True, unit="seconds")
        self._require_going()
        if keep_loop:
            return _wait_keeping_loop(self._wait_async(timeout))
        try:
            wait_visibly(
                self.rested,
                timeout,
                title=self.title,
                counts=lambda: self.counts,
                notices=lambda: self.notices,
            )
        except KeyboardInterrupt as stop:
            stop.add_note("Only the waiting was interrupted: the run goes on.")
            raise
        return self._status_or_error()

    def __await__(self) -> Generator[Any, None, RunStatus]:
        return self._wait_async(None).__await__()

    def _require_going(self) -> None:
        if not self.is_at_rest:
            self._require_open()
        if self._execution is None and not self.is_at_rest:
            raise UsageError(self._detached)

    async def _wait_async(self, timeout: float | None) -> RunStatus:
        self._require_going()
        await wait_async(self.rested, timeout)
        return self._status_or_error()

    def _status_or_error(self) -> RunStatus:
        if self.is_at_rest:
            self.rested.result()
        return self.status

    def cancel(self) -> None:
        """Send nothing more, and ask the destination to cancel what it has taken; returns at once.

        What was not sent is canceled. What was ends as the destination says: canceled,
        or done before it came to that. Where it cannot cancel, a notice says so, and
        the polling goes on; ``Session.forget`` ends that too.
        """
        tell(self._connected().cancel())

    def pause(self) -> None:
        """Send and ask nothing more until ``resume``; what the destination has taken goes on there.

        What is on its way is not called back. A paused run can be canceled.
        """
        tell(self._connected().pause(is_paused=True))

    def resume(self) -> None:
        """Go on after ``pause``."""
        tell(self._connected().pause(is_paused=False))

    @property
    def is_paused(self) -> bool:
        """Whether it waits for ``resume``; a run at rest does not."""
        return bool(self._execution and self._execution.is_paused and not self.is_at_rest)

    def resolve(self, *, applied: bool) -> None:
        """Say of all operations that are held whether they were applied, as you have seen there.

        Those are the ones of which nobody can know: a reply was lost, or the kernel was
        killed. True: they are final, and their rows stay "unknown", since the
        destination has not said how they ended. False: their rows are failed and may be
        sent again, by ``retry``. Raises UsageError if nothing is held.
        """
        check_bool("applied", applied)
        execution = self._connected()
        if not self._ledger.states.get(State.HELD):
            raise UsageError(f"no operation waits for your decision: {counts_text(self.counts)}")
        tell(execution.resolve(applied=applied))

    def _connected(self) -> Execution:
        self._require_open()
        if self._execution is None:
            raise UsageError(self._detached)
        return self._execution

    @property
    def retryable(self) -> int:
        """How many of the rows it sent ``retry`` would send again, once it is at rest."""
        return self._ledger.retryable

    def retry(self, *, schedule: Schedule | None = None) -> Run:
        """Send the rows that may be sent again, as a new run, and return at once with that.

        Those are the failed rows that the destination calls retryable, and all that
        were provably never applied. They go by the connection of the submit: where that had
        a wrong key, connect and submit again instead. Of the new run ``results`` and
        ``failed`` have every row of the frame: those sent again as they are now, the others
        as they were. Raises UsageError if the run is still going, no row may be sent again, or
        they were sent again already: it is that run then that can be retried.
        """
        self._connected()
        # A button and a cell may ask on two threads at once: only one of them sends.
        with self._retrying:
            again = self._to_retry()
            if self._sending is None or self._sender is None:
                raise UsageError(
                    "its payloads were not kept: submit the same frame again, then retry"
                )
            return self._sender.send_again(self, self._sending, again, schedule)

    def _to_retry(self) -> list[int]:
        if not self.is_at_rest:
            raise UsageError("the run is still going: wait for it, or cancel it, before a retry")
        if self._retried_as is not None:
            raise UsageError(f"its rows went again as {self._retried_as}: retry that one")
        again = [at for at, outcome in enumerate(self._outcomes()) if outcome.retryable]
        if not again:
            raise UsageError(f"no row may be sent again as it is: {counts_text(self.counts)}")
        return again

    def export(self, path: str | Path) -> None:
        """Write the run, and those it retries, to a file for a colleague: ``ad.load(path)``.

        One SQLite file with its results, labels and payloads, and no secret. Raises
        UsageError if there is a file already, StoreError if it cannot be written.
        """
        if self._save is None:
            raise UsageError(f"this run cannot be exported: {self._detached}")
        self._save([run.id for run in self._chain()], Path(path).expanduser())

    @property
    def _may_be_applied(self) -> bool:
        """Whether any of its rows is with the destination, or may be."""
        if self._ledger.has_failed and not self._ledger.is_planned:
            return False  # It has ended before anything was sent.
        is_claimed = any(is_refusal_claimed(each) for each in self._ledger.operations)
        return is_claimed or any(each.status in _MAY_BE_APPLIED for each in self._outcomes())

    def results(self) -> DataFrame:
        """Return one line per row of the frame, on its index, in its order.

        Columns: ``status`` (pending, completed, failed, invalid, canceled,
        unknown), ``progress`` (percent, missing = not reported), ``message``,
        ``error_code``, ``retryable`` (whether the same row may be sent again, missing =
        nobody said), ``operation_id``, and what the destination returned: ``result``,
        or the columns that the action names. Texts are "string", ``progress`` is float64,
        ``retryable`` "boolean". Of a run from before a restart labels that were no integers
        are texts until the same rows are submitted again.
        """
        outcomes = self._outcomes()
        returned = result_columns(outcomes, self._result_columns)
        return to_frame(self._frame.index, columns(outcomes) | returned)

    def _outcomes(self) -> list[RowOutcome]:
        """Return what became of every row of the frame, also of those it did not send."""
        before = self._chain()
        first, *retries = before[: before.index(self) + 1]
        found = first._ledger.outcomes()
        for run in retries:
            for position, outcome in zip(run._positions, run._ledger.outcomes(), strict=True):
                found[position] = outcome
        return found

    @property
    def contexts(self) -> DataFrame:
        """The async context of every row, on the index of the frame, in its order.

        Columns: ``operation_id``, ``context`` (what the action's function returned for the
        operation, secrets masked; all rows of a job have the same), ``status`` and
        ``progress`` as in ``results``. A row without an operation has no id and no context.
        """
        outcomes = columns(self._outcomes())
        found = {name: outcomes[name] for name in ("operation_id", "status", "progress")}
        own = {"operation_id": found["operation_id"], "context": self._contexts()}
        return to_frame(self._frame.index, own | found)

    def _contexts(self) -> list[Any]:
        """Return the context of every row of the frame, also of those it did not send."""
        own: list[Any] = [None] * len(self.labels)
        for operation in list(self.operations):
            context = None if operation.context is None else self._shown(operation.context)
            for row in operation.rows:
                own[row] = context
        if self.retry_of is None:
            return own
        found = self.retry_of._contexts()
        for position, context in zip(self._positions, own, strict=True):
            found[position] = context
        return found

    def _shown(self, value: Any) -> Any:
        # Without a connection it is as in the file, with references in place of secrets.
        return self._execution.kept(value) if self._execution else without_references(value)

    def failed(self) -> DataFrame:
        """Return the rows that did not make it, and why, after the frame's own columns.

        They failed, were invalid, or were never come to: canceled. Rows that are "unknown"
        are not among them: they may have been applied. A column of the frame that is called
        ``status`` keeps its name, and why becomes ``status_1``; so for the others.
        """
        outcomes = self._outcomes()
        positions = [i for i, outcome in enumerate(outcomes) if outcome.status in _FAILED]
        why = columns([outcomes[i] for i in positions])
        why.pop("progress")
        return with_columns(self._frame, positions, why)

    def details(self, number: int) -> dict[str, Any]:
        """Return all that is known of operation *number*, as JSON can hold it, without secrets.

        ``rows`` has the label, status, message, error code and payload of its rows, or of 100
        of them, first those that did not make it; a payload is None if it was not kept. Times
        are in Unix seconds, None = not yet.
        """
        operation = self._operation(number)
        rows = [operation.rows[at] for at in rows_to_look_at(operation)]
        stored = self._look(self.id, rows) if self._look else []
        mask = self._execution.mask if self._execution else str
        shown = replace(operation, context=self._shown(operation.context))
        return details(shown, labels=self.labels, stored=stored, mask=mask)

    def _operation(self, number: int) -> Operation:
        try:
            return self.operations[number]
        except (IndexError, TypeError):
            count = len(self.operations)
            raise UsageError(
                f"no operation {number!r}: the run has {count:,}, numbered from 0 in the order sent"
            ) from None

    def on_change(self, callback: Callable[[Sequence[int], bool], None]) -> Callable[[], None]:
        """Call *callback* with the numbers of changed operations and whether all is at rest.

        It is called on the engine's thread, at most five times a second, and every
        five seconds even if nothing changed. The run counts as at rest right after it has
        said so. What waits for the engine (``wait``, ``details``, ``export``, a session's
        ``close`` and ``forget``) is refused there. Returns what ends it.
        """
        return self._ledger.on_change(callback)

    def _ipython_display_(self) -> None:
        type(self).show(self)

    def __repr__(self) -> str:
        notices = "".join(f"; {notice}" for notice in self.notices)
        text = f"<Run {self.id}: {self.title}, {self.status}: {counts_text(self.counts)}{notices}>"
        return one_line(text)


def _detached(record: StoredRun) -> str:
    settings = "".join(f", {key}={value!r}" for key, value in record.settings.items())
    return (
        f"nobody is connected to {record.destination!r} as it was: session.connect(…{settings}) "
        "goes on with it"
    )


def _wait_keeping_loop(work: Coroutine[Any, Any, RunStatus]) -> RunStatus:
    """Wait inside the running loop, so that the caller's own tasks on it go on."""
    # Imported here because it is the user's explicit choice: applying it slows
    # every loop of the process. The original nest_asyncio breaks newer kernels.
    import nest_asyncio2

    loop = asyncio.get_event_loop()
    nest_asyncio2.apply(loop)
    status: RunStatus = loop.run_until_complete(work)
    return status
