"""A run: the rows of one submit, on their way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import Future
from typing import Any, ClassVar

from ..engine import Execution, Ledger
from ..errors import UsageError
from ..frame import DataFrame, to_frame, with_columns
from ..operation import Operation, RowOutcome, RowStatus, RunStatus
from ..portal import tell, wait, wait_async
from ..schedule import Schedule

Again = Callable[["Run", Sequence[int], Schedule | None], "Run"]

_DETACHED = "nobody is connected to its destination: session.connect(…) goes on with it"
_FAILED = (RowStatus.FAILED, RowStatus.INVALID, RowStatus.CANCELED)


class Run:
    """The rows of one submit: how each operation stands, and what became of each row.

    It goes on by itself; ``await`` it or ``wait()`` for it, as often as you like.
    Interrupting a wait stops the waiting, never the work.
    """

    # How a notebook shows a run; the package's face sets it.
    show: ClassVar[Callable[[Run], None]] = print

    def __init__(
        self,
        run_id: str,
        title: str,
        *,
        frame: DataFrame,
        labels: Sequence[str],
        ledger: Ledger,
        created_at: float | None = None,
        retry_of: Run | None = None,
        positions: Sequence[int] = (),
    ) -> None:
        self.id = run_id
        self.title = title
        self.labels = labels
        self.retry_of = retry_of  # None = the run of a submit
        self.created_at = time.time() if created_at is None else created_at  # Unix seconds
        self._frame = frame
        self._ledger = ledger
        self._execution: Execution | None = None  # None = nobody is connected to go on with it.
        self._again: Again | None = None
        self._retried_as: Run | None = None
        self._result_columns: Sequence[str] = ()
        self._positions = positions  # Of its rows in the frame, if it is a retry.

    def _connect(self, execution: Execution, again: Again, result_columns: Sequence[str]) -> None:
        self._execution = execution
        self._again = again
        self._result_columns = result_columns

    @property
    def rested(self) -> Future[None]:
        """Done when nothing more happens by itself; its exception is what ended the run early."""
        return self._ledger.rested

    @property
    def status(self) -> RunStatus:
        """The run in one word: pending while anything is open, or waits for your decision."""
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
    def notices(self) -> list[str]:
        """Sentences to see now: throttling, an unreachable host, a full disk."""
        if self._execution is not None:
            return self._execution.notices()
        return [] if self.is_at_rest else [_DETACHED]

    @property
    def stats(self) -> dict[str, int | float]:
        """What the run has cost so far: rows, operations, requests, polls, seconds, …"""
        operations = list(self.operations)
        ends = [each.finished_at for each in operations if each.finished_at is not None]
        end = max(ends, default=self.created_at) if self.is_at_rest else time.time()
        return {
            "rows": len(self.labels),
            "operations": len(operations),
            "requests": self._execution.requests if self._execution else 0,
            "polls": sum(each.polls for each in operations),
            "polls_without_answer": sum(each.poll_errors for each in operations),
            "seconds": round(end - self.created_at, 3),
        }

    def wait(self, timeout: float | None = None, *, keep_loop: bool = False) -> RunStatus:
        """Wait until nothing more happens, or *timeout* seconds, and return the status.

        "pending" then means that the time was up, or that operations wait for
        your decision. With *keep_loop* tasks of your own on the notebook's loop go
        on meanwhile (this patches asyncio in the whole process). Raises StoreError
        if the session could not be written: what was not sent by then was not sent;
        UsageError for a run of a reopened session that nobody has connected to yet.
        """
        self._require_going()
        if keep_loop:
            return _wait_keeping_loop(self._wait_async(timeout))
        wait(self.rested, timeout)
        return self._status_or_error()

    def __await__(self) -> Generator[Any, None, RunStatus]:
        return self._wait_async(None).__await__()

    def _require_going(self) -> None:
        if self._execution is None and not self.is_at_rest:
            raise UsageError(_DETACHED)

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
        the polling goes on.
        """
        if self._execution is None:
            raise UsageError(_DETACHED)
        tell(self._execution.cancel())

    def retry(self, *, schedule: Schedule | None = None) -> Run:
        """Send the rows that may be sent again, as a new run, and return at once with that.

        Those are the failed rows that the destination calls retryable, and all that
        were provably never applied. Of the new run ``results`` and ``failed`` have
        every row of the frame: those sent again as they are now, the others as they
        were. Raises UsageError if the run is still going, no row may be sent again, or
        they were sent again already: it is that run then that can be retried.
        """
        if self._again is None:
            raise UsageError(_DETACHED)
        if not self.is_at_rest:
            raise UsageError("the run is still going: wait for it, or cancel it, before a retry")
        own = self._ledger.outcomes()
        again = [position for position, outcome in enumerate(own) if outcome.retryable]
        if not again:
            raise UsageError(f"no row may be sent again as it is: {self.counts}")
        if self._retried_as is not None:
            raise UsageError(f"its rows went again as {self._retried_as}: retry that one")
        self._retried_as = self._again(self, again, schedule)
        return self._retried_as

    def results(self) -> DataFrame:
        """Return one line per row of the frame, on its index, in its order.

        Columns: ``status`` (pending, completed, failed, invalid, canceled,
        unknown), ``progress`` (percent, missing = not reported), ``message``,
        ``error_code``, ``retryable`` (whether the same row may be sent again, missing =
        nobody said), ``operation_id``, and what the destination returned: ``result``,
        or the columns that the action names.
        """
        outcomes = self._outcomes()
        return to_frame(self._frame.index, _columns(outcomes) | self._results(outcomes))

    def _outcomes(self) -> list[RowOutcome]:
        own = self._ledger.outcomes()
        if self.retry_of is None:
            return own
        found = self.retry_of._outcomes()
        for position, outcome in zip(self._positions, own, strict=True):
            found[position] = outcome
        return found

    def _results(self, outcomes: Sequence[RowOutcome]) -> dict[str, list[Any]]:
        results = [outcome.result for outcome in outcomes]
        if not self._result_columns:
            return {"result": results}
        found = [each if isinstance(each, dict) else {} for each in results]
        return {name: [each.get(name) for each in found] for name in self._result_columns}

    def failed(self) -> DataFrame:
        """Return the rows that did not make it, and why, after the frame's own columns.

        They failed, were invalid, or were never come to: canceled.
        """
        outcomes = self._outcomes()
        positions = [i for i, outcome in enumerate(outcomes) if outcome.status in _FAILED]
        columns = _columns([outcomes[i] for i in positions])
        columns.pop("progress")
        return with_columns(self._frame, positions, columns)

    def on_change(self, callback: Callable[[Sequence[int], bool], None]) -> Callable[[], None]:
        """Call *callback* with the numbers of changed operations and whether all is at rest.

        It is called on the engine's thread, at most five times a second, and every
        five seconds even if nothing changed. Returns what ends it.
        """
        return self._ledger.on_change(callback)

    def _ipython_display_(self) -> None:
        type(self).show(self)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {word}" for word, count in self.counts.items() if count)
        notices = "".join(f"; {notice}" for notice in self.notices)
        return f"<Run {self.id}: {self.title}, {self.status}: {counts or 'no rows'}{notices}>"


def _columns(outcomes: Sequence[RowOutcome]) -> dict[str, list[Any]]:
    return {
        "status": [str(outcome.status) for outcome in outcomes],
        "progress": [outcome.progress for outcome in outcomes],
        "message": [outcome.message for outcome in outcomes],
        "error_code": [outcome.error_code for outcome in outcomes],
        "retryable": [outcome.retryable for outcome in outcomes],
        "operation_id": [outcome.operation_id for outcome in outcomes],
    }


def _wait_keeping_loop(work: Coroutine[Any, Any, RunStatus]) -> RunStatus:
    """Wait inside the running loop, so that the caller's own tasks on it go on."""
    # Imported here because it is the user's explicit choice: applying it slows
    # every loop of the process. The original nest_asyncio breaks newer kernels.
    import nest_asyncio2

    loop = asyncio.get_event_loop()
    nest_asyncio2.apply(loop)
    status: RunStatus = loop.run_until_complete(work)
    return status
