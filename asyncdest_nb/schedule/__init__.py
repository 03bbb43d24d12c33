"""When to poll and when to send: pure decisions, with the time as an argument.

A ``Schedule`` decides which operations of a run are due for a poll; a ``RateLimiter``
decides when the next request to a host may be sent. Neither has a clock or does I/O; times
are seconds of one clock of the caller's.
"""

from __future__ import annotations

from .detection_lag import DetectionLag
from .expected_lag import ExpectedLag
from .intervals import FixedInterval, SquareRoot
from .polls import LearningSchedule, Schedule
from .rate_limiter import THROTTLING, RateLimiter
from .scale import Scale

__all__ = [
    "THROTTLING",
    "DetectionLag",
    "ExpectedLag",
    "FixedInterval",
    "LearningSchedule",
    "RateLimiter",
    "Scale",
    "Schedule",
    "SquareRoot",
]
