"""Batches are created of a file of rows, and found again if the reply was lost."""

from __future__ import annotations

import asyncio
import json
import time
from asyncio import to_thread
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from ... import destination as ad
from ...errors import HTTPError, NotSent, ProtocolError, RequestFailed, RetryableError
from ...responses import AsyncActionResponse, JSONObject, RowResult
from ..llm_batches import (
    SUBMISSION,
    JobRows,
    ModelRequest,
    batch_key,
    queued_tokens,
    refused,
)
from .account import LARGE, OpenAISettings, account_fault, error_in, object_of
from .batch_list import TOKENS, batches_since, wait_for_queue
from .endpoints import Endpoint

UPLOADS = 3  # Tries: a file that is uploaded twice does nothing.
EARLIER_SECONDS = 3600  # How much earlier than here a batch may be created, as clocks differ.
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
        model = str(json.loads(rows.texts[0])["model"])
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
        state = data.state_context
        known = state.get_request_context(_file_key(rows.key))
        file = known or await self._uploaded(request, rows)
        # Kept, so that the file need not be uploaded again if the batch has to wait.
        state.set_response_context(_file_key(rows.key), file, {"day": 25})
        first = state.get_request_context(_time_key(rows.key)) or time.time()
        state.set_response_context(_time_key(rows.key), first, {"day": 25})
        if len(file["left_out"]) == len(rows.texts):
            return AsyncActionResponse(async_contexts=[], rows=_left_out(file, len(rows.texts)))
        body = {
            "completion_window": "24h",
            "endpoint": self._endpoint.path,
            "input_file_id": file["id"],
            "metadata": {SUBMISSION: rows.key, TOKENS: str(tokens)},
        }
        try:
            batch = object_of(await request("/batches", method="POST", json=body))
        except HTTPError as error:
            if known and 400 <= error.status <= 404:  # The file may be gone: upload it again.
                state.set_response_context(_file_key(rows.key), None)
            return _refused_batch(error, rows=len(rows.texts), is_repeatable=bool(known))
        return self._accepted(batch, rows, file)

    async def find(self, request: ad.Request, data: Payloads) -> AsyncActionResponse | None:
        """Return the batch that has the key of this submission, None = there is none."""
        rows, state = self._rows(data), data.state_context
        sent_at = state.get_request_context(_time_key(rows.key)) or 0
        found = [
            batch
            async for batch in batches_since(request, sent_at - EARLIER_SECONDS)
            if (batch.get("metadata") or {}).get(SUBMISSION) == rows.key
        ]
        if not found:
            return None
        file = state.get_request_context(_file_key(rows.key)) or {"left_out": {}}
        return self._accepted(found[-1], rows, file, others=found[:-1])

    def _rows(self, data: Payloads) -> JobRows:
        return JobRows(data.payload_texts, batch_key(data.submission_id), self._entry)

    def _entry(self, custom_id: str, values: dict[str, Any]) -> dict[str, Any]:
        body = self._endpoint.body(values)
        return {"custom_id": custom_id, "method": "POST", "url": self._endpoint.path, "body": body}

    async def _uploaded(self, request: ad.Request, rows: JobRows) -> JSONObject:
        """Return the id of the file of *rows*, and why some of them are not in it."""
        for tries in range(1, UPLOADS + 1):
            lines = rows.parts(separator=b"\n", end=b"\n")
            part = (f"{rows.key}.jsonl", lines, "application/octet-stream")
            try:
                answer = await request(
                    "/files",
                    method="POST",
                    data={"purpose": "batch"},
                    files={"file": part},
                    **LARGE,
                )
                break
            except NotSent:
                raise
            except (RequestFailed, HTTPError) as error:
                if tries == UPLOADS or not _is_lost(error):
                    raise
        why = {
            str(place): each.error.message for place, each in rows.left_out.items() if each.error
        }
        file = object_of(answer)
        if not file.get("id"):
            raise ProtocolError("the answer to the upload has no id of a file")
        return {"id": file["id"], "left_out": why}

    def _accepted(
        self, batch: JSONObject, rows: JobRows, file: JSONObject, others: Iterable[JSONObject] = ()
    ) -> AsyncActionResponse:
        if not batch.get("id"):
            raise ProtocolError("the answer has no id of a batch")
        context = {
            "batch_id": batch["id"],
            "key": rows.key,
            "rows": len(rows.texts),
            "parsed": rows.parsed,
        }
        also = ", ".join(str(each.get("id")) for each in others)
        message = f"created; the list has this batch again as {also}" if also else "created"
        decided = _left_out(file, len(rows.texts)) if file["left_out"] else None
        return AsyncActionResponse(async_contexts=[context], rows=decided, message=message)


def _is_lost(error: RequestFailed | HTTPError) -> bool:
    """Whether an upload may have arrived, or failed by trouble of the server."""
    if isinstance(error, RequestFailed):
        return True
    return error.retry_after is None and (error.status == 408 or error.status >= 500)


def _file_key(key: str) -> str:
    return f"file of {key}"


def _time_key(key: str) -> str:
    return f"time of {key}"


def _left_out(file: JSONObject, rows: int) -> list[RowResult | None]:
    """Return the outcomes of rows that are not in the file, None for the others."""
    why = file["left_out"]
    return [
        refused("NOT_SENT", why[str(place)], retryable=True) if str(place) in why else None
        for place in range(rows)
    ]


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
