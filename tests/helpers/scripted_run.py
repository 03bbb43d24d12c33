"""A run without an engine, for tests of displays of runs: in Python and in notebooks."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from pandas import DataFrame

from asyncdest_nb.errors import UsageError
from asyncdest_nb.operation import SETTLED, Operation, RowStatus, State, row_outcomes, run_status

ChangeCallback = Callable[[Sequence[int], bool], None]


class ScriptedRun:
    """A run whose operations change when the script changes them, on the caller's thread."""

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
        self.requests = 0
        self.is_paused = False
        self.continued_by: str | None = ""
        self.callbacks: list[ChangeCallback] = []
        self._invalid = invalid
        self._counts = Counter({RowStatus.INVALID: invalid})
        self._states: Counter[State] = Counter()
        for each in self.operations:
            self._count(each, 1)

    def _count(self, operation: Operation, by: int) -> None:
        self._states[operation.state] += by
        for outcome in row_outcomes(operation):
            self._counts[outcome.status] += by

    @property
    def status(self) -> str:
        open_ones = (state for state, count in self._states.items() if count)
        good = self._counts[RowStatus.COMPLETED]
        return run_status(open_ones, good=good, invalid=self._invalid)

    @property
    def counts(self) -> dict[str, int]:
        return {status.value: self._counts[status] for status in RowStatus}

    def column(self, name: str) -> list[str]:
        return [f"{label}@{name}" for label in self.labels]

    def details(self, number: int, *, rows: Sequence[int] = ()) -> dict[str, Any]:
        operation = self.operations[number]
        found = {each.name: getattr(operation, each.name) for each in fields(operation)}
        del found["row_outcomes"]
        found["state"] = str(operation.state)
        found["row_count"] = len(operation.rows)
        found["rows"] = [
            {
                "label": self.labels[row],
                "status": str(outcome.status),
                "message": outcome.message,
                "payload": {"user_id": self.labels[row]},
            }
            for row, outcome in zip(operation.rows, row_outcomes(operation), strict=True)
            if not rows or row in rows
        ]
        return found

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False
        self.continued_by: str | None = ""

    def cancel(self) -> None:
        open_ones = [each for each in self.operations if not each.is_final]
        self.change(*(replace(each, state=State.CANCELED) for each in open_ones))

    def retry(self) -> ScriptedRun:
        failed = [each for each in self.operations if each.state is State.FAILED]
        if not failed:
            raise UsageError("no row may be sent again as it is")
        labels = [self.labels[row] for each in failed for row in each.rows]
        return play(len(failed), seconds=1, run_id=f"{self.id}-2", fail_every=0, labels=labels)

    def results(self, *, with_frame: bool = False) -> DataFrame:
        outcomes = [each for it in self.operations for each in row_outcomes(it)]
        own = {"email": self.column("email")[: len(outcomes)]} if with_frame else {}
        return DataFrame(
            own
            | {
                "status": [str(each.status) for each in outcomes],
                "message": [each.message for each in outcomes],
            },
            index=self.labels[: len(outcomes)],
        )

    def on_change(self, callback: ChangeCallback) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def plan(self, *operations: Operation) -> None:
        """Add *operations*, and call the listeners."""
        for each in operations:
            self._count(each, 1)
            self.operations.append(each)
        for callback in list(self.callbacks):
            callback([each.number for each in operations], False)

    def change(self, *operations: Operation) -> None:
        """Replace *operations* and call the listeners."""
        for each in operations:
            self._count(each, 1)
            self._count(self.operations[each.number], -1)
            self.operations[each.number] = each
        at_rest = all(state in SETTLED for state, count in self._states.items() if count)
        for callback in list(self.callbacks):
            callback([each.number for each in operations], at_rest)


def planned(count: int, *, rows_each: int = 1) -> list[Operation]:
    """Return *count* operations that are not sent yet, of so many rows each."""
    return [
        Operation(number, tuple(range(number * rows_each, (number + 1) * rows_each)))
        for number in range(count)
    ]


def play(
    count: int, *, seconds: float, run_id: str = "run-1", fail_every: int = 10, **options: Any
) -> ScriptedRun:
    """Start a run that goes from planned to its end in so many *seconds*, on a thread."""
    run = ScriptedRun(planned(count), run_id=run_id, **options)
    threading.Thread(target=_play, args=(run, seconds, fail_every), daemon=True).start()
    return run


def _play(run: ScriptedRun, seconds: float, fail_every: int) -> None:
    started, ticks = time.time(), max(1, round(seconds * 5))
    count = len(run.operations)
    for tick in range(1, ticks + 1):
        time.sleep(max(0.0, started + tick * 0.2 - time.time()))
        while run.is_paused:
            time.sleep(0.05)
            started += 0.05
        share = tick / ticks
        run.requests += 1
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
