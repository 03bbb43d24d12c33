"""What ``perform``, ``perform_batch`` and ``poll`` return, and the results in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, model_validator

from .wire import Code, JSONObject, Moment, Percent, Text, Wire, clean_text

Status = Literal["pending", "completed", "failed"]
OverallStatus = Literal["pending", "completed", "failed", "partial"]

STATUSES = ("pending", "completed", "failed")


def _has_known_keys(error: Mapping[str, Any]) -> bool:
    return not error or "code" in error or "message" in error


class OperationError(Wire):
    """Why an operation or a row failed, as the destination reports it.

    A text alone is read as its message.
    """

    code: Code = None
    message: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: Any) -> Any:
        if isinstance(value, OperationError):
            return value
        if isinstance(value, Mapping) and _has_known_keys(value):
            return value
        return {"code": getattr(value, "code", None), "message": value or ""}


def failure_in(answer: Mapping[str, Any]) -> OperationError:
    """Return why something failed, read from an answer that states the failure.

    Flat (``error_code``, ``error_message``) or nested (``error.code``, ``error.message``),
    as a text (``error``), the first of several (``errors``) or beside the status (``message``):
    APIs use all of them.
    """
    error, errors = answer.get("error"), answer.get("errors")
    if error is None and isinstance(errors, list) and errors:
        error = errors[0]
    nested = error if isinstance(error, Mapping) else {"message": error}
    code = answer.get("error_code") or nested.get("code") or "OPERATION_FAILED"
    message = answer.get("error_message") or nested.get("message") or answer.get("message")
    return OperationError(code=code, message=message or "Operation failed")


class RowResult(Wire):
    """The outcome of one row of a job.

    "canceled": the job ended before it reached the row, which was not applied.
    ``retryable``: whether the same row may be sent again; None = not stated.
    """

    status: Literal["completed", "failed", "canceled", "unknown"]
    message: Text = ""
    error: OperationError | None = None
    result: Any = None
    retryable: bool | None = None


class AsyncActionResponse(Wire):
    """What ``perform`` or ``perform_batch`` returns when the destination answers later.

    One context per row, in the order of the payloads; or one for the whole batch
    when the action's ``operation_per`` is "batch". ``status`` is the HTTP status.
    ``rows`` has an entry per row, in the order of the payloads: the outcome of a row that
    was decided at once, None for the others. A decided row keeps its outcome: its own
    context is not polled, and later results of a batch's job are about the other rows. If
    all rows of a batch are decided, it needs no context. Of a batch that was refused as a whole
    ``rows`` are those that the refusal names, and there is no context: nothing was applied, and
    the others are sent again; see Action.
    """

    is_async: Literal[True] = True
    async_contexts: list[JSONObject]
    rows: list[RowResult | None] | None = None
    message: str | None = None
    status: int | None = None


_MORE = ("should_continue_polling", "shouldContinuePolling")


class AsyncOperationResult(Wire):
    """The status of one operation, as a poll reports it.

    ``progress`` is a percentage in [0, 100]; None = not reported, or not usable.
    A status outside the contract is read as pending and kept in ``odd_status``: an
    unknown status never ends an operation. ``rows`` has one entry per row of a job, in
    the order of its payloads; None = no outcome per row. Rows that were decided at the
    submit may be left out. ``ended_at`` is when it ended, as the destination states it, in Unix
    seconds or milliseconds, or as ISO 8601 (UTC if it has no offset); None = not stated, or not
    readable. How late polls find the ends is measured by it.
    """

    status: Status
    progress: Percent = None
    message: Text = ""
    result: Any = None
    error: OperationError | None = None
    context: JSONObject | None = None
    # If the destination leaves it out, the status decides.
    should_continue_polling: bool = Field(
        default_factory=lambda given: given.get("status", "pending") == "pending"
    )
    odd_status: Code = Field(default=None, exclude=True)
    rows: list[RowResult] | None = None
    ended_at: Moment = None

    @model_validator(mode="before")
    @classmethod
    def _read_status(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        for name in _MORE:
            if name in value and value[name] is None:
                value = {other: each for other, each in value.items() if other != name}
        status = value.get("status")
        if status not in STATUSES:
            odd = value.get("odd_status") or str(status)
            return {**value, "status": "pending", "odd_status": odd}
        return value


# The code of a result whose poll got no answer. It states nothing about the operation, which
# is polled again.
POLLING_ERROR = "POLLING_ERROR"


def not_asked(why: object, context: JSONObject) -> AsyncOperationResult:
    """Return the result of a *context* whose own request failed, with the reason *why*."""
    message = clean_text(why)
    return AsyncOperationResult(
        status="failed",
        message=message,
        error=OperationError(code=POLLING_ERROR, message=message),
        context=context,
        should_continue_polling=True,
    )


MISSING_CONTEXT = AsyncOperationResult(
    status="failed",
    message="Operation ID not found in async context",
    error=OperationError(code="MISSING_CONTEXT", message="Operation ID not found in async context"),
)


def overall_status(statuses: Sequence[str]) -> OverallStatus:
    """Return one status for several operations; without operations it is "failed"."""
    if "pending" in statuses:
        return "pending"
    if "completed" not in statuses:
        return "failed"
    return "partial" if "failed" in statuses else "completed"


def _outcomes(result: AsyncOperationResult) -> list[str]:
    """Return what an ended operation made of each row, where it says so; else its status."""
    if result.status == "pending" or not result.rows:
        return [result.status]
    return ["completed" if row.status == "completed" else "failed" for row in result.rows]


def _summary(results: Sequence[AsyncOperationResult]) -> str:
    if len(results) == 1:
        return results[0].message
    if not results:
        return "No async contexts found for polling"
    words = [result.status for result in results]
    counts = [f"{words.count(word)} {word}" for word in ("completed", "failed", "pending")]
    count = len(results)  # More than one.
    return f"{count} operations: {', '.join(counts)}"


class AsyncPollResponse(Wire):
    """What ``poll`` returns: one result per context it was given, in that order."""

    results: list[AsyncOperationResult]
    overall_status: OverallStatus
    should_continue_polling: bool
    message: str | None = None

    @classmethod
    def of(cls, results: Sequence[AsyncOperationResult]) -> AsyncPollResponse:
        """Return the response with *results* and their overall status; without any: "failed".

        A job that ended counts by its rows: "failed" if none is completed, "partial" if some are.
        """
        outcomes = [each for result in results for each in _outcomes(result)]
        return cls(
            results=list(results),
            overall_status=overall_status(outcomes),
            should_continue_polling=True in [each.should_continue_polling for each in results],
            message=_summary(results),
        )
