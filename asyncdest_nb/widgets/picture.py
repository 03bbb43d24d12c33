"""What the browsers know of a run: the same for all of them, so that only news is sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from ..operation import Operation, State
from .columns import Column
from .packing import Packed

SLICE = 2_000  # Operations in a message, so that none keeps a page busy for long.

_UNTOLD = hash("what no browser was told")
_rows = attrgetter("rows")


class Picture:
    """What was told last of every operation, and the header as it was told.

    Of a value its hash is kept, since all it is for is to see whether the next one
    differs: the operations themselves are scattered over the memory, and of 100,000
    each look costs. For the same reason most columns are looked at only where the
    state has changed.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.header: dict[str, Any] = {}
        self.has_jobs = False  # Whether any operation is a job of several rows.
        self._all = columns
        # By number of the operation.
        self._states: list[State | None] = []  # None = nobody was told of it.
        compared = [each.name for each in columns if each.changes in ("at turns", "seldom")]
        self._told = {name: array("q") for name in compared}  # "q" holds what hash() returns.

    @property
    def _columns(self) -> Sequence[Column]:
        # Those of jobs are a large part of all that is read, and of no use without.
        return [each for each in self._all if self.has_jobs or each.shown != "jobs"]

    def grow(self, operations: Sequence[Operation]) -> range:
        """Make room for *operations*, and return the numbers of those that are new."""
        new = range(len(self._states), len(operations))
        if new:
            self._states.extend([None] * len(new))
            for told in self._told.values():
                told.extend(array("q", [_UNTOLD]) * len(new))
            self.has_jobs = sum(map(len, map(_rows, operations))) > len(operations)
        return new

    def changes(self, operations: Sequence[Operation], numbers: Sequence[int]) -> Packed:
        """Return what is new of *operations* at *numbers*, which ascend, as told from now on."""
        found, states = Packed(), self._states
        some = [operations[number] for number in numbers]
        before = zip(some, map(states.__getitem__, numbers), strict=True)
        turned = [each for each, state in before if each.state is not state]
        turns = [each.number for each in turned]
        untold = [each for each in turned if states[each.number] is None]
        for column in self._columns:
            if column.changes == "never":
                found.add(column, [each.number for each in untold], column.read(untold))
            elif column.changes == "at turns":
                found.add(column, *self._news(column, turns, column.read(turned)))
            elif column.changes == "seldom":
                found.add(column, *self._news(column, numbers, column.read(some)))
            else:
                found.add(column, numbers, column.read(some))
        for each in turned:
            states[each.number] = each.state
        return found

    def _news(
        self, column: Column, numbers: Sequence[int], values: Sequence[Any]
    ) -> tuple[Sequence[int], list[Any]]:
        told, now = self._told[column.name], [*map(hash, values)]
        before = [*map(told.__getitem__, numbers)]
        if now == before:  # Of most columns, in most messages.
            return [], []
        news = [at for at, pair in enumerate(zip(now, before, strict=True)) if pair[0] != pair[1]]
        for at in news:
            told[numbers[at]] = now[at]
        return [numbers[at] for at in news], [values[at] for at in news]

    def renewed(self, operations: Sequence[Operation], first: int) -> Packed:
        """Return all of *operations*, whose numbers follow *first*, as told from now on."""
        found, numbers = Packed(), range(first, first + len(operations))
        for column in self._columns:
            values = column.read(operations)
            found.add(column, numbers, values)
            if column.name in self._told:
                told = array("q", map(hash, values))
                self._told[column.name][numbers.start : numbers.stop] = told
        self._states[numbers.start : numbers.stop] = [each.state for each in operations]
        return found

    def header_changes(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is new in *header*, as told from now on; of counts each that is."""
        found = _new(header, self.header)
        if "counts" in found:
            found["counts"] = _new(header["counts"], self.header.get("counts", {}))
        self.header = dict(header)
        return found


def _new(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in now.items() if before.get(key) != value}


def slices(count: int) -> Iterator[range]:
    """Yield the numbers of *count* operations in portions; one empty portion for none."""
    for start in range(0, max(1, count), SLICE):
        yield range(start, min(start + SLICE, count))
