"""A run of a submission that is ready to start."""

from __future__ import annotations

from copy import deepcopy

from ..engine import Engine, Execution
from ..schedule import ExpectedLag, Schedule
from ..store import StoredRun
from .comparison import Comparison
from .submission import Submission


def new_execution(
    engine: Engine,
    record: StoredRun,
    part: Submission,
    schedule: Schedule | None,
    earlier: Comparison | None = None,
) -> Execution:
    """Return a run of *part*; *earlier* None = its rows are compared already."""
    return engine.execution(
        record,
        source=part.source,
        action=part.action,
        fields=part.fields,
        channel=part.channel,
        sender=part.sender,
        # A schedule has the operations of its run by number, and runs share these numbers.
        schedule=ExpectedLag() if schedule is None else deepcopy(schedule),
        earlier=earlier,
        keys=part.keys,
    )
