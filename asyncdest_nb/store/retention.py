"""Which runs may be forgotten, and by what time: a clock may have jumped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .values import StoredRun

DAY_SECONDS = 86_400.0
GAP_SECONDS = 32 * DAY_SECONDS  # Who works by the month is believed at once.


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the wall clock, in Unix seconds.

    ``believed``: the latest opening whose time is taken for true. ``doubted``: the first
    opening after that whose time is too far on to be, None = none.
    """

    believed: float
    doubted: float | None = None

    def at(self, now: float, *, gap: float) -> Belief:
        """Return what is believed when the file is opened *now*.

        A leap of more than *gap* seconds is believed on another day: of a clock that has
        jumped somebody has noticed by then, and what is deleted is gone for good.
        """
        if now - self.believed <= gap:
            return Belief(now)
        if self.doubted is None or now < self.doubted:
            return Belief(self.believed, now)
        return Belief(now) if now - self.doubted >= DAY_SECONDS else self


def forgettable(runs: Sequence[StoredRun], going: Iterable[str], *, than: float) -> list[str]:
    """Return the ids of *runs* created before *than* that are not *going*.

    Runs that retry each other are kept or forgotten together: the results of a
    retry are laid over those of the run before it.
    """
    kept = set(going) | {run.id for run in runs if run.created_at >= than}
    links = [{run.id, run.retry_of} for run in runs if run.retry_of is not None]
    while reached := {end for link in links if link & kept for end in link} - kept:
        kept |= reached
    return [run.id for run in runs if run.id not in kept]
