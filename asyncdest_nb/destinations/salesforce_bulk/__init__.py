"""Salesforce Bulk API 2.0 ingest: a job of many rows, uploaded as CSV, its outcomes in CSV files.

POST  /jobs/ingest               opens a job, {"id": "750…", "state": "Open"}
PUT   /jobs/ingest/{id}/batches  its rows, once
PATCH /jobs/ingest/{id}          {"state": "UploadComplete"}: only now anything happens
GET   /jobs/ingest/{id}          how it stands
GET   /jobs/ingest/{id}/successfulResults, failedResults, unprocessedrecords

    account      the organisation: settings, tokens, one request
    description  what an object's fields are
    records      what a row of a job holds
    relations    columns that name a parent by a key of its own
    preflight    what can be known before anything is sent
    rows         cells and CSV, and what the result files say of each row
"""

from __future__ import annotations

# Half a second of work on 10,000 rows is done in threads: the loop polls meanwhile.
from asyncio import to_thread
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ... import destination as ad
from ...errors import HTTPError
from ...responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    RowResult,
)
from .account import (
    SalesforceSettings,
    ask,
    content_of,
    extend_request,
    object_of,
    refresh_access_token,
    test_authentication,
)
from .description import Described, describe
from .preflight import check
from .records import Delete, Insert, SalesforceRecord, Update, Upsert
from .rows import cells, fingerprint, outcomes, reconciled, row_bytes, to_csv

RUNNING = ("Open", "UploadComplete", "InProgress")
RESULTS = {
    "successful": "successfulResults",
    "failed": "failedResults",
    "unprocessed": "unprocessedrecords",
}
CSV = {"accept": "text/csv"}
LARGE = {"timeout_seconds": 600}  # An upload may be 100 MB, and so may be its results.


async def create(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, list[SalesforceRecord]]
) -> Any:
    """Open a job for records of one object."""
    first = data.payload[0]
    body = {
        "operation": first.operation,
        "object": first.object,
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    if isinstance(first, Upsert):
        body["externalIdFieldName"] = first.external_id
    job = object_of(await ask(request, "/jobs/ingest", method="POST", json=body))
    context = {"job_id": job.get("id"), "rows": len(data.payload), "key": first.key}
    return AsyncActionResponse(async_contexts=[context], message="opened")


async def upload(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, list[SalesforceRecord]]
) -> None:
    """Give the job its rows, and remember how to tell them apart in its results."""
    first, context = data.payload[0], data.async_contexts[0]
    known = await describe(request, data, first.object)
    body, columns, sent = await to_thread(_written, data.payload, known)
    # Salesforce forgets a job after 7 days, and nobody can ask for its results any more.
    data.state_context.set_response_context(_sent(context), sent, {"day": 8})
    data.state_context.set_response_context(_columns(context), columns, {"day": 8})
    try:
        await ask(
            request,
            f"{_job(context)}/batches",
            method="PUT",
            content=body,
            headers={"content-type": "text/csv; charset=UTF-8"},
            **LARGE,
        )
    except HTTPError as error:
        # A job takes one upload: a second is refused, when only the reply to the first was
        # lost. Nothing is assumed of it: the result files say what became of each row.
        if error.status != 400 or "contents for job" not in content_of(error):
            raise


def _written(
    payloads: list[SalesforceRecord], known: Described | None
) -> tuple[str, list[str], list[str]]:
    """Return the rows as a file, its columns, and what tells each row from the others."""
    first = payloads[0]
    lines = cells(
        [payload.record for payload in payloads],
        clears=first.nulls == "clear",
        kinds=known["types"] if known else {},
    )
    return to_csv(lines), list(lines[0]), [fingerprint(line, first.key) for line in lines]


async def close(request: ad.Request, data: ad.ActionData[SalesforceSettings, Any]) -> None:
    """Let Salesforce begin."""
    path = _job(data.async_contexts[0])
    try:
        await ask(request, path, method="PATCH", json={"state": "UploadComplete"})
    except HTTPError as error:
        # Closing twice is refused too: whether it was closed, only its state tells.
        if error.status != 400 or object_of(await ask(request, path)).get("state") == "Open":
            raise


async def poll(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, None]
) -> AsyncPollResponse:
    """Ask how each job stands, and for its results when it has ended."""
    return AsyncPollResponse.of(
        [await _standing(request, data, each) for each in data.async_contexts]
    )


async def abort(request: ad.Request, data: ad.ActionData[SalesforceSettings, None]) -> None:
    """Ask for the end of a job: what is processed by then stays processed."""
    data.state_context.set_response_context(_aborting(data.async_contexts[0]), True, {"day": 8})
    await ask(request, _job(data.async_contexts[0]), method="PATCH", json={"state": "Aborted"})


