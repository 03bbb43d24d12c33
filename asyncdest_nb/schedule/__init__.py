"""When to poll and when to send: pure decisions, with the time as an argument.

A ``Schedule`` decides which operations of a run are due for a poll; a ``RateLimiter``
decides when the next request to a host may be sent. Neither has a clock or does I/O; times
are seconds of one clock of the caller's.
"""

from __future__ import annotations

from .polls import Schedule, SquareRoot
from .rate_limiter import THROTTLING, RateLimiter

__all__ = ["THROTTLING", "RateLimiter", "Schedule", "SquareRoot"]
