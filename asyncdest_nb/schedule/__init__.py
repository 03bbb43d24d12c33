"""When to poll and when to send: pure decisions, with the time as an argument.

A ``Schedule`` decides which operations of a run are due for a poll; a ``RateLimiter``
decides when the next request to a host may be sent. Neither has a clock or does I/O; times
are seconds of one clock of the caller's.
"""

from __future__ import annotations

from .detection_lag import DetectionLag
from .expected_lag import ExpectedLag
from .intervals import FixedInterval, SquareRoot
from .open_limit import OPEN_SECONDS, OpenLimit
from .polls import LearningSchedule, Schedule
from .rate_limiter import THROTTLING, RateLimiter
from .scale import Scale

__all__ = [
    "OPEN_SECONDS",
    "THROTTLING",
    "DetectionLag",
    "ExpectedLag",
    "FixedInterval",
    "LearningSchedule",
    "OpenLimit",
    "RateLimiter",
    "Scale",
    "Schedule",
    "SquareRoot",
]
