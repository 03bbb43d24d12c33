"""The words on the wire between a destination's functions and the engine.

Names and shapes are those of the async action contract of Segment's destination
framework: camelCase in and out, snake_case in Python. One extension: an answer
may carry ``rows``, outcomes row by row, because most APIs answer with one job for
N rows and refuse some of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

JSONObject = dict[str, Any]
Status = Literal["pending", "completed", "failed"]
OverallStatus = Literal["pending", "completed", "failed", "partial"]

STATUSES = ("pending", "completed", "failed")


class Wire(BaseModel):
    """A value with camelCase names on the wire; either spelling is read."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
    )


def _percent(value: object) -> float | None:
    """Read a progress report; anything but a number in [0, 100] is no report.

    Destinations send -3, 250 and "NaN"; a bar drawn from those would be made up.
    """
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever a partner sends is tried
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= 100 else None


def clean_text(value: object) -> str:
    """Return *value* as text that UTF-8 can hold; None is empty.

    JSON may carry half of a surrogate pair, which no file and no screen takes.
    """
    text = "" if value is None else str(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _code(value: object) -> str | None:
    return None if value is None else clean_text(value)


Percent = Annotated[float | None, BeforeValidator(_percent)]
Text = Annotated[str, BeforeValidator(clean_text)]
Code = Annotated[str | None, BeforeValidator(_code)]


class Attributes(dict[str, Any]):
    """A JSON object whose keys can be read as attributes too: ``answer.operation_id``.

    A key that is not there is None, as it is undefined in JavaScript. A name that a dict has
    itself, such as ``items``, is the dict's. Copies are plain dicts.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in self or not name.startswith("_"):
            return self.get(name)
        raise AttributeError(name)  # What libraries look for to tell what a value is.

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def with_attributes(value: Any) -> Any:
    """Return JSON *value* with every object in it as Attributes."""
    if isinstance(value, dict):
        return Attributes((name, with_attributes(each)) for name, each in value.items())
    return [with_attributes(each) for each in value] if isinstance(value, list) else value


def _has_words(error: Mapping[str, Any]) -> bool:
    return not error or "code" in error or "message" in error


class OperationError(Wire):
    """Why an operation or a row failed, in the destination's words.

    A text alone is read as its message.
    """

    code: Code = None
    message: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: Any) -> Any:
        if isinstance(value, OperationError) or (isinstance(value, Mapping) and _has_words(value)):
            return value
        return {"code": getattr(value, "code", None), "message": value or ""}


def failure_in(answer: Mapping[str, Any]) -> OperationError:
    """Read why something failed from an answer that says so.

    Flat (``error_code``, ``error_message``) or nested (``error.code``, ``error.message``),
    as a text (``error``) or beside the status (``message``): APIs write them all.
    """
    error = answer.get("error")
    nested = error if isinstance(error, Mapping) else {"message": error}
    code = answer.get("error_code") or nested.get("code") or "OPERATION_FAILED"
    said = answer.get("error_message") or nested.get("message") or answer.get("message")
    return OperationError(code=code, message=said or "Operation failed")


class RowResult(Wire):
    """The outcome of one row of a job.

    "canceled": the job ended before it came to the row, which was not applied.
    ``retryable`` says whether the same row may be sent again; None = not stated.
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
    ``rows`` has an entry per row, in the order of the payloads, for what was decided
    at once, None for what was not. A decided row keeps its outcome: its own context is
    not polled, and what the job of a batch says later is of the other rows. Where all
    rows of a batch are decided, it needs no context.
    """

    is_async: Literal[True] = True
    async_contexts: list[JSONObject]
    rows: list[RowResult | None] | None = None
    message: str | None = None
    status: int | None = None


_MORE = ("should_continue_polling", "shouldContinuePolling")


class AsyncOperationResult(Wire):
    """Where one operation stands.

    ``progress`` is a percentage in [0, 100]; None = not reported, or not usable.
    A status outside the contract is read as pending, and its word kept in
    ``odd_status``: a new word never ends an operation. ``rows`` has one entry per
    row of a job, in the order of its payloads; None = no word per row. Those that
    were decided at the submit may be left out.
    """

    status: Status
    progress: Percent = None
    message: Text = ""
    result: Any = None
    error: OperationError | None = None
    context: JSONObject | None = None
    # Without a word of its own it is as the status has it.
    should_continue_polling: bool = Field(
        default_factory=lambda given: given.get("status", "pending") == "pending"
    )
    odd_status: Code = Field(default=None, exclude=True)
    rows: list[RowResult] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_status(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        unsaid = [name for name in _MORE if value.get(name, ...) is None]
        value = {name: each for name, each in value.items() if name not in unsaid}
        status = value.get("status")
        if status not in STATUSES:
            odd = value.get("odd_status") or str(status)
            return {**value, "status": "pending", "odd_status": odd}
        return value


# The code of a result whose poll could not ask: it says nothing of the operation, which is
# asked about again.
POLLING_ERROR = "POLLING_ERROR"


def not_asked(why: object, context: JSONObject) -> AsyncOperationResult:
    """Return the result of a *context* whose request failed, and *why*, beside those of others."""
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
    """Fold the statuses of operations into one word; no operations at all is "failed"."""
    if "pending" in statuses:
        return "pending"
    if statuses and all(status == "completed" for status in statuses):
        return "completed"
    return "failed" if all(status == "failed" for status in statuses) else "partial"


def _summary(results: Sequence[AsyncOperationResult]) -> str:
    if len(results) == 1:
        return results[0].message
    if not results:
        return "No async contexts found for polling"
    words = [result.status for result in results]
    counts = [f"{words.count(word)} {word}" for word in ("completed", "failed", "pending")]
    return f"{len(results)} operations: {', '.join(counts)}"


class AsyncPollResponse(Wire):
    """What ``poll`` returns: one result per context it was given, in that order."""

    results: list[AsyncOperationResult]
    overall_status: OverallStatus
    should_continue_polling: bool
    message: str | None = None

    @classmethod
    def of(cls, results: Sequence[AsyncOperationResult]) -> AsyncPollResponse:
        """Sum up *results*; with none, nothing was asked about, and the whole is "failed"."""
        return cls(
            results=list(results),
            overall_status=overall_status([result.status for result in results]),
            should_continue_polling=any(result.should_continue_polling for result in results),
            message=_summary(results),
        )


# Where Segment's names are not those of Python's http.HTTPStatus, which change with
# its version. The spelling of 301 is Segment's.
_SEGMENT_NAMES = {
    301: "MOVED_PERMENANTLY",
    306: "SWITCH_PROXY",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    416: "RANGE_NOT_SATISFIABLE",
    422: "UNPROCESSABLE_ENTITY",
    499: "CANCELLED",
    509: "BANDWIDTH_LIMIT_EXCEEDED",
    529: "SITE_IS_OVERLOADED",
}


# Statuses after which Segment's platform sends the same row again.
RETRYABLE_STATUSES = frozenset({408, 423, 429, 500, *range(502, 512), 598, 599})


def error_type(status: int) -> str:
    """Name an HTTP status the way Segment does, or "UNKNOWN_ERROR"."""
    try:
        return _SEGMENT_NAMES.get(status) or HTTPStatus(status).name
    except ValueError:
        return "UNKNOWN_ERROR"


class MultiStatusEntry(Wire):
    """One row's answer. Segment spells errortype, errormessage and errorreporter in lower case."""

    status: int
    sent: Any = None
    body: Any = None
    errortype: str | None = None
    errormessage: str | None = None
    errorreporter: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether it was pushed as a success; its HTTP status does not decide that."""
        return self.errortype is None and self.errormessage is None


class MultiStatusResponse(Wire):
    """One answer per row of a batch, in the order of its payloads; None is a hole."""

    responses: list[MultiStatusEntry | None] = Field(default_factory=list)

    def push_success(self, *, status: int = 200, sent: Any = None, body: Any = None) -> None:
        """Append a success."""
        self.responses.append(MultiStatusEntry(status=status, sent=sent, body=body))

    def push_error(
        self,
        *,
        status: int,
        errormessage: str,
        errortype: str | None = None,
        sent: Any = None,
        body: Any = None,
    ) -> None:
        """Append an error; without *errortype* its name comes from *status*."""
        self.responses.append(
            MultiStatusEntry(
                status=status,
                errormessage=errormessage,
                errortype=errortype or error_type(status),
                sent=sent,
                body=body,
            )
        )

    def set_at(self, index: int, entry: MultiStatusEntry | None) -> None:
        """Put *entry* at *index*, growing with holes; None makes a hole."""
        missing = index + 1 - len(self.responses)
        self.responses.extend([None] * missing)
        self.responses[index] = entry
