"""What was sent of a run so far: the same for all browsers, so that only changes are sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from ..operation import RowStatus, State
from .columns import Column
from .entries import Entry
from .packed import Packed

SLICE = 2_000  # Operations in a message, so that none keeps a page busy for long.

_UNSENT = hash("what no browser has")
_rows = attrgetter("rows")


def _have_jobs(operations: Sequence[Entry]) -> bool:
    return max(map(len, map(_rows, operations)), default=0) > 1


class SentState:
    """What was last sent of every operation, and the header as it was sent.

    It keeps the hash of a value, since it only has to see whether the next one differs:
    the operations themselves are scattered over the memory, and with 100,000 of them each
    access is expensive. For the same reason most columns are read only where the state has
    changed.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.header: dict[str, Any] = {}
        self.has_jobs = False  # Whether any operation is a job of several rows.
        self.count = 0  # of operations
        self._all = columns
        # By number of the operation.
        self._states: list[State | RowStatus | None] = []  # None = not sent yet.
        compared = [each.name for each in columns if each.sent in ("on_state", "on_change")]
        self._hashes = {name: array("q") for name in compared}  # "q" holds what hash() returns.

    @property
    def _columns(self) -> Sequence[Column]:
        # The columns of jobs are a large part of the work, and useless without jobs.
        return [each for each in self._all if self.has_jobs or each.shown != "jobs"]

    def grow(self, operations: Sequence[Entry]) -> range:
        """Take in *operations*, and return the numbers of those that are new."""
        new = range(self.count, len(operations))
        if new:
            self.count = len(operations)
            # Of very many operations some stand for the others.
            self.has_jobs |= _have_jobs(operations[new.start : new.start + SLICE])
            self.has_jobs |= _have_jobs(operations[max(new.start, new.stop - SLICE) : new.stop])
        return new

    def _make_room(self, numbers: Sequence[int]) -> None:
        # For a million at once it would hold up the page that opens.
        known = len(self._states)
        if numbers and numbers[-1] >= known:
            more = max(numbers[-1] + 1 - known, min(known, self.count - known))
            self._states.extend([None] * more)
            for hashes in self._hashes.values():
                hashes.extend(array("q", [_UNSENT]) * more)

    def changes(self, operations: Sequence[Entry], numbers: Sequence[int]) -> Packed:
        """Return what is new of *operations* at *numbers*, which ascend; it counts as sent."""
        self._make_room(numbers)
        found, states = Packed(), self._states
        some = [operations[number] for number in numbers]
        before = zip(some, map(states.__getitem__, numbers), strict=True)
        turned = [each for each, state in before if each.state is not state]
        turns = [each.number for each in turned]
        # An operation of a batch that was divided may have other rows than before.
        unsent = [e for e in turned if states[e.number] is None or e.origin is not None]
        for column in self._columns:
            if column.sent == "once":
                found.add(column, [each.number for each in unsent], column.read(unsent))
            elif column.sent == "on_state":
                found.add(column, *self._differing(column, turns, column.read(turned)))
            elif column.sent == "on_change":
                found.add(column, *self._differing(column, numbers, column.read(some)))
            else:
                found.add(column, numbers, column.read(some))
        for each in turned:
            states[each.number] = each.state
        return found

    def _differing(
        self, column: Column, numbers: Sequence[int], values: Sequence[Any]
    ) -> tuple[Sequence[int], list[Any]]:
        hashes, now = self._hashes[column.name], [*map(hash, values)]
        before = [*map(hashes.__getitem__, numbers)]
        if now == before:  # For most columns, in most messages.
            return [], []
        new = [at for at, pair in enumerate(zip(now, before, strict=True)) if pair[0] != pair[1]]
        for at in new:
            hashes[numbers[at]] = now[at]
        return [numbers[at] for at in new], [values[at] for at in new]

    def keyframe(self, operations: Sequence[Entry], first: int) -> Packed:
        """Return all of *operations*, whose numbers begin at *first*; it counts as sent."""
        found, numbers = Packed(), range(first, first + len(operations))
        self._make_room(numbers)
        for column in self._columns:
            values = column.read(operations)
            found.add(column, numbers, values)
            if column.name in self._hashes:
                hashes = array("q", map(hash, values))
                self._hashes[column.name][numbers.start : numbers.stop] = hashes
        self._states[numbers.start : numbers.stop] = [each.state for each in operations]
        return found

    def forget(self, numbers: range) -> None:
        """Take *numbers* for those of lines that no page has, since others had them before."""
        known = range(numbers.start, min(numbers.stop, len(self._states)))
        self._states[known.start : known.stop] = [None] * len(known)
        for hashes in self._hashes.values():
            hashes[known.start : known.stop] = array("q", [_UNSENT]) * len(known)

    def whole(self, operations: Sequence[Entry], numbers: Sequence[int]) -> Packed:
        """Return all of *operations* at *numbers*, as no page may have them; it counts as sent."""
        self._make_room(numbers)
        for number in numbers:
            self._states[number] = None
            for hashes in self._hashes.values():
                hashes[number] = _UNSENT
        return self.changes(operations, numbers)

    def header_changes(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is new in *header*, and which counts are; it counts as sent."""
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
