"""Why rows did not make it: the failures of a run grouped by reason, and the rows of a reason."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..operation import RowStatus, row_outcomes, row_status
from .entries import Entries, Entry, InvalidRow
from .row_search import FoundRows
from .run_view import RunView, cut

MOST = 50  # Reasons that are shown, the most frequent first.
_CHARACTERS = 300
_FAILED = (RowStatus.FAILED, RowStatus.UNKNOWN)
# What differs from row to row in messages that mean the same: addresses, ids, numbers.
_VARYING = re.compile(r"[^\s'\"(),;:<>]*[\d@][^\s'\"(),;:<>]*")


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """A status, an error code ("" = none) and a message, which rows have in common."""

    status: str
    code: str
    message: str


def reasons(run: RunView) -> tuple[list[tuple[Reason, int]], bool]:
    """Return the reasons with how many rows have each, and whether messages were generalized.

    Where there are more than MOST, what has a digit or an @ in it is "…" in every message.
    """
    counts = _counted(run)
    is_general = len(counts) > MOST
    if is_general:
        general: Counter[Reason] = Counter()
        for reason, rows in counts.items():
            general[_generalized(reason)] += rows
        counts = general
    # Equals keep their order while others fail.
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])), is_general


def rows_of(run: RunView, wanted: Reason, *, is_general: bool) -> FoundRows:
    """Return the rows that have a reason, as ``reasons`` returned it."""
    found = FoundRows(array("I"), array("I"))
    for number, reason, rows in _failures(Entries(run).now()):
        if (_generalized(reason) if is_general else reason) == wanted:
            found.rows.extend(rows)
            found.numbers.extend([number] * len(rows))
    return found


def _counted(run: RunView) -> Counter[Reason]:
    counts: Counter[Reason] = Counter()
    for _, reason, rows in _failures(Entries(run).now()):
        counts[reason] += len(rows)
    return counts


def _failures(entries: Sequence[Entry]) -> Iterator[tuple[int, Reason, Sequence[int]]]:
    """Yield the number of a line of the table, a reason, and rows in it that have the reason."""
    for entry in entries:
        if isinstance(entry, InvalidRow):
            yield entry.number, _reason(entry.state, entry), entry.rows
        elif entry.row_outcomes is not None:
            for row, outcome in zip(entry.rows, row_outcomes(entry), strict=True):
                if outcome.status in _FAILED:
                    yield entry.number, _reason(outcome.status, outcome), (row,)
        elif (status := row_status(entry.state)) in _FAILED:
            yield entry.number, _reason(status, entry), entry.rows


def _reason(status: RowStatus, source: Any) -> Reason:
    return Reason(str(status), source.error_code or "", cut(source.message, _CHARACTERS))


def _generalized(reason: Reason) -> Reason:
    return replace(reason, message=_VARYING.sub("…", reason.message))