async def _standing(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, None], context: JSONObject
) -> AsyncOperationResult:
    job = object_of(await ask(request, _job(context)))
    state, rows = job.get("state"), int(context["rows"])
    done, failed = _count(job, "numberRecordsProcessed"), _count(job, "numberRecordsFailed")
    if state in ("JobComplete", "Failed", "Aborted"):
        return await _ended(request, data, context, job)
    is_aborting = data.state_context.get_request_context(_aborting(context))
    if state == "Open" and not is_aborting:
        # It was closed, or so it looked: a page of some proxy may have answered instead.
        await close(request, replace(data, async_contexts=[context]))
    return AsyncOperationResult(
        status="pending",
        # A job does not say how many rows it has: we do.
        progress=100 * min(done, rows) / rows,
        message=f"{state}: {done:,} of {rows:,} rows, {failed:,} failed",
        context=context,
        odd_status=None if state in RUNNING else str(state),
    )


async def _ended(
    request: ad.Request,
    data: ad.ActionData[SalesforceSettings, None],
    context: JSONObject,
    job: JSONObject,
) -> AsyncOperationResult:
    """Return the outcome of every row: "JobComplete" only says that none is being worked on."""
    files = {
        name: (await ask(request, f"{_job(context)}/{path}", headers=CSV, **LARGE)).text
        for name, path in RESULTS.items()
    }
    reason = f": {job['errorMessage']}" if job.get("errorMessage") else ""
    why = f"the job ended {job['state']}{reason}"
    sent = data.state_context.get_request_context(_sent(context)) or [""] * context["rows"]
    columns = data.state_context.get_request_context(_columns(context))
    found = await to_thread(outcomes, sent, key=context["key"], columns=columns, why=why, **files)
    rows = reconciled(found, processed=_count(job, "numberRecordsProcessed"))
    return AsyncOperationResult(
        status="completed" if job["state"] == "JobComplete" else "failed",
        progress=100.0,
        message=_summary(rows, job),
        context=context,
        rows=rows,
    )


def _summary(rows: list[RowResult], job: JSONObject) -> str:
    counts = Counter(row.status for row in rows)
    words = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    said = {name: _count(job, f"numberRecords{name}") for name in ("Processed", "Failed")}
    own = {"Processed": counts["completed"] + counts["failed"], "Failed": counts["failed"]}
    parts = [
        f"{words} of {len(rows):,} rows",
        "" if job["state"] == "JobComplete" else f"the job ended {job['state']}",
        str(job.get("errorMessage") or ""),
        ""
        if said == own
        else f"Salesforce counts {said['Processed']:,}, {said['Failed']:,} failed",
    ]
    return "; ".join(filter(None, parts))


def _count(job: JSONObject, name: str) -> int:
    text = str(job.get(name))
    return int(text) if text.isdecimal() and len(text) < 15 else 0


def _job(context: JSONObject) -> str:
    return f"/jobs/ingest/{quote(str(context['job_id']), safe='')}"


def _sent(context: JSONObject) -> str:
    return f"rows of {context['job_id']}"


def _columns(context: JSONObject) -> str:
    return f"columns of {context['job_id']}"


def _aborting(context: JSONObject) -> str:
    return f"abort of {context['job_id']}"


def _action(payload: type[SalesforceRecord], title: str, description: str) -> ad.Action:
    keys = ("object", "nulls", "external_id")
    return ad.Action(
        title=title,
        description=description,
        payload=payload,
        check=check,
        perform_batch=create,
        steps=(upload, close),
        poll=poll,
        cancel=abort,
        operation_per="batch",
        operation_id="job_id",
        # One internal batch, of which there are 15,000 in 24 hours, has up to 10,000 rows.
        batch_size=10_000,
        # 150 MB after base64, which Salesforce stores an upload in.
        batch_bytes=100_000_000,
        row_bytes=row_bytes,
        batch_keys=[key for key in keys if key in payload.model_fields],
        result_columns=("sf__Id", "sf__Created"),
    )


salesforce_bulk = ad.Destination(
    name="Salesforce",
    slug="salesforce-bulk",
    description="Records of any object by Bulk API 2.0: a job for up to 10,000 rows",
    settings=SalesforceSettings,
    extend_request=extend_request,
    refresh_access_token=refresh_access_token,
    test_authentication=test_authentication,
    requests_per_second=10,
    actions={
        "insert": _action(Insert, "Insert records", "Create records"),
        "update": _action(Update, "Update records", "Change records, found by Id"),
        "upsert": _action(Upsert, "Upsert records", "Change or create, found by an external ID"),
        "delete": _action(Delete, "Delete records", "Delete records, found by Id"),
    },
)
