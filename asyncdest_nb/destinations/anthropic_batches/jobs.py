"""Batches: create one, poll it, cancel it."""

from __future__ import annotations

import json
import time
from asyncio import to_thread
from collections import Counter
from typing import Any

from ... import destination as ad
from ...errors import HTTPError, ProtocolError, RetryableError
from ...numerals import counted
from ...responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    RowResult,
)
from ..llm_batches import (
    JobAnswers,
    JobRows,
    batch_at,
    batch_key,
    images_of,
    is_parsed,
    note_key,
    parsed_rows,
    read_again,
    refused,
    require_same_key,
    sent_rows,
)
from ..objects import object_of
from .account import (
    JSONL,
    LARGE,
    AnthropicSettings,
    account_fault,
    batch_path,
    counts_of,
    error_in,
)
from .messages import MessageRequest, params_of
from .orphans import Orphans
from .outcomes import row_outcome

RUNNING = ("in_progress", "canceling")
ACCOUNT_SECONDS = 600.0  # Between two tries while the account has no credit.

Payloads = ad.ActionData[AnthropicSettings, list[MessageRequest]]
Contexts = ad.ActionData[AnthropicSettings, None]


async def create(request: ad.Request, data: Payloads) -> AsyncActionResponse:
    """Send all rows in one request, which starts a batch of them."""
    rows = rows_of(data)
    first, _ = data.state_context.get_request_context(_time_key(rows.key)) or (time.time(), None)
    data.state_context.set_response_context(_time_key(rows.key), [first, time.time()], {"day": 29})
    note_key(data, rows.key)
    body = _body(rows)
    try:
        answer = await request(
            "/v1/messages/batches",
            method="POST",
            content=body,
            headers={"content-type": "application/json"},
            **LARGE,
        )
    except HTTPError as error:
        _raise_later(error)
        raise
    batch = object_of(answer)
    if not batch.get("id"):
        raise ProtocolError("the answer has no id of a batch")
    data.state_context.set_response_context(_maker_key(batch["id"]), rows.key, {"day": 29})
    context = {"batch_id": batch["id"], **rows.context(rows.left_out)}
    decided = [rows.left_out.get(place) for place in range(len(rows.texts))]
    return AsyncActionResponse(
        async_contexts=[context], rows=decided if rows.left_out else None, message="created"
    )


def _body(rows: JobRows) -> Any:
    """Yield the JSON of all rows, in parts."""
    yield b'{"requests":['
    yield from rows.parts(separator=b",", end=b"]}")


async def find(request: ad.Request, data: Payloads) -> AsyncActionResponse | None:
    """Return the batches that may be the one whose reply was lost; None = there is none.

    A batch has no label, and shows the ids of its rows only once it has ended. So ``poll``
    waits for those of as many rows, made since, and looks. Those that other submissions are
    known to have made are not among them.
    """
    rows, state, orphans = rows_of(data), data.state_context, Orphans(request)
    times = state.get_request_context(_time_key(rows.key))
    others = set(state.get_request_context(_others_key(rows.key)) or ())
    found = await orphans.candidates(_possible_counts(rows), times=times)
    makers = {each: state.get_request_context(_maker_key(each)) for each in found}
    others |= {each for each, key in makers.items() if key not in (None, rows.key)}
    own = rows.context(rows.left_out)
    context = {"candidates": [each for each in found if each not in others], **own}
    states = await orphans.states(context)
    # Noted, so that their results are not read again when this is asked again.
    others |= {each for each, what in states.items() if what == "foreign"}
    state.set_response_context(_others_key(rows.key), sorted(others), {"day": 29})
    left = [each for each in states if each not in others]
    if not left:
        require_same_key(data, rows.key)
        return None
    named = ", ".join(left)
    return AsyncActionResponse(
        async_contexts=[{**context, "batch_id": f"lost {rows.key}", "candidates": left}],
        message=f"the reply was lost; {named} may be it, which shows once it has ended",
    )


def _possible_counts(rows: JobRows) -> range:
    """Return how many rows a batch of *rows* may have: one whose image is gone is left out."""
    certain = sum('"image' not in text or not images_of(json.loads(text)) for text in rows.texts)
    return range(certain, len(rows.texts) + 1)


def rows_of(data: Payloads) -> JobRows:
    """Return the rows of a submission as they are sent."""
    return JobRows(data.payload_texts, batch_key(data.submission_id), _entry)


def _entry(custom_id: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"custom_id": custom_id, "params": params_of(values)}


def _time_key(key: str) -> str:
    return f"time of {key}"


def _maker_key(batch_id: str) -> str:
    return f"key of the rows in {batch_id}"


def _others_key(key: str) -> str:
    return f"batches other than {key}"


