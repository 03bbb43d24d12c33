"""Bins of seconds, each longer than the one before by the same ratio."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Bin 0 ends at *first* seconds, each further one at *ratio* times the edge before."""

    first: float
    ratio: float

    def bin_of(self, seconds: float) -> int:
        """Return the bin of a duration; a duration on an edge is in the bin that ends there."""
        if seconds <= self.first:
            return 0
        return math.ceil(math.log(seconds / self.first, self.ratio))

    def edge_of(self, at: int) -> float:
        """Return the longest duration of a bin, in seconds; of the bin -1 that is almost 0."""
        return float(self.first * self.ratio**at)

    def middle_of(self, at: int) -> float:
        """Return the duration in the middle of a bin, in seconds."""
        return self.edge_of(at) / math.sqrt(self.ratio)
