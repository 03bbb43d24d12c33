"""What can be done about a submission of which nobody knows whether it was applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...destination import Action
from ...errors import HTTPError
from ...request import Exchange
from .contexts import read_contexts
from .job_answer import read_contract, read_job
from .trouble import describe
from .values import Rejected, Unsure, Verdict

_NOT_YET = "it cannot be found out yet whether it was applied"


def can_recover(
    verdicts: Sequence[Verdict], *, action: Action, error: Exception | None, is_repeated: bool
) -> bool:
    """Whether *action* can find out or repeat a submission with these *verdicts*.

    Not if only some of its operations are settled: what is sent again must be the same. Not
    if it was refused either, unless the refusal is a conflict (409) with its own first
    request, which may still be running.
    """
    if action.recovery in ("none", "prepare_commit"):
        return False
    if action.find is not None:
        return all(isinstance(each, Unsure | Rejected) for each in verdicts)
    if may_conflict_with_itself(verdicts, action=action):
        return True
    is_refused = any(isinstance(each, Rejected) and not each.is_conflict for each in verdicts)
    in_doubt = all(isinstance(each, Unsure | Rejected) for each in verdicts)
    return error is not None and in_doubt and not (is_repeated and is_refused)


def may_conflict_with_itself(verdicts: Sequence[Verdict], *, action: Action) -> bool:
    """Whether a submission was refused as a conflict (409) that may be one with itself.

    With an idempotency key the first request may still be running; with an id of ours the
    job may exist already.
    """
    is_conflict = all(isinstance(each, Rejected) and each.is_conflict for each in verdicts)
    return is_conflict and action.recovery in ("key", "client_id")


def read_found(
    answer: Any,
    error: Exception | None,
    exchanges: Sequence[Exchange],
    *,
    action: Action,
    rows: Sequence[int],
) -> list[Verdict] | str | None:
    """Return what ``find`` found of a submission: a verdict for each operation of the batch.

    None = the destination does not have it; a text = why that is not known yet. *rows* has
    the number of rows of each operation.
    """
    if isinstance(error, HTTPError) and error.status == 404:
        return None
    if error is not None:
        return f"{_NOT_YET}: {describe(error)}"
    if answer is None:
        odd = [each for each in exchanges if not _is_certain(each)]
        return f"{_NOT_YET}: answered {odd[-1].status}" if odd else None
    found = read_contract(answer) or read_job(answer, key=action.operation_id, counts=rows)
    if found is None:
        kind = type(answer).__name__
        return [Unsure(f"find returned {kind}, not an AsyncActionResponse or None")] * len(rows)
    return read_contexts(found, action=action, counts=rows)


def _is_certain(exchange: Exchange) -> bool:
    """Whether nothing was found because the answer was read and complete."""
    status = exchange.status or 0
    return not exchange.problem and (status == 404 or 200 <= status <= 299)
