"""What reports of progress are worth: as much as they have predicted the ends so far."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .hazard import LATE, Hazard

RELIABLE = 5.0  # percent of progress from which on it predicts an end
_UNIT = 10.0  # What is left of an operation counts as so many seconds of the hazard.
_SHORTEST = 0.2  # seconds that are left, at least
_DOUBT = -2.0  # The trust before anything was seen: a chance of 1 to 7.
_MOST = 12.0
_MEMORY = 0.995  # What each report leaves of the trust that was earned before.


class ProgressTrust:
    """The hazard of ending by the share of the predicted time that has passed.

    If an operation is at 40 % after 10 seconds, 15 are left if it goes on as before. How far
    that can be relied on is learned as how long operations take is: reports that stay at
    99 % are followed by no ends. ``weight`` is the chance that reports predict better than
    the ages of the operations do; both have to foretell what the next poll finds.
    """

    def __init__(self) -> None:
        self.hazard = Hazard()
        self._odds = _DOUBT

    @property
    def weight(self) -> float:
        """How much to rely on reports, in [0, 1]."""
        return 1 / (1 + math.exp(-self._odds))

    def stored(self) -> dict[str, object]:
        """Return what was learned, as JSON can hold it."""
        return {**self.hazard.stored(), "odds": round(self._odds, 3)}

    def recall(self, stored: object) -> None:
        """Begin with what ``stored`` returned; anything else is ignored."""
        self.hazard = Hazard.remembered(stored)
        odds = stored.get("odds") if isinstance(stored, Mapping) else None
        if isinstance(odds, int | float) and math.isfinite(odds):
            self._odds = max(-4.0, min(4.0, odds))

    def seconds_left(self, age: float, progress: float | None) -> float | None:
        """Return what is left at the speed so far, None = the report predicts nothing."""
        if progress is None or age <= 0 or not RELIABLE <= progress < 100:
            return None
        return max(_SHORTEST, age * (100 - progress) / progress)

    def learn(self, left: float, seconds: float, *, ended: bool, by_age: float) -> None:
        """Learn what a poll found *seconds* after a report by which so many were *left*.

        *by_age* is the logarithm of the chance of that which the ages gave.
        """
        passed = seconds * _UNIT / left
        gain = self.hazard.log_chance(0.0, passed, ended=ended) - by_age
        self._odds = max(-_MOST, min(_MOST, _MEMORY * self._odds + gain))
        if ended:
            self.hazard.ended(0.0, passed)
        else:
            self.hazard.went_on(0.0, passed)

    def gap(self, left: float, cost: float, longest: float) -> float:
        """Return after how many seconds a poll is worth its *cost*; see Hazard."""
        scale = _UNIT / left
        return self.hazard.gap(0.0, cost * scale, longest * scale, late=LATE * scale) / scale
