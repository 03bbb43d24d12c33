"""What a run costs: its requests by kind, the lag of its polls, and the time it was throttled."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from ...operation import Operation
from ...schedule import DetectionLag, OpenLimit

# "other": what checks rows before they are sent, cancels, or finds what was lost.
Kind = Literal["submit", "poll", "other"]


class RunTally:
    """What this process has spent on a run."""

    def __init__(self) -> None:
        self.requests: Counter[Kind] = Counter()
        self.lag = DetectionLag()
        self.open_limit = OpenLimit()

    def found_end(self, before: Operation, *, now: float, ended_at: float | None) -> None:
        """Count the end that a poll found *now*; *before* is the operation as it was known.

        *ended_at* is when it ended if the destination stated that. Times are in Unix seconds.
        """
        seen = before.seen_at or before.accepted_at or before.submitted_at or now
        self.lag.add(now=now, seen=min(seen, now), ended_at=ended_at)
        self.open_limit.ended(now=now, seconds=now - (before.submitted_at or now))
