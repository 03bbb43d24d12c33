"""The state of batches, and the results of those that have ended."""

from __future__ import annotations

from asyncio import to_thread
from collections import Counter
from functools import partial
from urllib.parse import quote

from ... import destination as ad
from ...errors import ProtocolError
from ...numerals import counted
from ...responses import AsyncOperationResult, AsyncPollResponse, JSONObject, RowResult
from ..llm_batches import (
    JobAnswers,
    batch_at,
    copies_note,
    is_parsed,
    parsed_rows,
    read_again,
    refused,
    result_file,
    sent_rows,
    still_running,
)
from .account import LARGE, GeminiSettings, batch_path, object_in
from .outcomes import embedding_outcome, error_result, text_outcome
from .requests import EMBED, GeminiMethod

RUNNING = ("PENDING", "RUNNING", "UNSPECIFIED")
WITH_RESULTS = ("SUCCEEDED", "PARTIALLY_SUCCEEDED")
ENDED = (*WITH_RESULTS, "FAILED", "CANCELLED", "EXPIRED")

Contexts = ad.ActionData[GeminiSettings, None]


class GeminiPolls:
    """Polls batches of one method."""

    def __init__(self, method: GeminiMethod) -> None:
        self._method = method

    async def poll(self, request: ad.Request, data: Contexts) -> AsyncPollResponse:
        """Request the state of each batch, and the results of those that have ended."""
        found = [await self._status_of(request, data, each) for each in data.async_contexts]
        return AsyncPollResponse.of(found)

    async def _status_of(
        self, request: ad.Request, data: Contexts, context: JSONObject
    ) -> AsyncOperationResult:
        batch = await batch_at(request, batch_path(context["name"]), data, context)
        state = _state(batch)
        if state in ENDED or batch.get("done") is True:
            return await self._ended(request, data.state_context, batch, context)
        done, failed = _count(batch, "successfulRequestCount"), _count(batch, "failedRequestCount")
        is_odd = state not in RUNNING
        return still_running(context, state, done=done, failed=failed, is_odd=is_odd)

    async def _ended(
        self, request: ad.Request, state: ad.StateContext, batch: JSONObject, context: JSONObject
    ) -> AsyncOperationResult:
        """Return the outcome of every row: a batch that "succeeded" may have no success."""
        name, rows = _results_file(batch), int(context["rows"])
        if not name:
            gap = "the batch names no results" if _state(batch) in WITH_RESULTS else ""
            again = read_again(state, context, gap)
            return again or _result(batch, context, [_without_results(batch)] * rows, [])
        answers = await self._answers(request, name, context)
        if again := read_again(state, context, answers.gap(sent_rows(context))):
            return again
        why = f"the batch ended {_state(batch)}"
        return _result(batch, context, answers.rows(why), answers.notes())

    async def _answers(self, request: ad.Request, name: str, context: JSONObject) -> JobAnswers:
        answers = JobAnswers.of(context)
        outcome = partial(self._outcome, parsed_rows(context), context["model"])
        path = f"/v1/files/{quote(name.removeprefix('files/'), safe='')}:download?alt=media"
        response = await result_file(request, path, **LARGE)
        if response.problem:
            raise ProtocolError(response.problem)
        await to_thread(answers.read, response.lines(), outcome, key="key")
        return answers

    def _outcome(
        self, parsed: bool | frozenset[int], model: str, line: JSONObject, place: int
    ) -> RowResult:
        if self._method is EMBED:
            return embedding_outcome(line, model)
        return text_outcome(line, is_parsed=is_parsed(parsed, place))


async def cancel(request: ad.Request, data: Contexts) -> None:
    """Request the end of a batch. Its results are lost, also those that were made by then."""
    context = data.async_contexts[0]
    for copy in context.get("also") or ():  # They may have ended.
        await request(f"{batch_path(copy)}:cancel", method="POST", throw_http_errors=False)
    await request(f"{batch_path(context['name'])}:cancel", method="POST")


def _state(batch: JSONObject) -> str:
    """Return the state of a batch, without "BATCH_STATE_" before it."""
    state = str(object_in(batch, "metadata").get("state") or "UNSPECIFIED")
    return state.removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")


def _count(batch: JSONObject, name: str) -> int:
    """Return a number of rows that a batch states, as text in Google's JSON; 0 = it does not."""
    text = str(object_in(batch, "metadata", "batchStats").get(name))
    return int(text) if text.isascii() and text.isdecimal() else 0


def _results_file(batch: JSONObject) -> str:
    """Return the name of the file of the results, which stands in two places; "" = none."""
    places = (object_in(batch, "response"), object_in(batch, "metadata", "output"))
    return next((str(each["responsesFile"]) for each in places if each.get("responsesFile")), "")


def _without_results(batch: JSONObject) -> RowResult:
    """Return the outcome of each row of a batch that ended without results."""
    state, error = _state(batch), object_in(batch, "error")
    if state == "CANCELLED":
        text = "the batch was canceled, and has no results"
        return RowResult(status="canceled", message=text, retryable=True)
    if state == "EXPIRED":
        text = str(error.get("message") or "the batch expired after 48 hours, without results")
        return refused("expired", text, retryable=True)
    if error or state == "FAILED":
        return error_result(error)
    return RowResult(status="unknown", message=f"the batch ended {state}, and names no results")


def _result(
    batch: JSONObject, context: JSONObject, rows: list[RowResult], notes: list[str]
) -> AsyncOperationResult:
    counts, state = Counter(row.status for row in rows), _state(batch)
    by_status = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    good, bad = _count(batch, "successfulRequestCount"), _count(batch, "failedRequestCount")
    listed = counts["completed"] + counts["failed"]
    parts = [
        f"{by_status} of {counted(len(rows), 'row')}",
        "" if state == "SUCCEEDED" else f"the batch ended {state}",
        *notes,
        *copies_note(context),
        f"Google counts {good:,} completed, {bad:,} failed" if good + bad != listed else "",
    ]
    return AsyncOperationResult(
        status="completed" if counts["completed"] else "failed",
        progress=100.0,
        message="; ".join(filter(None, parts)),
        context=context,
        rows=rows,
        ended_at=object_in(batch, "metadata").get("endTime"),
    )
