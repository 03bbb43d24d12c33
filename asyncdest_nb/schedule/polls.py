"""What a schedule is: it decides which operations to poll next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Schedule(Protocol):
    """Which operations are due for a poll.

    An operation that ``due`` returned is not due again until ``answered`` or ``errored``.
    """

    def accepted(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """Add an operation; it is not due before *retry_after* seconds have passed."""

    def due(self, now: float, *, limit: int) -> list[int]:
        """Return at most *limit* operations to poll now, the most overdue first."""

    def answered(
        self, number: int, *, now: float, progress: float | None, retry_after: float | None = None
    ) -> None:
        """Plan the next poll of an operation that goes on.

        *progress* is in percent, None = not reported.
        """

    def errored(self, number: int, *, now: float, retry_after: float | None = None) -> None:
        """Plan the next poll of an operation whose last one got no answer."""

    def finished(self, number: int) -> None:
        """Remove an operation."""

    def next_at(self) -> float | None:
        """Return when the next operation is due, None = no operation is waiting."""


@runtime_checkable
class LearningSchedule(Schedule, Protocol):
    """A schedule that learns how long operations take, in this run and from earlier ones."""

    def ended(self, number: int, *, now: float, ended_at: float | None = None) -> None:
        """Learn that an operation has ended, as a poll found *now*; ``finished`` follows.

        *ended_at* is when it ended, if the destination states that.
        """

    def early(self, numbers: Sequence[int], now: float, *, limit: int) -> list[int]:
        """Take at most *limit* of *numbers* that are worth a look in a request sent anyway.

        As after ``due``, they are not due again until they are answered.
        """

    def priced(self, requests: float) -> None:
        """Learn how many *requests* a poll takes per operation: 0.1 if one request asks of 10."""

    def knowledge(self) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it."""

    def recall(self, knowledge: Mapping[str, Any]) -> None:
        """Begin with what an earlier schedule has learned; anything else is ignored."""
