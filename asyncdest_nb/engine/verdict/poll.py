"""What a poll's answer means for the operations asked about: values in, values out.

An operation's own result comes first. The fields of the whole answer count if it has no
result, or one that leaves it open. No operation is completed without a result of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ...errors import HTTPError
from ...numerals import counted
from ...request import Exchange
from ...responses import (
    POLLING_ERROR,
    AsyncOperationResult,
    AsyncPollResponse,
    OperationError,
    clean_text,
)
from .job_answer import read_job_poll
from .trouble import first_fault, is_trouble

IDS = 5  # in a message

# The result of an operation; a text = why the poll got none, which changes nothing.
Answer = AsyncOperationResult | str


@dataclass(frozen=True, slots=True)
class _Whole:
    """The fields of a poll's answer about all operations together; *more* None = not stated."""

    results: Any
    status: Any
    more: Any
    message: str

    @property
    def is_last(self) -> bool:
        """Whether no further answer will come; "pending" or no status is no end."""
        return self.more is False or (self.more is None and self.status not in (None, "pending"))

    @classmethod
    def of(cls, answer: Any) -> _Whole | None:
        """Return the fields of a poll's answer, None = it has none of the contract."""
        if type(answer) is AsyncPollResponse:
            status, more = answer.overall_status, answer.should_continue_polling
            return cls(answer.results, status, more, clean_text(answer.message))
        if isinstance(answer, AsyncPollResponse):
            answer = {name: getattr(answer, name) for name in AsyncPollResponse.model_fields}
        if not isinstance(answer, Mapping):
            return None
        names = ("overall_status", "should_continue_polling", "message")
        status, more, message = (_named(answer, AsyncPollResponse, name) for name in names)
        if "results" not in answer and status is None and more is None:
            return None
        return cls(answer.get("results"), status, more, clean_text(message))


def _named(answer: Mapping[str, Any], model: type[AsyncPollResponse], name: str) -> Any:
    alias = model.model_fields[name].alias or name
    return answer.get(name, answer.get(alias))


def read_poll(
    answer: Any, *, ids: Sequence[str], key: str, exchanges: Sequence[Exchange] = ()
) -> list[Answer] | str:
    """Return an answer for each operation of the poll, or why there is none for any of them.

    *ids* are those of the operations, in their order; *key* is where a context holds its id.
    *exchanges* are the poll's requests.
    """
    job = read_job_poll(answer, ids=ids)
    if isinstance(job, str):
        return job
    whole = _Whole.of(answer if job is None else job)
    results = () if whole is None or whole.results is None else whole.results
    if whole is None or not isinstance(results, (list, tuple)):
        return f"poll returned {type(answer).__name__}, not an AsyncPollResponse with results"
    if not [each for each in results if each is not None]:
        ended = _ended(whole, exchanges)
        return [ended or f"poll returned 0 results for {counted(len(ids), 'operation')}"] * len(ids)
    found = _by_operation([_read(each, key) for each in results], ids)
    return found if isinstance(found, str) else [_with_whole(each, whole) for each in found]


def _ended(whole: _Whole, exchanges: Sequence[Exchange]) -> AsyncOperationResult | None:
    """Return the result of every operation if a poll has no results; None = they go on.

    "completed" without results ends the polling, but completes no operation: a function that
    sums up an empty list returns it too. None if a request of the poll failed, as the function
    may have ignored that.
    """
    if whole.status == "failed":
        message = whole.message or "the poll reports a failure"
        error = OperationError(message=message)
        return AsyncOperationResult(status="failed", message=message, error=error)
    if not whole.is_last or any(_has_failed(each) for each in exchanges):
        return None
    message = whole.message or f"no result, and {whole.status!r} for the whole"
    return AsyncOperationResult(status="pending", message=message, should_continue_polling=False)


def _has_failed(exchange: Exchange) -> bool:
    if exchange.status is None:
        return True
    return is_trouble(HTTPError("", status=exchange.status))


def _read(result: Any, key: str) -> tuple[str, Answer]:
    """Return the id in a result's context, empty = none, and the answer it gives."""
    try:
        is_read = type(result) is AsyncOperationResult
        read = result if is_read else AsyncOperationResult.model_validate(result)
    except ValidationError as error:
        context = result.get("context") if isinstance(result, Mapping) else None
        why = f"poll returned a result that is not in the contract: {first_fault(error)}"
        return _id(context, key), why
    return _id(read.context, key), _checked(read)


def _id(context: Any, key: str) -> str:
    return clean_text(context.get(key)) if isinstance(context, dict | Mapping) else ""


def _checked(result: AsyncOperationResult) -> Answer:
    """Return *result*, or its message if the poll made it of the error of a request."""
    error = result.error
    if result.status == "failed" and error is not None and error.code == POLLING_ERROR:
        return error.message or result.message or "the poll got no answer"
    return result


def _by_operation(found: Sequence[tuple[str, Answer]], ids: Sequence[str]) -> list[Answer] | str:
    """Return an answer per operation: by the ids in their contexts, without ids by order."""
    named = [each for each, _ in found]
    same_count = len(found) == len(ids)
    is_in_order = named == ids or (
        same_count and all(each in ("", own) for each, own in zip(named, ids, strict=True))
    )
    if is_in_order:
        return [answer for _, answer in found]
    if not same_count and not any(named):
        return f"poll returned {counted(len(found), 'result')} for {counted(len(ids), 'operation')}"
    if not set(named) & set(ids):
        others = sorted({each or "no operation" for each in named})
        text = ", ".join(others[:IDS]) + ", …" * (len(others) > IDS)
        return f"poll returned results for {text}, not for what was asked"
    return [_only([answer for name, answer in found if name == own], own) for own in ids]


def _only(answers: Sequence[Answer], operation_id: str) -> Answer:
    if not answers:
        return f"poll returned no result for {operation_id}"
    if any(each != answers[0] for each in answers):
        return f"poll returned {len(answers)} different results for {operation_id}"
    return answers[0]


def _with_whole(answer: Answer, whole: _Whole) -> Answer:
    """Return an operation's own result, completed with fields of the *whole* answer."""
    if isinstance(answer, str):
        return answer
    changes: dict[str, Any] = {}
    if not answer.message and not (answer.error and answer.error.message):
        changes["message"] = whole.message
    if (
        whole.more is False
        and answer.should_continue_polling
        and "should_continue_polling" not in answer.model_fields_set
    ):
        changes["should_continue_polling"] = False
    return answer.model_copy(update=changes) if changes else answer
