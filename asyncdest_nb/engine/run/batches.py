"""From rows to batches: pure, and the only place where rows are assigned to operations."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...destination import Action, WrittenPayloads
from ...frame import RowSlice
from ...mapping import UNDEFINED
from ...operation import Operation
from .prepared import PreparedSlice


@dataclass(frozen=True)
class InputRows:
    """Rows in memory as a source: values, faults by position, and labels to show.

    ``texts`` are the stored payloads that they must map to again, None = any.
    """

    rows: Sequence[Mapping[str, Any]]
    faults: Mapping[int, str]
    labels: Sequence[str]
    texts: Sequence[str | None] | None = None

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def at(self, positions: Sequence[int]) -> InputRows:
        """Return the rows at *positions*, in that order."""
        return InputRows(
            [self.rows[each] for each in positions],
            {new: self.faults[old] for new, old in enumerate(positions) if old in self.faults},
            [self.labels[each] for each in positions],
            None if self.texts is None else [self.texts[each] for each in positions],
        )

    def slices(self, rows: int) -> Iterator[RowSlice]:
        """Yield all rows, in slices of at most *rows*."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        for start in range(0, len(self.rows), rows):
            some = self.rows[start : start + rows]
            yield RowSlice(
                start,
                self.labels[start : start + rows],
                {name: [row.get(name, UNDEFINED) for row in some] for name in names},
                {
                    at: self.faults[start + at]
                    for at in range(len(some))
                    if start + at in self.faults
                },
                None if self.texts is None else self.texts[start : start + rows],
            )


@dataclass(slots=True)
class Batch:
    """What one call of ``perform`` or ``perform_batch`` carries, and for which operations.

    ``payloads`` are at hand while it is being sent.
    """

    number: int
    positions: Sequence[int]
    operations: Sequence[int]  # Their numbers.
    payloads: WrittenPayloads | None = None


@dataclass(slots=True)
class RowsToSend:
    """The rows that may be sent: what their batches depend on, without their payloads.

    ``keys`` is empty if they are all equal.
    """

    # A list of a million integers has 36 MB.
    positions: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    keys: list[str] = field(default_factory=list)

    def add(self, prepared: PreparedSlice) -> None:
        """Add the valid rows of a slice."""
        start = prepared.part.start
        if None not in prepared.texts:
            self.positions.extend(range(start, start + len(prepared.texts)))
            self.sizes.extend(prepared.sizes)
            self.keys += prepared.keys
            return
        valid = [at for at, text in enumerate(prepared.texts) if text is not None]
        self.positions.extend(start + at for at in valid)
        self.sizes.extend(prepared.sizes[at] for at in valid)
        self.keys += [prepared.keys[at] for at in valid] if prepared.keys else []

    def without(self, positions: Mapping[int, str]) -> RowsToSend:
        """Return the rows that are not at *positions*."""
        own = [at for at, position in enumerate(self.positions) if position not in positions]
        return RowsToSend(
            array("q", [self.positions[at] for at in own]),
            array("q", [self.sizes[at] for at in own]),
            [self.keys[at] for at in own] if self.keys else [],
        )


def batched(rows: RowsToSend, *, action: Action, batch_size: int | None) -> Iterator[list[int]]:
    """Split *rows* into batches: by rows, by bytes, and by the action's batch keys.

    *batch_size* None = as many rows as the action takes. Rows of the same keys keep their
    order.
    """
    count = 1
    if action.perform_batch is not None:
        count = min(batch_size or action.batch_size, action.batch_size)
    for group in _grouped(rows, action.batch_keys):
        yield from _split(group, count=count, size_bytes=action.batch_bytes)


def _grouped(rows: RowsToSend, keys: Sequence[str]) -> Iterable[Iterable[tuple[int, int]]]:
    each_row = zip(rows.positions, rows.sizes, strict=True)
    if not keys:
        return [each_row]
    groups: dict[str, list[tuple[int, int]]] = {}
    for row, own in zip(each_row, rows.keys, strict=True):
        groups.setdefault(own, []).append(row)
    return groups.values()


def _split(rows: Iterable[tuple[int, int]], *, count: int, size_bytes: int) -> Iterator[list[int]]:
    batch: list[int] = []
    held = 0
    for position, size in rows:
        size += 1  # With the comma or line end that separates it from the next.
        if batch and (len(batch) == count or held + size > size_bytes):
            yield batch
            batch, held = [], 0
        batch.append(position)
        held += size
    if batch:
        yield batch


def plan(
    rows: RowsToSend, *, action: Action, batch_size: int | None
) -> Iterator[tuple[Batch, list[Operation]]]:
    """Assign *rows* to batches, and each batch to its operations: one per row, or one for all."""
    start = 0
    for number, members in enumerate(batched(rows, action=action, batch_size=batch_size)):
        positions = tuple(members)  # A job has the same, and shares them.
        operations = list(_operations(positions, start=start, batch=number, action=action))
        yield Batch(number, positions, _numbers(operations)), operations
        start += len(operations)


def _operations(
    positions: Sequence[int], *, start: int, batch: int, action: Action
) -> Iterator[Operation]:
    is_one = action.operation_per == "batch" or len(positions) == 1
    groups = [positions] if is_one else [[each] for each in positions]
    for number, group in enumerate(groups, start):
        # Mostly its numbers are the position of its row: then all are one object.
        row = group[0]
        own, its_batch = row if row == number else number, row if row == batch else batch
        yield Operation(number=own, rows=tuple(group), batch=its_batch)


def _numbers(operations: Sequence[Operation]) -> Sequence[int]:
    """Return the numbers of *operations*, which follow each other."""
    first = operations[0]
    if len(operations) == 1 and first.rows == (first.number,):
        return first.rows  # Of 100,000 single rows, another sequence takes 5 MB.
    return range(first.number, first.number + len(operations))
