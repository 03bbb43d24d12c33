"""What the browsers know of a run: the same for all of them, so that only news is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from ..operation import Operation
from .columns import Column
from .packing import Packed

SLICE = 2_000  # Operations in a message, so that none keeps a page busy for long.

_UNTOLD = object()
_rows = attrgetter("rows")


class Picture:
    """The operations and the header as they were told last.

    A late browser is given this rather than the run itself: what is told next is the
    difference to it.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.header: dict[str, Any] = {}
        self.has_jobs = False  # Whether any operation is a job of several rows.
        self._all = columns
        self._told: list[Operation | None] = []  # None = not told yet.
        self._untold = 0

    @property
    def _columns(self) -> Sequence[Column]:
        # Those of jobs are a large part of all that is read, and of no use without.
        return [each for each in self._all if self.has_jobs or each.shown != "jobs"]

    def begin(self, operations: Sequence[Operation]) -> None:
        """Take in the run as it is before anyone was told of it."""
        self.grow(operations)
        self._take(operations, 0)

    def grow(self, operations: Sequence[Operation]) -> range:
        """Make room for *operations*, and return the numbers of those that are new."""
        new = range(len(self._told), len(operations))
        if new:
            self._told.extend([None] * len(new))
            self._untold += len(new)
            self.has_jobs = sum(map(len, map(_rows, operations))) > len(operations)
        return new

    def whole(self) -> Packed:
        """Return all that was told."""
        told = [each for each in self._told if each is not None]
        numbers = range(len(told)) if not self._untold else [each.number for each in told]
        return self._packed(numbers, told)

    def changes(self, operations: Sequence[Operation]) -> Packed:
        """Return what is new of *operations*, in order of number, as told from now on."""
        found, numbers = Packed(), [each.number for each in operations]
        last = [self._told[number] for number in numbers]
        turned, before = _turned(operations, last)
        for column in self._columns:
            if column.changes == "often":
                found.add(column, numbers, column.read(operations))
            elif column.changes == "seldom":
                found.add(column, *self._news(column, operations, last))
            elif column.changes == "at turns" or self._untold:
                found.add(column, *self._news(column, turned, before))
        for number, operation in zip(numbers, operations, strict=True):
            self._told[number] = operation
        if self._untold:
            self._untold -= sum(each is None for each in last)
        return found

    def _news(
        self, column: Column, operations: Sequence[Operation], last: Sequence[Operation | None]
    ) -> tuple[list[int], list[Any]]:
        values, told = column.read(operations), self._values(column, last)
        if told == values:  # Of most columns, in most messages.
            return [], []
        pairs = [
            (operation.number, new)
            for operation, new, old in zip(operations, values, told, strict=True)
            if new != old
        ]
        return [number for number, _ in pairs], [value for _, value in pairs]

    def _values(self, column: Column, last: Sequence[Operation | None]) -> list[Any]:
        known = column.read([each for each in last if each is not None])
        if len(known) == len(last):
            return known
        rest = iter(known)
        return [_UNTOLD if each is None else next(rest) for each in last]

    def renewed(self, operations: Sequence[Operation], first: int) -> Packed:
        """Return all of *operations*, whose numbers follow *first*, as told from now on."""
        self._take(operations, first)
        return self._packed(range(first, first + len(operations)), operations)

    def _take(self, operations: Sequence[Operation], first: int) -> None:
        end = first + len(operations)
        if self._untold:
            self._untold -= sum(each is None for each in self._told[first:end])
        self._told[first:end] = operations

    def _packed(self, numbers: Sequence[int], operations: Sequence[Operation]) -> Packed:
        found = Packed()
        for column in self._columns:
            found.add(column, numbers, column.read(operations))
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


def _turned(
    operations: Sequence[Operation], last: Sequence[Operation | None]
) -> tuple[list[Operation], list[Operation | None]]:
    """Return those that are new or in another state than they were, and what they were.

    Most columns need no look at the others, and of 100,000 operations each look costs.
    """
    pairs = [
        (now, was)
        for now, was in zip(operations, last, strict=True)
        if was is None or now.state is not was.state
    ]
    return [now for now, _ in pairs], [was for _, was in pairs]


def _new(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in now.items() if before.get(key) != value}


def slices(count: int) -> Iterator[range]:
    """Yield the numbers of *count* operations in portions; one empty portion for none."""
    for start in range(0, max(1, count), SLICE):
        yield range(start, min(start + SLICE, count))
