"""Operations and the pure transitions between their states.

An operation is what one context stands for: one row, or one job of N rows.

    planned -> submitting -> accepted -> running -> completed | partial | failed | canceled
                 |- rejected   refused: never applied
                 |- planned    known not sent, or throttled: the same attempt, later;
                 |             or one step of a submission is done, and the next may go
                 `- unknown    sent? nobody knows -> accepted | planned | held,
                               or an end that the destination states
    held -> unknown                          its action can find out more by now
    held -> rejected | lost                  the user decides: not applied, or applied
    submitting -> planned, divided           refused as a whole: its rows go in smaller batches
    planned -> canceled                      by the user, before it was sent
    accepted | running -> canceling          by the user; running again if that is refused
    accepted | running | canceling -> lost   the destination no longer knows it

Only a statement of the destination makes an operation ``completed | partial | failed``, or
``canceled`` once it was accepted. Final is final: a transition of a final operation returns
it unchanged. What happens to *us* (a failed poll, an odd status) is a field, never a state.

    values        states, outcomes, the operation itself
    transitions   from one state to the next
    rows          what an operation means for each of its rows
"""

from __future__ import annotations

from .rows import (
    UNDECIDED,
    counts_text,
    row_outcomes,
    row_status,
    row_statuses,
    row_tally,
    run_status,
    shown_status,
)
from .transitions import (
    accepted,
    advanced,
    answered,
    canceling,
    decided,
    divided,
    finished,
    held,
    lost,
    not_canceled,
    overdue,
    poll_failed,
    rejected,
    replanned,
    resolved,
    submitted,
    unsure,
    withdrawn,
)
from .values import (
    FINAL,
    POLLED,
    SETTLED,
    Operation,
    RowOutcome,
    RowStatus,
    RunStatus,
    State,
    Status,
    StatusUpdate,
    is_refusal_claimed,
    latest_stamp,
    value,
)

__all__ = [
    "FINAL",
    "POLLED",
    "SETTLED",
    "UNDECIDED",
    "Operation",
    "RowOutcome",
    "RowStatus",
    "RunStatus",
    "State",
    "Status",
    "StatusUpdate",
    "accepted",
    "advanced",
    "answered",
    "canceling",
    "counts_text",
    "decided",
    "divided",
    "finished",
    "held",
    "is_refusal_claimed",
    "latest_stamp",
    "lost",
    "not_canceled",
    "overdue",
    "poll_failed",
    "rejected",
    "replanned",
    "resolved",
    "row_outcomes",
    "row_status",
    "row_statuses",
    "row_tally",
    "run_status",
    "shown_status",
    "submitted",
    "unsure",
    "value",
    "withdrawn",
]
