"""A job of many rows: when it begins and ends, and how far it is at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ..exchange import JSONObject


class JobPhase(StrEnum):
    """How far a job is. Each partner has words of its own for these."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


@dataclass
class AcceptedJob:
    """A job that was accepted, with its rows in the order in which they came.

    ``number`` counts the jobs of a partner from 1. ``properties`` is what the partner
    remembers of it. Times are seconds of the simulator's clock, and ``accepted_date`` is that
    of the calendar. ``reach`` is how many rows are processed until it ends. ``outcomes`` has
    what JobPartner.applied returned, for each row that was processed.
    """

    job_id: str
    number: int
    rows: Sequence[Any]
    properties: JSONObject
    accepted_at: float
    accepted_date: datetime
    starts_at: float
    ends_at: float
    reach: int
    cancel_asked_at: float | None = None
    cancelled_at: float | None = None
    outcomes: list[Any] = field(default_factory=list)

    def phase(self, now: float) -> JobPhase:
        """Return how far it is at *now*."""
        if self.cancelled_at is not None:
            return JobPhase.CANCELLED if now >= self.cancelled_at else JobPhase.CANCELLING
        if now >= self.ends_at:
            return JobPhase.ENDED
        return JobPhase.QUEUED if now < self.starts_at else JobPhase.RUNNING

    def processed(self, now: float) -> int:
        """Return how many of its rows are processed at *now*: the first ones."""
        now = min(now, self._stops_at)
        if now >= self.ends_at:
            return self.reach
        if now < self.starts_at:
            return 0
        return int(self.reach * (now - self.starts_at) / (self.ends_at - self.starts_at))

    def due(self, now: float) -> Iterator[tuple[float, int, int, AcceptedJob]]:
        """Yield the rows due at *now* without an outcome, in order: (time, number, index, job).

        The job's number comes after the time, so that the rows of two jobs can be merged.
        """
        length = self.ends_at - self.starts_at
        for index in range(len(self.outcomes), self.processed(now)):
            at = self.starts_at + length * (index + 1) / self.reach
            yield min(at, self.ends_at), self.number, index, self

    def cancel(self, now: float, *, takes_seconds: float = 0.0) -> bool:
        """Stop it after *takes_seconds*, and return whether it was still open."""
        if self.phase(now) not in (JobPhase.QUEUED, JobPhase.RUNNING):
            return False
        self.cancel_asked_at, self.cancelled_at = now, now + takes_seconds
        return True

    def ended_at(self, now: float) -> float | None:
        """Return when it ended or was stopped; None if it is open at *now*."""
        return self._stops_at if now >= self._stops_at else None

    def date(self, at: float) -> datetime:
        """Return the date, in UTC, of the time *at* on the simulator's clock."""
        return self.accepted_date + timedelta(seconds=at - self.accepted_at)

    @property
    def _stops_at(self) -> float:
        # A job that is being cancelled goes on until it has stopped, and then it is not ended.
        return self.ends_at if self.cancelled_at is None else self.cancelled_at
