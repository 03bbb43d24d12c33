"""Batches are created of a file of rows, and found again if the reply was lost."""

from __future__ import annotations

import asyncio
import json
from asyncio import to_thread
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from ... import destination as ad
from ...errors import HTTPError, ProtocolError, RetryableError
from ...responses import AsyncActionResponse, JSONObject
from ..llm_batches import (
    SUBMISSION,
    JobRows,
    KeptFile,
    ModelRequest,
    batch_key,
    note_key,
    outcomes_left_out,
    queued_tokens,
    refused,
    require_same_key,
    uploaded,
)
from ..objects import object_of
from .account import LARGE, OpenAISettings, account_fault, error_in
from .batch_list import MODEL, TOKENS, batches_since, wait_for_queue
from .endpoints import Endpoint

FILE_DAYS = 25  # The file is kept for 30.
ACCOUNT_SECONDS = 600.0  # Between two tries while the account has no credit.

Payloads = ad.ActionData[OpenAISettings, list[ModelRequest]]


class BatchCreation:
    """Creates batches of one endpoint, and finds one whose reply was lost."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._queues: WeakKeyDictionary[Any, dict[str, asyncio.Lock]] = WeakKeyDictionary()

    async def create(self, request: ad.Request, data: Payloads) -> Any:
        """Upload the rows, and start a batch of them."""
        rows = self._rows(data)
        tokens, limit = await to_thread(queued_tokens, rows.texts)
        if limit is None:
            return await self._created(request, data, rows, tokens)
        model = _model_of(rows)
        # One after the other: each has to see those before it in the list.
        async with self._queue(model):
            await wait_for_queue(request, model, tokens=tokens, limit=limit)
            return await self._created(request, data, rows, tokens)

    def _queue(self, model: str) -> asyncio.Lock:
        own = self._queues.setdefault(asyncio.get_running_loop(), {})
        return own.setdefault(model, asyncio.Lock())

    async def _created(
        self, request: ad.Request, data: Payloads, rows: JobRows, tokens: int
    ) -> AsyncActionResponse:
        kept = KeptFile(data.state_context, rows.key, days=FILE_DAYS)
        known = kept.file
        file = known or await uploaded(rows, lambda: _upload(request, rows))
        kept.keep(file)
        note_key(data, rows.key)
        if len(file["left_out"]) == len(rows.texts):
            return AsyncActionResponse(
                async_contexts=[], rows=outcomes_left_out(file, len(rows.texts))
            )
        body = {
            "completion_window": "24h",
            "endpoint": self._endpoint.path,
            "input_file_id": file["id"],
            "metadata": {SUBMISSION: rows.key, TOKENS: str(tokens), MODEL: _model_of(rows)},
        }
        try:
            batch = object_of(await request("/batches", method="POST", json=body))
        except HTTPError as error:
            if known and 400 <= error.status <= 404:  # The file may be gone: upload it again.
                kept.forget()
            return _refused_batch(error, rows=len(rows.texts), is_repeatable=bool(known))
        return self._accepted(batch, rows, file)

    async def find(self, request: ad.Request, data: Payloads) -> AsyncActionResponse | None:
        """Return the batch that has the key of this submission, None = there is none."""
        rows = self._rows(data)
        kept = KeptFile(data.state_context, rows.key, days=FILE_DAYS)
        found = [
            batch
            async for batch in batches_since(request, kept.since)
            if (batch.get("metadata") or {}).get(SUBMISSION) == rows.key
        ]
        if not found:
            require_same_key(data, rows.key)
            return None
        file = kept.file or {"left_out": {}}
        return self._accepted(found[-1], rows, file, others=found[:-1])

    def _rows(self, data: Payloads) -> JobRows:
        return JobRows(data.payload_texts, batch_key(data.submission_id), self._entry)

    def _entry(self, custom_id: str, values: dict[str, Any]) -> dict[str, Any]:
        body = self._endpoint.body(values)
        return {"custom_id": custom_id, "method": "POST", "url": self._endpoint.path, "body": body}

    def _accepted(
        self, batch: JSONObject, rows: JobRows, file: JSONObject, others: Iterable[JSONObject] = ()
    ) -> AsyncActionResponse:
        if not batch.get("id"):
            raise ProtocolError("the answer has no id of a batch")
        context = {
            "batch_id": batch["id"],
            **rows.context(map(int, file["left_out"])),
        }
        if also := [str(each.get("id")) for each in others]:
            context["also"] = also
        decided = outcomes_left_out(file, len(rows.texts))
        return AsyncActionResponse(async_contexts=[context], rows=decided, message="created")


def _model_of(rows: JobRows) -> str:
    """Return the model of a job, as far as metadata can hold it."""
    return str(json.loads(rows.texts[0])["model"])[:512]


async def _upload(request: ad.Request, rows: JobRows) -> str:
    lines = rows.parts(separator=b"\n", end=b"\n")
    part = (f"{rows.key}.jsonl", lines, "application/octet-stream")
    answer = await request(
        "/files", method="POST", data={"purpose": "batch"}, files={"file": part}, **LARGE
    )
    file = object_of(answer)
    if not file.get("id"):
        raise ProtocolError("the answer to the upload has no id of a file")
    return str(file["id"])


def _refused_batch(error: HTTPError, *, rows: int, is_repeatable: bool) -> AsyncActionResponse:
    """Return the outcomes of rows whose batch was refused; raise for what is not a refusal.

    The upload before it did nothing with the rows.
    """
    code, message = error_in(error)
    if why := account_fault(code):
        text = f"waiting: {why}; {message}"
        seconds = error.retry_after or ACCOUNT_SECONDS
        raise RetryableError(text, error.status, seconds, polls_go_on=True) from None
    if error.status == 429 or (error.status == 503 and error.retry_after is not None):
        raise RetryableError(str(error), error.status, error.retry_after) from None
    if error.status == 408 or error.status >= 500 or error.status < 400:
        raise error
    if is_repeatable and error.status <= 404:
        raise RetryableError(str(error), error.status) from None
    found = refused(code or str(error.status), message, retryable=error.status in (401, 403, 409))
    return AsyncActionResponse(async_contexts=[], rows=[found] * rows)
