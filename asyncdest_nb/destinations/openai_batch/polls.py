"""The state of batches, and the results of those that have ended."""

from __future__ import annotations

from asyncio import to_thread
from collections import Counter
from functools import partial
from urllib.parse import quote

from ... import destination as ad
from ...errors import HTTPError, ProtocolError
from ...numerals import counted
from ...responses import AsyncOperationResult, AsyncPollResponse, JSONObject, RowResult
from ..llm_batches import (
    JobAnswers,
    batch_at,
    copies_note,
    is_parsed,
    parsed_rows,
    read_again,
    result_file,
    sent_rows,
    still_running,
)
from .account import LARGE, OpenAISettings
from .batch_list import RUNNING
from .endpoints import Endpoint
from .outcomes import count_of, ids_of, not_done, refused_rows, row_outcome

ENDED = ("completed", "expired", "cancelled")

Contexts = ad.ActionData[OpenAISettings, None]


class BatchPolls:
    """Polls batches of one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def poll(self, request: ad.Request, data: Contexts) -> AsyncPollResponse:
        """Request the state of each batch, and the results of those that have ended."""
        found = [await self._status_of(request, data, each) for each in data.async_contexts]
        return AsyncPollResponse.of(found)

    async def _status_of(
        self, request: ad.Request, data: Contexts, context: JSONObject
    ) -> AsyncOperationResult:
        batch = await batch_at(request, _path(context["batch_id"]), data, context)
        status = batch.get("status")
        if status == "failed":
            return _result(batch, context, refused_rows(batch, context), [])
        if status in ENDED:
            return await self._ended(request, data.state_context, batch, context)
        done, failed = count_of(batch, "completed"), count_of(batch, "failed")
        is_odd = status not in RUNNING
        return still_running(context, str(status), done=done, failed=failed, is_odd=is_odd)

    async def _ended(
        self, request: ad.Request, state: ad.StateContext, batch: JSONObject, context: JSONObject
    ) -> AsyncOperationResult:
        """Return the outcome of every row: a batch that is "completed" may have no success."""
        stated = count_of(batch, "completed") + count_of(batch, "failed")
        sent = sent_rows(context)
        answers = await self._answers(request, batch, context)
        expected = sent if batch["status"] == "completed" or answers.gone else min(stated, sent)
        if again := read_again(state, context, answers.gap(expected)):
            return again
        missing = None if answers.gone else not_done(batch, answers.completed, sent)
        rows = answers.rows(f"it ended {batch['status']}", missing=missing)
        return _result(batch, context, rows, answers.notes())

    async def _answers(
        self, request: ad.Request, batch: JSONObject, context: JSONObject
    ) -> JobAnswers:
        answers = JobAnswers.of(context)
        outcome = partial(self._outcome, parsed_rows(context))
        gone: HTTPError | None = None
        for file_id in ids_of(batch):
            path = f"/files/{quote(file_id, safe='')}/content"
            try:
                response = await result_file(request, path, **LARGE)
            except HTTPError as error:
                if error.status not in (404, 410):
                    raise
                gone, answers.gone = error, answers.gone + 1
                continue
            if response.problem:
                raise ProtocolError(response.problem)
            await to_thread(answers.read, response.lines(), outcome, key="custom_id")
        if gone and not answers.count:
            raise gone
        return answers

    def _outcome(self, parsed: bool | frozenset[int], line: JSONObject, place: int) -> RowResult:
        return row_outcome(line, self._endpoint, is_parsed=is_parsed(parsed, place))


async def cancel(request: ad.Request, data: Contexts) -> None:
    """Request the end of a batch. Rows that are answered by then stay answered, and billed."""
    context = data.async_contexts[0]
    for copy in context.get("also") or ():  # They may have ended.
        await request(f"{_path(copy)}/cancel", method="POST", throw_http_errors=False)
    await request(f"{_path(context['batch_id'])}/cancel", method="POST")


def _path(batch_id: object) -> str:
    return f"/batches/{quote(str(batch_id), safe='')}"


def _result(
    batch: JSONObject, context: JSONObject, rows: list[RowResult], notes: list[str]
) -> AsyncOperationResult:
    status = str(batch["status"])
    counts = Counter(row.status for row in rows)
    by_status = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    done, failed = count_of(batch, "completed"), count_of(batch, "failed")
    listed = sum(row.status in ("completed", "failed") for row in rows)
    parts = [
        f"{by_status} of {counted(len(rows), 'row')}",
        "" if status == "completed" else f"the batch ended {status}",
        *notes,
        *copies_note(context),
        f"OpenAI counts {done:,} completed, {failed:,} failed" if done + failed != listed else "",
    ]
    return AsyncOperationResult(
        status="completed" if status == "completed" else "failed",
        progress=100.0,
        message="; ".join(filter(None, parts)),
        context=context,
        rows=rows,
        ended_at=batch.get(f"{status}_at"),
    )
