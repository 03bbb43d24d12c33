"""Which runs are old enough to be deleted, and by which clock: a clock may have jumped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .values import StoredRun

DAY_SECONDS = 86_400.0
GAP_SECONDS = 32 * DAY_SECONDS  # A session that is opened once a month is not in doubt.


@dataclass(frozen=True, slots=True)
class ClockBelief:
    """Which times of the wall clock are believed, in Unix seconds.

    ``believed``: the latest opening whose time is taken as right. ``doubted``: the first
    opening after that whose time is too much later, None = none.
    """

    believed: float
    doubted: float | None = None

    def at(self, now: float, *, gap: float) -> ClockBelief:
        """Return what is believed when the file is opened *now*.

        A jump of more than *gap* seconds is believed a day after it was first seen: by then
        somebody has noticed a wrong clock, and deleted runs cannot be restored.
        """
        if now - self.believed <= gap:
            return ClockBelief(now)
        if self.doubted is None or now < self.doubted:
            return ClockBelief(self.believed, now)
        return ClockBelief(now) if now - self.doubted >= DAY_SECONDS else self


def forgettable(runs: Sequence[StoredRun], going: Iterable[str], *, than: float) -> list[str]:
    """Return the ids of *runs* created before *than* that are not *going*.

    A run and its retries are kept or deleted together: the results of a retry are
    merged into those of the run before it.
    """
    kept = set(going) | {run.id for run in runs if run.created_at >= than}
    links = [{run.id, run.retry_of} for run in runs if run.retry_of is not None]
    while reached := {end for link in links if link & kept for end in link} - kept:
        kept |= reached
    return [run.id for run in runs if run.id not in kept]
