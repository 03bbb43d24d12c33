"""What became of the rows of a run at one moment, to be read in slices."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from ...errors import VALIDATION_FAILED
from ...operation import Operation, RowOutcome, RowStatus, row_outcomes

_UNCHANGED = RowOutcome(RowStatus.UNCHANGED, "not sent: equal to what was completed last")


class RowOutcomes:
    """The outcomes of *rows* rows by their position, made when they are asked for.

    *unchanged* are positions, in order.
    """

    def __init__(
        self,
        rows: int,
        operations: Sequence[Operation],
        invalid: Mapping[int, str],
        unchanged: Sequence[int] = (),
    ) -> None:
        self._rows = rows
        self._operations = operations
        self._invalid = sorted(invalid.items())
        self._unchanged = unchanged
        # By batch keys, the rows of an operation may be anywhere.
        firsts = [(each.rows[0], each.rows[-1]) for each in operations]
        ends = [row for pair in firsts for row in pair]
        self._first_rows = [first for first, _ in firsts] if ends == sorted(ends) else None

    def __len__(self) -> int:
        return self._rows

    def at(self, some: range) -> list[RowOutcome]:
        """Return the outcomes of *some* rows that follow each other, in their order."""
        found = [RowOutcome(RowStatus.PENDING)] * len(some)
        first, last = (bisect_left(self._unchanged, end) for end in (some.start, some.stop))
        for position in self._unchanged[first:last]:
            found[position - some.start] = _UNCHANGED
        start = bisect_left(self._invalid, (some.start, ""))
        for position, reason in self._invalid[start:]:
            if position >= some.stop:
                break
            found[position - some.start] = RowOutcome(
                RowStatus.INVALID, reason, VALIDATION_FAILED, retryable=False
            )
        for operation in self._operations_of(some):
            for position, outcome in zip(operation.rows, row_outcomes(operation), strict=True):
                if position in some:
                    found[position - some.start] = outcome
        return found

    def _operations_of(self, some: range) -> Iterable[Operation]:
        if self._first_rows is None:
            return (each for each in self._operations if _overlap(each, some))
        # The one before the first that begins in *some* may reach into it.
        start = max(0, bisect_left(self._first_rows, some.start) - 1)
        return self._operations[start : bisect_left(self._first_rows, some.stop)]


def _overlap(operation: Operation, some: range) -> bool:
    return operation.rows[0] < some.stop and operation.rows[-1] >= some.start
