"""What became of rows that nobody asks about any more, by the answer to their submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..request import Response
from ..responses import AsyncActionResponse, OperationError, RowResult, failure_in, why_doubtful
from .exchange import RequestPlan
from .model import ApiAction, SubmitStep
from .plans import is_job
from .status import status_of

Decided = Sequence[RowResult | None]


def ended(
    action: ApiAction,
    step: SubmitStep,
    plan: RequestPlan,
    response: Response,
    *,
    decided: Decided | None,
    size: int,
) -> Any:
    """Return the result of *size* rows: of the last *step*, with rows that are *decided*."""
    if decided is None or (action.handle is not None and not any(decided)):
        whole = _of_all(action, step, plan, response)
        if whole is None:
            return response
        decided = [whole] * size
    unlisted = RowResult(status="unknown", message="the answer does not list this row")
    rows = [each or unlisted for each in decided]
    contexts: list[dict[str, Any]] = [] if is_job(action) else [{} for _ in rows]
    return AsyncActionResponse(async_contexts=contexts, rows=rows)


def _of_all(
    action: ApiAction, step: SubmitStep, plan: RequestPlan, response: Response
) -> RowResult | None:
    """Return what became of each row; None = what the engine reads in such an answer."""
    if step.status is not None:
        return _stated(step, plan, response)
    # With a poll, the engine knows the answers that should have had an id.
    why = "" if action.handle is not None else _why_unknown(response)
    return RowResult(status="unknown", message=why) if why else None


def _stated(step: SubmitStep, plan: RequestPlan, response: Response) -> RowResult | None:
    assert step.status is not None
    status = status_of(step.status, response.data, response.status)
    if status.state in ("pending", "completed"):
        return None
    message, code = plan.reason(response.data)
    if status.state == "failed":
        read = failure_in(response.data if isinstance(response.data, Mapping) else {})
        error = OperationError(code=code or read.code, message=message or read.message)
        return RowResult(status="failed", error=error)
    state = "canceled" if status.state == "canceled" else "unknown"
    return RowResult.model_validate({"status": state, "message": message or status.word})


def _why_unknown(response: Response) -> str:
    """Return why nobody knows what became of rows that are not polled; "" = they are done."""
    if response.status == 207:
        return "several outcomes (207), and the description has no rows: nobody reads them"
    if response.status == 202:
        # It is not done yet, and nothing will tell how it ends.
        return "accepted (202), and the description has no poll: nobody can ask for more"
    return why_doubtful(response.status, response.data, mask=response.mask)
