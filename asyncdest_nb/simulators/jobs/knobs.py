"""The knobs of partners that have jobs of many rows."""

from __future__ import annotations

from pydantic import Field

from ..faults import Knobs, Positive, Share


class JobKnobs(Knobs):
    """The knobs of every partner, and those of all partners with jobs."""

    shuffle_results: bool = Field(
        default=False,
        description="True or False: whether the results of a job come in another order than "
        "its rows",
    )
    truncate_results: Share = Field(
        default=0.0,
        description="share of the results of a job, a number in [0, 1], that are missing at the "
        "end of an otherwise whole answer",
    )
    results_expire_seconds: Positive | None = Field(
        default=None,
        description="seconds > 0 from the end of a job until its results are gone; None = they "
        "are kept",
    )
