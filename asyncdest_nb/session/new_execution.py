"""A run of a submission that is ready to start."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from ..engine import Engine, Execution
from ..schedule import ExpectedLag, Schedule
from ..store import StoredRun
from .chains import alike
from .comparison import Comparison
from .entry import RunEntry
from .submission import Submission


def new_execution(
    engine: Engine,
    record: StoredRun,
    part: Submission,
    schedule: Schedule | None,
    earlier: Comparison | None = None,
    *,
    before: Sequence[RunEntry] = (),
) -> Execution:
    """Return a run of *part*; *earlier* None = its rows are compared already.

    It counts the rows that the runs *before* it have completed, if it does not leave these out.
    """
    counted = [] if part.compares else alike(before, record)
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
        before=[(each.id, each.ledger) for each in counted],
    )
