"""Which runs may be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .values import StoredRun


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
