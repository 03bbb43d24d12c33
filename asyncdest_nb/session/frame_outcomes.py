"""What became of the rows of a frame that a run and its retries have sent."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ..engine import RowOutcomes
from ..operation import RowOutcome


class FrameOutcomes:
    """The outcomes of the rows of a frame at one moment, to be read in slices.

    *runs* are the run of the submit and its retries in their order, each with the positions
    of its rows in the frame, which ascend.
    """

    def __init__(self, runs: Sequence[tuple[Sequence[int], RowOutcomes]]) -> None:
        (_, self._first), *self._retries = runs

    def __len__(self) -> int:
        return len(self._first)

    def at(self, some: range) -> list[RowOutcome]:
        """Return the outcomes of *some* rows that follow each other, in their order."""
        found = self._first.at(some)
        for positions, outcomes in self._retries:
            own = range(bisect_left(positions, some.start), bisect_left(positions, some.stop))
            for place, outcome in zip(own, outcomes.at(own), strict=True):
                found[positions[place] - some.start] = outcome
        return found
