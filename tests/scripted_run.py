"""A run without an engine, for tests of what watches one: in Python and in notebooks."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from asyncdest_nb.operation import RESTING, Operation, RowStatus, State, row_outcomes, run_status

Changed = Callable[[Sequence[int], bool], None]


class ScriptedRun:
    """A run whose operations change when the script says so, on the caller's thread."""

    def __init__(
        self,
        operations: Iterable[Operation],
        *,
        run_id: str = "run-1",
        labels: Sequence[str] | None = None,
        title: str = "asyncOperation to Example Async",
        invalid: int = 0,
    ) -> None:
        self.id = run_id
        self.title = title
        self.operations = list(operations)
        rows = sum(len(each.rows) for each in self.operations)
        self.labels = labels or [f"row {number}" for number in range(rows)]
        self.notices: list[str] = []
        self.created_at = time.time()
        self.callbacks: list[Changed] = []
        self._invalid = invalid
        self._counts = Counter({RowStatus.INVALID: invalid})
        for each in self.operations:
            self._counts.update(outcome.status for outcome in row_outcomes(each))

    @property
    def status(self) -> str:
        return run_status((each.state for each in self.operations), invalid=self._invalid)

    @property
    def counts(self) -> dict[str, int]:
        return {status.value: self._counts[status] for status in RowStatus}

    def on_change(self, callback: Changed) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def change(self, *operations: Operation) -> None:
        """Replace *operations* and tell everyone."""
        for each in operations:
            before = self.operations[each.number]
            self._counts.subtract(outcome.status for outcome in row_outcomes(before))
            self._counts.update(outcome.status for outcome in row_outcomes(each))
            self.operations[each.number] = each
        at_rest = all(each.state in RESTING for each in self.operations)
        for callback in list(self.callbacks):
            callback([each.number for each in operations], at_rest)


def planned(count: int, *, rows_each: int = 1) -> list[Operation]:
    """Return *count* operations nobody has sent, of so many rows each."""
    return [
        Operation(number, tuple(range(number * rows_each, (number + 1) * rows_each)))
        for number in range(count)
    ]


def play(
    count: int, *, seconds: float, run_id: str = "run-1", fail_every: int = 10, invalid: int = 0
) -> ScriptedRun:
    """Start a run that goes from planned to its end in so many *seconds*, on a thread."""
    run = ScriptedRun(planned(count), run_id=run_id, invalid=invalid)
    threading.Thread(target=_play, args=(run, seconds, fail_every), daemon=True).start()
    return run


def _play(run: ScriptedRun, seconds: float, fail_every: int) -> None:
    started, ticks = time.time(), max(1, round(seconds * 5))
    count = len(run.operations)
    for tick in range(1, ticks + 1):
        time.sleep(max(0.0, started + tick * 0.2 - time.time()))
        share = tick / ticks
        # The first operations finish early, the last at the end.
        pairs = [(each, _at(each, share, count, fail_every)) for each in run.operations]
        run.change(*(new for old, new in pairs if new != old))


def _at(operation: Operation, share: float, count: int, fail_every: int) -> Operation:
    begin = 0.6 * operation.number / count
    done = (share - begin) / 0.4
    if operation.is_final or done <= 0:
        return operation
    now = time.time()
    operation = replace(
        operation,
        operation_id=f"op-{operation.number:05d}-{operation.number * 7919 % 65536:04x}",
        submitted_at=operation.submitted_at or now,
        polls=operation.polls + 1,
    )
    if done < 1:
        progress = float(int(done * 100))
        message = f"Processing: step {int(done * 5) + 1} of 5"
        return replace(operation, state=State.RUNNING, progress=progress, message=message)
    if fail_every and operation.number % fail_every == fail_every - 1:
        why = "Profile sync failed: the record is locked by another process"
        return replace(
            operation, state=State.FAILED, message=why, error_code="LOCKED", finished_at=now
        )
    return replace(
        operation, state=State.COMPLETED, message="Profile synchronized", finished_at=now
    )
