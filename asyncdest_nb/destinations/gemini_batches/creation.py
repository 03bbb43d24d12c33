"""Batches are created of a file of rows, and found again if the reply was lost."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

from ... import destination as ad
from ...errors import HTTPError, ProtocolError, RetryableError
from ...responses import AsyncActionResponse, JSONObject
from ..llm_batches import (
    JobRows,
    KeptFile,
    ModelRequest,
    batch_key,
    jobs_page,
    note_key,
    outcomes_left_out,
    refused,
    require_same_key,
    uploaded,
)
from ..objects import object_of
from .account import LARGE, GeminiSettings, error_in, model_path, object_in
from .requests import GeminiMethod

FILE_DAYS = 2
PAGES = 50  # Of the list, with 100 batches each.

Payloads = ad.ActionData[GeminiSettings, list[ModelRequest]]


class GeminiCreation:
    """Creates batches of one method, and finds one whose reply was lost."""

    def __init__(self, method: GeminiMethod) -> None:
        self._method = method

    async def create(self, request: ad.Request, data: Payloads) -> AsyncActionResponse:
        """Upload the rows, and start a batch of them, whose name shown is our key."""
        rows = self._rows(data)
        kept = KeptFile(data.state_context, rows.key, days=FILE_DAYS)
        known = kept.file
        try:
            file = known or await self._uploaded(request, rows)
        except HTTPError as error:
            return _refused_batch(error, rows=len(rows.texts), is_repeatable=False)
        kept.keep(file)
        note_key(data, rows.key)
        if len(file["left_out"]) == len(rows.texts):
            return AsyncActionResponse(
                async_contexts=[], rows=outcomes_left_out(file, len(rows.texts))
            )
        model = data.payload[0].model
        batch = {"displayName": rows.key, "inputConfig": {"fileName": file["id"]}}
        path = model_path(model, self._method.name)
        try:
            answer = await request(path, method="POST", json={"batch": batch})
        except HTTPError as error:
            if known and 400 <= error.status <= 404:  # The file may be gone: upload it again.
                kept.forget()
            return _refused_batch(error, rows=len(rows.texts), is_repeatable=bool(known))
        return _accepted(object_of(answer), rows, file, model)

    async def find(self, request: ad.Request, data: Payloads) -> AsyncActionResponse | None:
        """Return the batch that has the key of this submission, None = there is none."""
        rows = self._rows(data)
        kept = KeptFile(data.state_context, rows.key, days=FILE_DAYS)
        found = [
            batch
            async for batch in _batches_since(request, kept.since)
            if object_in(batch, "metadata").get("displayName") == rows.key
        ]
        if not found:
            require_same_key(data, rows.key)
            return None
        file = kept.file or {"left_out": {}}
        return _accepted(found[-1], rows, file, data.payload[0].model, others=found[:-1])

    def _rows(self, data: Payloads) -> JobRows:
        return JobRows(data.payload_texts, batch_key(data.submission_id), self._entry)

    def _entry(self, custom_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"key": custom_id, "request": self._method.request(values)}

    async def _uploaded(self, request: ad.Request, rows: JobRows) -> JSONObject:
        with TemporaryFile() as file:
            # Its length has to be stated before it is sent.
            size = await to_thread(_written, rows, file)
            return await uploaded(rows, lambda: _upload(request, file, size, rows.key))


def _written(rows: JobRows, file: IO[bytes]) -> int:
    for part in rows.parts(separator=b"\n", end=b"\n"):
        file.write(part)
    return file.tell()


async def _upload(request: ad.Request, file: IO[bytes], size: int, key: str) -> str:
    """Upload *file* under a new name, which is returned."""
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
    """Yield the batches that were created *since* then (Unix seconds), the newest first.

    *since* is of this computer's clock, which may be ahead of the vendor's.
    """
    token = ""
    for _ in range(PAGES):
        params = {"pageSize": 100, **({"pageToken": token} if token else {})}
        found = await jobs_page(request, "/v1/batches", params, name="operations", is_proto=True)
        for batch in found.jobs:
            created = _seconds(object_in(batch, "metadata").get("createTime"))
            if created is not None and created < since + min(0.0, found.ahead_seconds):
                return
            yield batch
        before, token = token, str(found.page.get("nextPageToken") or "")
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
    batch: JSONObject,
    rows: JobRows,
    file: JSONObject,
    model: str,
    others: Iterable[JSONObject] = (),
) -> AsyncActionResponse:
    if not batch.get("name"):
        raise ProtocolError("the answer has no name of a batch")
    context = {
        "name": batch["name"],
        **rows.context(map(int, file["left_out"])),
        "model": model,
    }
    if also := [str(each.get("name")) for each in others]:
        context["also"] = also
    decided = outcomes_left_out(file, len(rows.texts))
    return AsyncActionResponse(async_contexts=[context], rows=decided, message="created")


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
