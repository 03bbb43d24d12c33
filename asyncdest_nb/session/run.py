"""A run: the rows of one submit, and what the destination does with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Generator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..engine import Execution
from ..errors import UsageError, WaitInterrupted, check_bool, check_number
from ..operation import Operation, RunStatus, State, counts_text
from ..portal import STEP_SECONDS, call_from_any_thread, wait, wait_async
from ..schedule import Schedule
from .details import details, shown_rows
from .end_notices import at_end, call_on_own_thread
from .entry import RunEntry, connect_code
from .incomplete import rows_failed
from .process_bound import ProcessBound
from .progress import WaitDisplay, wait_keeping_loop, wait_visibly
from .report import RunReport

if TYPE_CHECKING:  # A registry makes the runs.
    from .registry import RunRegistry


class Run(ProcessBound, RunReport):
    """The rows of one submit: the state of each operation, and the outcome of each row.

    It continues by itself; ``await`` it or ``wait()`` for it, as often as you like.
    Interrupting a wait stops the waiting, never the work.
    """

    # How a notebook displays a run, and draws it; the package's face sets them.
    show: ClassVar[Callable[..., None]] = print
    plot: ClassVar[Callable[..., Any]]
    widget: ClassVar[Callable[..., Any]]

    _entry: RunEntry  # Of the report.

    def __init__(
        self,
        entry: RunEntry,
        *,
        retry_of: Run | None,
        registry: RunRegistry | None,
        compared: Future[Run | None] | None = None,
    ) -> None:
        """Make a run; *compared* gets the run that submitted the same rows before, None = none.

        *compared* None = that is known already.
        """
        super().__init__(entry)
        self.retry_of = retry_of  # None = the run of a submit
        self._compared: Future[None] = Future()  # With earlier runs.
        if compared is None:
            self._compared.set_result(None)
        else:
            compared.add_done_callback(lambda done: self._note_compared(done.result()))
        self._registry = registry  # None = loaded from a file, and part of no session

    def _note_compared(self, same: Run | None) -> None:
        """Show the run *same* from now on, and have its id; on the engine's thread."""
        if same is not None:
            before, self._entry = self._entry, same._entry
            self.retry_of = same.retry_of
            self._entry.ledger.take_over(before.ledger)
        self._compared.set_result(None)

    def wait_until_compared(self) -> None:
        """Wait until it is known whether its rows were submitted before.

        Of more than 20,000 rows ``submit`` returns before that is known.
        """
        while not (wait(self._compared, STEP_SECONDS) or self.is_at_rest):
            pass

    def wait(self, timeout: float | None = None, *, keep_loop: bool = False) -> RunStatus:
        """Wait until nothing more happens, or *timeout* seconds, and return the status.

        "pending" then means that the time was up, or that operations wait for your
        decision. A line in the notebook's cell shows the progress, in a terminal a bar.
        With *keep_loop* tasks of your own on the notebook's loop continue meanwhile (this
        patches asyncio in the whole process). Raises StoreError if the session could not be
        written: what was not sent by then was not sent; AsyncDestError if the session was
        closed first; UsageError for a run of a reopened session before you connect to its
        destination, and in a fork of the process that has it.
        """
        check_number("timeout", timeout, zero=True, unit="seconds")
        self._require_connected()
        if keep_loop:
            return wait_keeping_loop(self._wait_async(timeout))
        WaitDisplay.show(self, timeout)
        try:
            wait_visibly(
                self.rested,
                timeout,
                title=self.title,
                counts=lambda: self.counts,
                notices=lambda: self.notices,
            )
        except KeyboardInterrupt as stop:
            raise WaitInterrupted from stop
        return self._status_or_error()

    def __await__(self) -> Generator[Any, None, RunStatus]:
        return self._wait_async(None).__await__()

    def _require_connected(self) -> None:
        if not self.is_at_rest:
            self._execution()

    async def _wait_async(self, timeout: float | None) -> RunStatus:
        self._require_connected()
        WaitDisplay.show(self, timeout)
        try:
            await wait_async(self.rested, timeout)
        except asyncio.CancelledError as stop:  # In a notebook by the stop button.
            WaitDisplay.mark_canceled(stop)
            raise
        return self._status_or_error()

    def _status_or_error(self) -> RunStatus:
        if self.is_at_rest:
            self.rested.result()
        return self.status

    def raise_for_failed(self, *, allow: Collection[str] = ()) -> None:
        """Raise RowsFailed unless every row of the frame completed.

        As the last cell of a scheduled notebook it ends that as failed: when rows are
        failed, invalid, canceled or unknown, or operations wait for your decision. *allow*
        are statuses that shall not count, such as ``["invalid"]``. Raises UsageError while
        the run is still going, and what ``wait`` raises if it ended early.
        """
        if not self.is_at_rest:
            raise UsageError("the run is still going: run.wait() first")
        self.rested.result()
        error = rows_failed(self._entry, allow=allow)
        if error is not None:
            raise error

    def when_done(self, function: Callable[[Run], object]) -> None:
        """Call *function* with this run when nothing more happens by itself; at once if so.

        It is called once, on a thread of its own, where it may wait, read results or send
        a mail; the process does not end before it. An error of it is logged, and a notice
        of the run. It is not called if the session is closed first, nor again after a
        restart. Raises UsageError if *function* cannot be called.
        """
        if not callable(function):
            raise UsageError(f"when_done takes a function of the run, not {function!r}")
        entry = self._entry
        at_end(entry, lambda: call_on_own_thread(entry, lambda: function(self)))

    def cancel(self) -> None:
        """Send nothing more, and ask the destination to cancel what it accepted; returns at once.

        Rows that were not sent are canceled. The destination decides about the others: it may
        finish them first. If it cannot cancel, there is a notice, and the polling continues;
        ``Session.forget`` ends that too.
        """
        call_from_any_thread(self._execution().cancel())

    def pause(self) -> None:
        """Send no request until ``resume``; the destination continues what it accepted.

        Requests on their way are not called back. A paused run can be canceled.
        """
        call_from_any_thread(self._execution().pause(is_paused=True))

    def resume(self) -> None:
        """Continue after ``pause``."""
        call_from_any_thread(self._execution().pause(is_paused=False))

    def resolve(self, *, applied: bool) -> None:
        """Decide whether all held operations were applied, after a look at the destination.

        Nobody can know it here: a reply was lost, or the kernel was killed. True: they are
        final, and their rows stay "unknown", since the destination has not stated how they
        ended. False: their rows are failed and may be sent again, by ``retry``. Raises
        UsageError if nothing is held.
        """
        check_bool("applied", applied)
        execution = self._execution()
        if not self._entry.ledger.states.get(State.HELD):
            why = execution.searched or counts_text(self.counts)
            final = "" if execution.searched or not self.counts["unknown"] else "; unknown is final"
            raise UsageError(f"no operation waits for your decision: {why}{final}")
        call_from_any_thread(execution.resolve(applied=applied))

    def _execution(self) -> Execution:
        """Return its execution; raises UsageError if the session is closed or not connected."""
        if self._registry is not None:
            self._registry.require_open()
        if self._entry.execution is None:
            raise UsageError(self._entry.disconnected)
        return self._entry.execution

    def retry(self, *, batch_size: int | None = None, schedule: Schedule | None = None) -> Run:
        """Send the rows that may be sent again, as a new run, and return at once with that.

        Those are the failed rows that the destination calls retryable, and all that
        provably were not applied. They go by the connection of the submit: if that had
        a wrong key, connect and submit again instead. A batch has at most *batch_size* rows,
        None = as many as in this run. Of the new run ``results`` and
        ``failed`` have every row of the frame: those sent again as they are now, the others
        as they were. Raises UsageError if the run is still going, no row may be sent again,
        or they were sent again already: then retry that later run.
        """
        check_number("batch_size", batch_size, whole=True)
        self._execution()
        return self._home().retry(self._entry, batch_size=batch_size, schedule=schedule)

    def export(self, path: str | Path) -> None:
        """Write the run, and the retries before and after it, to a file: ``ad.load(path)``.

        One SQLite file with its results, labels and payloads, and no secret. Raises
        UsageError if there is a file already, StoreError if it cannot be written.
        """
        self._home().export(self._entry, Path(path).expanduser())

    def _home(self) -> RunRegistry:
        """Return the registry of its session; raises UsageError if it is of none."""
        if self._registry is None:
            raise UsageError(f"this run belongs to no session: {self._entry.disconnected}")
        return self._registry

    @property
    def continued_by(self) -> str | None:
        """The code that continues it after a restart of the kernel; "…" in it is what is secret.

        "" = nothing can, since it is in memory; None = it goes on nowhere, as it was loaded
        from a file.
        """
        if self._registry is None:
            return None
        opened, connected = self._registry.code, connect_code(self._entry.record)
        return opened and f"session = {opened}; session.{connected}; session.run({self.id!r})"

    def details(self, number: int, *, rows: Collection[int] = ()) -> dict[str, Any]:
        """Return all that is known of operation *number*, as JSON can hold it, without secrets.

        ``rows`` has the label, status, message, error code and payload of its rows, or of 100
        of them, those that did not complete first, or those of *rows* (by their position in
        the run) that are in it; a payload is None if it was not kept. Times
        are in Unix seconds, None = not yet.
        """
        operation, entry = self._operation(number), self._entry
        places = shown_rows(operation, rows)
        positions = [operation.rows[at] for at in places]
        if self._registry is None:
            stored = [entry.rows[row] for row in positions]
        else:
            stored = self._registry.rows(self.id, positions)
        shown = replace(operation, context=entry.shown(operation.context))
        return details(shown, places=places, labels=self.labels, stored=stored, mask=entry.mask)

    def _operation(self, number: int) -> Operation:
        try:
            return self.operations[number]
        except (IndexError, TypeError):
            count = len(self.operations)
            raise UsageError(
                f"no operation {number!r}: the run has {count:,}, numbered from 0 in the order sent"
            ) from None

    def _ipython_display_(self) -> None:
        type(self).show(self)
