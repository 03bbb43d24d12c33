"""A wall clock that jumps, and a job that is done at its first poll.

Time itself goes on as it does; only the date that this computer shows is another.
"""

from __future__ import annotations

import time

from scripted_jobs import create as create_job
from scripted_jobs import done, job

DAY = 86_400.0
USERS = [f"u-{number}" for number in range(10)]


class Wall:
    """The wall clock: *ahead* of the true time by some seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._true = time.time

    def __call__(self) -> float:
        return self._true() + self.ahead


SINGLE = job(steps=(), perform_batch=create_job, poll=done, isolation_requests=0)
