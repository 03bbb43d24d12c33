"""Salesforce Bulk API 2.0 ingest: jobs of many rows, uploaded as CSV, with results in CSV files.

POST  /jobs/ingest               opens a job, {"id": "750…", "state": "Open"}
PUT   /jobs/ingest/{id}/batches  its rows, once
PATCH /jobs/ingest/{id}          {"state": "UploadComplete"}: starts the job
GET   /jobs/ingest/{id}          its state
GET   /jobs/ingest/{id}/successfulResults, failedResults, unprocessedrecords

What a description cannot express is that the columns of the file are those that the rows of the
batch have, that rows are checked against the fields that the object has in this organisation,
and that a row without a key is known in the results by all of its values.

    account      the organisation: settings, tokens, one request
    description  the fields of an object
    records      the payloads: one row of a job
    relations    columns that name a parent by its key
    preflight    faults that are found before anything is sent
    rows         cells and CSV, and the outcome of each row in the result files
"""

from __future__ import annotations

# 10,000 rows take half a second of work: it runs in threads, so that the loop goes on polling.
from asyncio import to_thread
from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ... import destination as ad
from ...errors import HTTPError
from ...numerals import counted
from ...responses import (
    AsyncActionResponse,
    AsyncOperationResult,
    AsyncPollResponse,
    JSONObject,
    RowResult,
)
from ..objects import about, object_of
from .account import (
    SalesforceSettings,
    ask,
    content_of,
    extend_request,
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
LARGE = {"timeout_seconds": 600}  # An upload may have 100 MB, and so may its results.


async def create(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, list[SalesforceRecord]]
) -> Any:
    """Open a job for the records of one object."""
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
    """Upload the rows of the job, and store what identifies each row in the results."""
    first, context = data.payload[0], data.async_contexts[0]
    known = await describe(request, data, first.object)
    body, columns, sent = await to_thread(_written, data.payload, known)
    # Salesforce deletes a job and its results after 7 days.
    data.state_context.set_response_context(_rows_key(context), sent, {"day": 8})
    data.state_context.set_response_context(_columns_key(context), columns, {"day": 8})
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
        # A job accepts one upload. If only the reply to the first was lost, the second is
        # refused. That is no failure: the result files have the outcome of each row.
        if error.status != 400 or "contents for job" not in content_of(error):
            raise


def _written(
    payloads: list[SalesforceRecord], known: Described | None
) -> tuple[str, list[str], list[str]]:
    """Return the rows as a file, its columns, and the fingerprint of each row."""
    first = payloads[0]
    lines = cells(
        [payload.record for payload in payloads],
        clears=first.nulls == "clear",
        kinds=known["types"] if known else {},
    )
    return to_csv(lines), list(lines[0]), [fingerprint(line, first.key) for line in lines]


async def close(request: ad.Request, data: ad.ActionData[SalesforceSettings, Any]) -> None:
    """Close the upload, which starts the job."""
    path = _job(data.async_contexts[0])
    try:
        await ask(request, path, method="PATCH", json={"state": "UploadComplete"})
    except HTTPError as error:
        # Closing twice is also refused: the state shows whether the job was closed.
        if error.status != 400 or object_of(await ask(request, path)).get("state") == "Open":
            raise


async def poll(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, None]
) -> AsyncPollResponse:
    """Request the state of each job, and the results of those that have ended."""
    return AsyncPollResponse.of(
        [await _status_of(request, data, each) for each in data.async_contexts]
    )


async def abort(request: ad.Request, data: ad.ActionData[SalesforceSettings, None]) -> None:
    """Request the end of a job. Rows that are processed by then stay processed."""
    data.state_context.set_response_context(_abort_key(data.async_contexts[0]), True, {"day": 8})
    await ask(request, _job(data.async_contexts[0]), method="PATCH", json={"state": "Aborted"})


