"""The comparison of a submit with earlier ones, made while its rows are prepared."""

from __future__ import annotations

from collections.abc import Callable

from ..engine import MappedSlice
from ..errors import AlreadySubmitted, warn
from ..store import StoredRun
from .submission import RowDigest, Submission

QUICK_ROWS = 20_000  # Up to here submit itself compares: it takes less than 0.2 s.


def warn_attached(run: object) -> None:
    """Warn the caller of ``submit``, which sends nothing, but returns *run*."""
    warn(
        f"these rows were submitted before: attached to {run}; submit(…, again=True) "
        "sends them again",
        AlreadySubmitted,
        stacklevel=4,
    )


class Comparison:
    """Collects the digest of a run that is prepared; *decide* gets it and says what follows.

    *decide* returns the record of the run with the digest in it, None = the same rows were
    submitted before, and nothing is sent. It is called on the engine's thread.
    """

    def __init__(self, submission: Submission, decide: Callable[[str], StoredRun | None]) -> None:
        self._digest = RowDigest(submission)
        self._decide = decide

    def add(self, mapped: MappedSlice) -> None:
        """Add the rows of a slice."""
        self._digest.add(mapped.lines())

    def decide(self) -> StoredRun | None:
        """Return the record of the run once all rows were added, None = nothing is sent."""
        return self._decide(self._digest.hexdigest())