def _raise_later(error: HTTPError) -> None:
    """Raise RetryableError if a batch was refused for now, and not for its rows."""
    kind, message = error_in(error)
    why = account_fault(kind, message)
    if why and 400 <= error.status <= 429 and error.status != 408:
        text = f"waiting: {why}; {message}"
        seconds = error.retry_after or ACCOUNT_SECONDS
        raise RetryableError(text, error.status, seconds, polls_go_on=True) from None


async def poll(request: ad.Request, data: Contexts) -> AsyncPollResponse:
    """Request the state of each batch, and the results of those that have ended."""
    return AsyncPollResponse.of(
        [await _status_of(request, data, each) for each in data.async_contexts]
    )


async def cancel(request: ad.Request, data: Contexts) -> None:
    """Request the end of a batch. Rows that are answered by then stay answered, and billed."""
    context = data.async_contexts[0]
    if context.get("candidates"):
        raise ProtocolError(
            "it is not known which batch has these rows: cancel it in the Console, one of "
            f"{', '.join(context['candidates'])}"
        )
    await request(
        f"{batch_path(context['batch_id'])}/cancel",
        method="POST",
        headers={"content-type": "application/json"},
    )


async def _status_of(
    request: ad.Request, data: Contexts, context: JSONObject
) -> AsyncOperationResult:
    if context.get("candidates"):
        found = await Orphans(request).found(context)
        if isinstance(found, AsyncOperationResult):
            is_unknown = any(each and each.status == "unknown" for each in found.rows or ())
            gap = str(found.message) if is_unknown else ""
            return read_again(data.state_context, context, gap) or found
        return await _polled(request, data, context, found)
    return await _polled(request, data, context, context["batch_id"])


async def _polled(
    request: ad.Request, data: Contexts, context: JSONObject, batch_id: str
) -> AsyncOperationResult:
    batch = await batch_at(request, batch_path(batch_id), data, context)
    status, rows, counts = batch.get("processing_status"), int(context["rows"]), counts_of(batch)
    if status == "ended":
        if batch.get("archived_at"):
            return _result(batch, context, [_ARCHIVED] * rows, [])
        answers = await _answers(request, batch_id, context)
        total = sum(counts.values()) or sent_rows(context)
        if again := read_again(
            data.state_context, context, answers.gap(min(total, sent_rows(context)))
        ):
            return again
        # The counts have all rows that were sent; without an answer they may not be stated at all.
        is_whole = 0 < answers.count == sum(counts.values())
        # A batch that has ended may have no success.
        missing = _NOT_SENT if is_whole else None
        found = answers.rows("the batch has ended", missing=missing)
        return _result(batch, context, found, answers.notes())
    done = rows - counts["processing"] if sum(counts.values()) else 0
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return AsyncOperationResult(
        status="pending",
        # The counts are 0 until the batch has ended, and all rows "processing".
        progress=100 * done / rows if 0 < done <= rows else None,
        message=f"{status}: {listed or counted(rows, 'row')}",
        context=context,
        odd_status=None if status in RUNNING else str(status),
    )


_NOT_SENT = refused("NOT_SENT", "the batch does not have this row", retryable=True)
_ARCHIVED = RowResult(
    status="unknown", message="the results are gone: Anthropic keeps them for 29 days"
)


async def _answers(request: ad.Request, batch_id: str, context: JSONObject) -> JobAnswers:
    answers, parsed = JobAnswers.of(context), parsed_rows(context)

    def outcome(line: JSONObject, place: int) -> RowResult:
        return row_outcome(line, is_parsed=is_parsed(parsed, place))

    path = f"{batch_path(batch_id)}/results"
    response = await request(path, to_file=True, headers=JSONL, **LARGE)
    if response.problem:
        raise ProtocolError(response.problem)
    await to_thread(answers.read, response.lines(), outcome, key="custom_id")
    return answers


def _result(
    batch: JSONObject, context: JSONObject, rows: list[RowResult], notes: list[str]
) -> AsyncOperationResult:
    counts, own = counts_of(batch), Counter(row.status for row in rows)
    by_status = ", ".join(f"{count:,} {name}" for name, count in own.items())
    theirs = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    failed = counts["errored"] + counts["expired"]
    is_same = (counts["succeeded"], failed) == (own["completed"], own["failed"])
    is_done = own["completed"] > 0 or not rows
    parts = [f"{by_status} of {counted(len(rows), 'row')}", *notes]
    return AsyncOperationResult(
        status="completed" if is_done else "failed",
        progress=100.0,
        message="; ".join(
            parts if is_same else [*parts, f"Anthropic counts {theirs or 'no rows'}"]
        ),
        context=context,
        rows=rows,
        ended_at=batch.get("ended_at"),
    )