async def _status_of(
    request: ad.Request, data: ad.ActionData[SalesforceSettings, None], context: JSONObject
) -> AsyncOperationResult:
    # An id has 15 characters, or 18 with those that make it safe from changes of case.
    job = about(object_of(await ask(request, _job(context))), context["job_id"], digits=15)
    state, rows = job.get("state"), int(context["rows"])
    done, failed = _count(job, "numberRecordsProcessed"), _count(job, "numberRecordsFailed")
    if state in ("JobComplete", "Failed", "Aborted"):
        return await _ended(request, data, context, job)
    is_aborting = data.state_context.get_request_context(_abort_key(context))
    if state == "Open" and not is_aborting:
        # The close was answered, but perhaps by a page of some proxy.
        await close(request, replace(data, async_contexts=[context]))
    return AsyncOperationResult(
        status="pending",
        # The job's answer lacks the number of its rows.
        progress=100 * min(done, rows) / rows,
        message=f"{state}: {done:,} of {counted(rows, 'row')}, {failed:,} failed",
        context=context,
        odd_status=None if state in RUNNING else str(state),
    )


async def _ended(
    request: ad.Request,
    data: ad.ActionData[SalesforceSettings, None],
    context: JSONObject,
    job: JSONObject,
) -> AsyncOperationResult:
    """Return the outcome of every row: a job that is "JobComplete" may have failed rows."""
    files = {
        name: (await ask(request, f"{_job(context)}/{path}", headers=CSV, **LARGE)).text
        for name, path in RESULTS.items()
    }
    reason = f": {job['errorMessage']}" if job.get("errorMessage") else ""
    why = f"the job ended {job['state']}{reason}"
    sent = data.state_context.get_request_context(_rows_key(context)) or [""] * context["rows"]
    columns = data.state_context.get_request_context(_columns_key(context))
    found = await to_thread(outcomes, sent, key=context["key"], columns=columns, why=why, **files)
    rows = reconciled(found, processed=_count(job, "numberRecordsProcessed"))
    lacking = next((row.message for row in rows if row.status == "unknown"), "")
    if lacking and ad.may_be_whole_soon(data.state_context, context["job_id"]):
        text = f"{job['state']}, and its results are read again: {lacking}"
        return AsyncOperationResult(status="pending", message=text, context=context)
    return AsyncOperationResult(
        status="completed" if job["state"] == "JobComplete" else "failed",
        progress=100.0,
        message=_summary(rows, job),
        context=context,
        rows=rows,
    )


def _summary(rows: list[RowResult], job: JSONObject) -> str:
    counts = Counter(row.status for row in rows)
    by_status = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    theirs = {name: _count(job, f"numberRecords{name}") for name in ("Processed", "Failed")}
    ours = {"Processed": counts["completed"] + counts["failed"], "Failed": counts["failed"]}
    parts = [
        f"{by_status} of {counted(len(rows), 'row')}",
        "" if job["state"] == "JobComplete" else f"the job ended {job['state']}",
        str(job.get("errorMessage") or ""),
        ""
        if theirs == ours
        else f"Salesforce counts {theirs['Processed']:,} processed, {theirs['Failed']:,} failed",
    ]
    return "; ".join(filter(None, parts))


def _count(job: JSONObject, name: str) -> int:
    text = str(job.get(name))
    return int(text) if text.isdecimal() and len(text) < 15 else 0


def _job(context: JSONObject) -> str:
    return f"/jobs/ingest/{quote(str(context['job_id']), safe='')}"


def _rows_key(context: JSONObject) -> str:
    return f"rows of {context['job_id']}"


def _columns_key(context: JSONObject) -> str:
    return f"columns of {context['job_id']}"


def _abort_key(context: JSONObject) -> str:
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
        # Salesforce cuts a job into batches of 10,000 rows, of which it allows 15,000 in 24 hours.
        batch_size=10_000,
        # Salesforce's limit is 150 MB in base64, in which it stores an upload.
        batch_bytes=100_000_000,
        row_bytes=row_bytes,
        batch_keys=[key for key in keys if key in payload.model_fields],
        result_columns=("sf__Id", "sf__Created"),
    )


salesforce_bulk = ad.Destination(
    name="Salesforce",
    slug="salesforce-bulk",
    description="Records of any object by Bulk API 2.0, in jobs of up to 10,000 rows",
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
