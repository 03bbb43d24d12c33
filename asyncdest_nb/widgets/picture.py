"""What the browsers know of a run: the same for all of them, so that only news is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..operation import Operation
from .columns import Column
from .packing import Packed

SLICE = 2_000  # Operations in a message, so that none keeps a page busy for long.

_UNTOLD = object()


class Picture:
    """The cells and the header as they were told last.

    A late browser is given this rather than the run itself: what is told next is the
    difference to it.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.header: dict[str, Any] = {}
        self.has_jobs = False  # Whether any operation is a job of several rows.
        self._all = columns
        self._cells: dict[str, list[Any]] = {column.name: [] for column in columns}
        self._count = 0
        self._has_untold = False

    @property
    def _columns(self) -> Sequence[Column]:
        # Those of jobs are a large part of all that is read, and of no use without.
        return [each for each in self._all if self.has_jobs or each.shown != "jobs"]

    def begin(self, operations: Sequence[Operation]) -> None:
        """Take in the run as it is before anyone was told of it."""
        self.grow(operations)
        for column in self._columns:
            self._cells[column.name] = [*map(column.read, operations)]
        self._has_untold = False

    def grow(self, operations: Sequence[Operation]) -> range:
        """Make room for *operations*, and return the numbers of those that are new."""
        new = range(self._count, len(operations))
        if new:
            self._count = len(operations)
            self._has_untold = True
            self.has_jobs = any(len(each.rows) > 1 for each in operations)
            for cells in self._cells.values():
                cells.extend([_UNTOLD] * len(new))
        return new

    def whole(self) -> Packed:
        """Return all that was told."""
        found, numbers = Packed(), range(self._count)
        for column in self._columns:
            found.add(column, numbers, self._cells[column.name])
        return found

    def changes(self, operations: Sequence[Operation]) -> Packed:
        """Return what is new of *operations*, in order of number, as told from now on."""
        found, numbers = Packed(), [each.number for each in operations]
        for column in self._columns:
            if column.changes != "never" or self._has_untold:
                told, values = self._news(column, operations, numbers)
                cells = self._cells[column.name]
                for number, value in zip(told, values, strict=True):
                    cells[number] = value
                found.add(column, told, values)
        self._has_untold = self._has_untold and _UNTOLD in self._cells[self._all[0].name]
        return found

    def _news(
        self, column: Column, operations: Sequence[Operation], numbers: list[int]
    ) -> tuple[list[int], list[Any]]:
        values = [*map(column.read, operations)]
        if column.changes == "often":
            return numbers, values
        cells = self._cells[column.name]
        told = [*map(cells.__getitem__, numbers)]
        if told == values:  # Of most columns, in most messages.
            return [], []
        pairs = [
            (number, new)
            for number, new, old in zip(numbers, values, told, strict=True)
            if new != old
        ]
        return [number for number, _ in pairs], [value for _, value in pairs]

    def renewed(self, operations: Sequence[Operation], first: int) -> Packed:
        """Return all of *operations*, whose numbers follow *first*, as told from now on."""
        found, numbers = Packed(), range(first, first + len(operations))
        for column in self._columns:
            values = [*map(column.read, operations)]
            self._cells[column.name][numbers.start : numbers.stop] = values
            found.add(column, numbers, values)
        return found

    def header_changes(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is new in *header*, as told from now on; of counts each that is."""
        found = _new(header, self.header)
        if "counts" in found:
            found["counts"] = _new(header["counts"], self.header.get("counts", {}))
        # A delta with rows in it says so itself.
        found.pop("heard_at", None)
        self.header = dict(header)
        return found


def _new(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in now.items() if before.get(key) != value}


def slices(count: int) -> Iterator[range]:
    """Yield the numbers of *count* operations in portions; one empty portion for none."""
    for start in range(0, max(1, count), SLICE):
        yield range(start, min(start + SLICE, count))
