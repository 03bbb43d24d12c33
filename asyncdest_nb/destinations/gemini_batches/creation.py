"""Batches are created of a file of rows, and found again if the reply was lost."""

from __future__ import annotations

import time
from asyncio import to_thread
from collections.abc import AsyncIterator
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

from ... import destination as ad
from ...errors import HTTPError, NotSent, ProtocolError, RequestFailed, RetryableError
from ...responses import AsyncActionResponse, JSONObject, RowResult
from ..llm_batches import JobRows, ModelRequest, batch_key, refused
from .account import LARGE, GeminiSettings, error_in, model_path, object_in, object_of
from .requests import GeminiMethod

UPLOADS = 3  # Tries: a file that is uploaded twice does nothing.
PAGES = 50  # Of the list, with 100 batches each.
EARLIER_SECONDS = 3600  # How much earlier than here a batch may be created, as clocks differ.

Payloads = ad.ActionData[GeminiSettings, list[ModelRequest]]


class GeminiCreation:
    """Creates batches of one method, and finds one whose reply was lost."""

    def __init__(self, method: GeminiMethod) -> None:
        self._method = method

    async def create(self, request: ad.Request, data: Payloads) -> AsyncActionResponse:
        """Upload the rows, and start a batch of them, whose name shown is our key."""
        rows, state = self._rows(data), data.state_context
        known = state.get_request_context(_file_key(rows.key))
        try:
            file = known or await self._uploaded(request, rows)
        except HTTPError as error:
            return _refused_batch(error, rows=len(rows.texts), is_repeatable=False)
        # Kept, so that the file need not be uploaded again if the batch has to wait.
        state.set_response_context(_file_key(rows.key), file, {"day": 2})
        state.set_response_context(_time_key(rows.key), time.time(), {"day": 7})
        if len(file["left_out"]) == len(rows.texts):
            return AsyncActionResponse(async_contexts=[], rows=_left_out(file, len(rows.texts)))
        model = data.payload[0].model
        batch = {"displayName": rows.key, "inputConfig": {"fileName": file["name"]}}
        path = model_path(model, self._method.name)
        try:
            answer = await request(path, method="POST", json={"batch": batch})
        except HTTPError as error:
            if known and 400 <= error.status <= 404:  # The file may be gone: upload it again.
                state.set_response_context(_file_key(rows.key), None)
            return _refused_batch(error, rows=len(rows.texts), is_repeatable=bool(known))
        return _accepted(object_of(answer), rows, file, model)

    async def find(self, request: ad.Request, data: Payloads) -> AsyncActionResponse | None:
        """Return the batch that has the key of this submission, None = there is none."""
        rows, state = self._rows(data), data.state_context
        sent_at = state.get_request_context(_time_key(rows.key)) or 0
        found = [
            batch
            async for batch in _batches_since(request, sent_at - EARLIER_SECONDS)
            if object_in(batch, "metadata").get("displayName") == rows.key
        ]
        if not found:
            return None
        file = state.get_request_context(_file_key(rows.key)) or {"left_out": {}}
        return _accepted(found[-1], rows, file, data.payload[0].model)

    def _rows(self, data: Payloads) -> JobRows:
        return JobRows(data.payload_texts, batch_key(data.submission_id), self._entry)

    def _entry(self, custom_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"key": custom_id, "request": self._method.request(values)}

    async def _uploaded(self, request: ad.Request, rows: JobRows) -> JSONObject:
        """Return the name of the file of *rows*, and why some of them are not in it."""
        with TemporaryFile() as file:
            # Its length has to be stated before it is sent.
            size = await to_thread(_written, rows, file)
            name = await _sent(request, file, size, rows.key)
        why = {
            str(place): each.error.message for place, each in rows.left_out.items() if each.error
        }
        return {"name": name, "left_out": why}


def _written(rows: JobRows, file: IO[bytes]) -> int:
    for part in rows.parts(separator=b"\n", end=b"\n"):
        file.write(part)
    return file.tell()


async def _sent(request: ad.Request, file: IO[bytes], size: int, key: str) -> str:
    """Upload *file* under a new name, which is returned."""
    for tries in range(1, UPLOADS + 1):
        try:
            return await _sent_once(request, file, size, key)
        except NotSent:
            raise
        except (RequestFailed, HTTPError) as error:
            if tries == UPLOADS or not _is_lost(error):
                raise
    raise AssertionError("the last try returns or raises")


async def _sent_once(request: ad.Request, file: IO[bytes], size: int, key: str) -> str:
    kind = "application/jsonl"
    started = await request(
        "/upload/v1/files",
        method="POST",
        json={"file": {"displayName": key, "mimeType": kind}},
        headers={
            "x-goog-upload-protocol": "resumable",
            "x-goog-upload-command": "start",
            "x-goog-upload-header-content-length": str(size),
            "x-goog-upload-header-content-type": kind,
        },
    )
    place = urlsplit(started.headers.get("x-goog-upload-url", ""))
    if not place.query:
        raise ProtocolError("the answer to the start of the upload has no x-goog-upload-url")
    file.seek(0)
    # The host is ours, as in Google's own client: the key goes nowhere else.
    answer = await request(
        f"{place.path}?{place.query}",
        method="POST",
        content=file,
        headers={
            "x-goog-upload-command": "upload, finalize",
            "x-goog-upload-offset": "0",
            "content-type": kind,
        },
        **LARGE,
    )
    name = object_in(object_of(answer), "file").get("name")
    if not name:
        raise ProtocolError("the answer to the upload has no name of a file")
    return str(name)


async def _batches_since(request: ad.Request, since: float) -> AsyncIterator[JSONObject]:
    """Yield the batches that were created *since* then (Unix seconds), the newest first."""
    token = ""
    for _ in range(PAGES):
        params = {"pageSize": 100, **({"pageToken": token} if token else {})}
        page = object_of(await request("/v1/batches", params=params))
        for batch in page.get("operations") or []:
            created = _seconds(object_in(batch, "metadata").get("createTime"))
            if created is not None and created < since:
                return
            yield batch
        before, token = token, str(page.get("nextPageToken") or "")
        if not token:
            return
        if token == before:
            raise ProtocolError("the list of batches says it has more, and gives no next page")
    raise ProtocolError(
        f"the list of batches has more than {100 * PAGES:,}: not all were looked at"
    )


def _seconds(moment: object) -> float | None:
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return None


def _accepted(
    batch: JSONObject, rows: JobRows, file: JSONObject, model: str
) -> AsyncActionResponse:
    if not batch.get("name"):
        raise ProtocolError("the answer has no name of a batch")
    context = {
        "name": batch["name"],
        "key": rows.key,
        "rows": len(rows.texts),
        "parsed": rows.parsed,
        "model": model,
    }
    decided = _left_out(file, len(rows.texts)) if file["left_out"] else None
    return AsyncActionResponse(async_contexts=[context], rows=decided, message="created")


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

    The upload before it did nothing with the rows. A 429 says that too much is queued.
    """
    status, message = error_in(error)
    if error.status == 429 or (error.status == 503 and error.retry_after is not None):
        text = f"waiting: {message}"
        raise RetryableError(text, error.status, error.retry_after) from None
    if error.status == 408 or error.status >= 500 or error.status < 400:
        raise error
    if is_repeatable and error.status <= 404:
        raise RetryableError(str(error), error.status) from None
    is_account = error.status in (401, 403, 409) or "API key" in message
    found = refused(status, message, retryable=is_account)
    return AsyncActionResponse(async_contexts=[], rows=[found] * rows)
