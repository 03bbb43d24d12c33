"""The jobs, and the endpoints that make, change and read them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil
from typing import Any

from .. import multipart
from ..exchange import IncomingRequest, JSONObject, Reply, canonical
from . import csv_files, ids
from .error_replies import error_reply, not_found
from .job_list import page
from .job_request import properties_of, request_error
from .jobs import Job
from .knobs import SalesforceBulkKnobs
from .objects import OBJECTS
from .organization import Organization
from .schema import Object

MAX_BYTES = 150 * 1024 * 1024  # In base64: four bytes for three.
MAX_CHARACTERS = 100_000  # Of rows that are sent together with the job.

_DEFAULTS = {"contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}


class Ingest:
    """All jobs, and the answer to each request about them."""

    def __init__(self, knobs: SalesforceBulkKnobs, organization: Organization) -> None:
        self._knobs = knobs
        self._organization = organization
        self._jobs: dict[str, Job] = {}
        self._copies: Counter[str] = Counter()

    def carried(self, request: IncomingRequest) -> list[str]:
        """Return the rows that *request* uploads, each as canonical JSON."""
        parts = request.path.rstrip("/").split("/")
        if request.method == "PUT" and parts[-1].lower() == "batches":
            job = self._jobs.get(_named(parts[-2]))
            return _read(request.body, job.properties if job else _DEFAULTS).canonical_rows
        if request.method != "POST" or parts[-1].lower() != "ingest":
            return []
        wanted, rows = _asked(request)
        is_job = isinstance(wanted, dict) and rows is not None
        return _read(rows or b"", wanted).canonical_rows if is_job else []

    # The life of a job

    def create(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Make a job, or return why its description is invalid."""
        wanted, rows = _asked(request)
        if not isinstance(wanted, dict):
            return error_reply(400, "JSON_PARSER_ERROR", "The job is not a JSON object")
        found = OBJECTS.get(str(wanted.get("object")).lower())
        if found is None or found.is_setup:
            message = f"Unable to find object: {wanted.get('object')}"
            if found:
                message = f"Entity '{found.name}' is not supported by the Bulk API."
            return error_reply(400, "INVALIDENTITY", f"InvalidEntity : {message}")
        if error := request_error(wanted, found) or _rows_error(request, rows):
            return error_reply(400, *error)
        job = self._new_job(found, properties_of(wanted, found, version), now)
        if rows is None:
            return Reply(200, job.summary(now))
        job.upload = _read(rows, job.properties)
        job.close(now, self._knobs)
        return Reply(200, _changed(job, "UploadComplete", now))

    def _new_job(self, found: Object, properties: JSONObject, now: float) -> Job:
        spelled = canonical(properties)
        self._copies[spelled] += 1
        job_id = ids.made("750", f"{self._knobs.seed} {self._copies[spelled]} {spelled}")
        # The date does not affect the outcome, so the clock of this computer will do.
        job = Job(job_id, self._copies.total(), found, properties, now, datetime.now(UTC))
        self._jobs[job_id] = job
        return job

    def upload(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Accept the rows of a job."""
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        if job.state(now) != "Open":
            message = f"InvalidJobState : No upload to a job in state {job.state(now)}"
            return error_reply(400, "INVALIDJOBSTATE", message)
        if job.upload:
            message = (
                f"Found multiple contents for job: <{job_id}>, please 'Close' / 'Abort' / 'Delete' "
                "the current Job then create a new Job and make sure you only do 'PUT' once on a "
                "given Job."
            )
            return error_reply(400, "INVALIDJOB", message)
        kind = request.content_type.partition(";")[0].strip().lower()
        if kind not in ("text/csv", ""):
            return error_reply(415, "UNSUPPORTED_MEDIA_TYPE", f"The data is text/csv, not {kind}")
        if len(request.body) * 4 // 3 > MAX_BYTES:
            return error_reply(413, "CLIENT_INPUT_ERROR", "The data is over 150 MB in base64")
        job.upload = _read(request.body, job.properties)
        return Reply(201)

    def change(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Close a job, which starts it, or abort it."""
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        wanted = request.document.get("state") if isinstance(request.document, dict) else None
        state = job.state(now)
        if wanted == "UploadComplete" and state == "Open":
            job.close(now, self._knobs)
        elif wanted == "Aborted" and job.ended_at(now) is None:
            job.aborted_at = now
        elif wanted in ("UploadComplete", "Aborted"):
            word = "Closing" if wanted == "UploadComplete" else "Aborting"
            message = f"{word} a job in state {state} is not allowed"
            return error_reply(400, "INVALIDJOBSTATE", f"InvalidJobState : {message}")
        else:
            message = f"InvalidJob : state must be UploadComplete or Aborted, not {wanted!r}"
            return error_reply(400, "INVALIDJOB", message)
        return Reply(200, _changed(job, wanted, now))

    def delete(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Delete a job that is closed and not in progress: no more of its rows are processed."""
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        if job.state(now) in ("Open", "InProgress"):
            message = f"InvalidJobState : Deleting a job in state {job.state(now)} is not allowed"
            return error_reply(400, "INVALIDJOBSTATE", message)
        del self._jobs[job.job_id]
        return Reply(204)

    def poll(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the status of a job."""
        job = self._find(job_id, now)
        return Reply(200, job.status_answer(now)) if job else not_found()

    def list_jobs(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return a page of all jobs."""
        return page(self._all(now), request.query, now, version)

    # The results of its rows

    def successful(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that were applied."""
        return self._results(job_id, now, "sf__Id", "sf__Created", is_failed=False)

    def failed(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that failed, and why."""
        return self._results(job_id, now, "sf__Id", "sf__Error", is_failed=True)

    def _results(self, job_id: str, now: float, *names: str, is_failed: bool) -> Reply:
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        found = []
        for outcome, row in zip(job.outcomes, job.rows, strict=False):
            if (outcome.error is not None) == is_failed:
                word = str(outcome.error) if is_failed else str(outcome.is_created).lower()
                found.append([outcome.record_id, word, *job.cells(row)])
        return self._file(job, names, found)

    def unprocessed(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that were not processed."""
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        return self._file(job, (), [job.cells(row) for row in job.rows[len(job.outcomes) :]])

    def _file(self, job: Job, names: tuple[str, ...], rows: list[list[str]]) -> Reply:
        # Salesforce promises no order, so a client must not rely on one.
        random.Random(job.job_id).shuffle(rows)
        left = len(rows) - ceil(len(rows) * self._knobs.truncate_results)
        columns = job.upload.columns if job.upload else ()
        return Reply(200, csv_files.written((*names, *columns), rows[:left]))

    # The jobs

    def _find(self, job_id: str, now: float) -> Job | None:
        self._process_due(now)
        job = self._jobs.get(_named(job_id))
        return job if job and not self._is_expired(job, now) else None

    def _all(self, now: float) -> list[Job]:
        self._process_due(now)
        return [job for job in self._jobs.values() if not self._is_expired(job, now)]

    def _process_due(self, now: float) -> None:
        self._organization.process_due(self._jobs.values(), now)

    def _is_expired(self, job: Job, now: float) -> bool:
        ended_at = job.ended_at(now)
        return ended_at is not None and now >= ended_at + self._knobs.retention_seconds

    def operations(self, now: float) -> list[JSONObject]:
        """Return all jobs at *now*, each with its rows as they arrived."""
        return [{**job.status_answer(now), "rows": job.rows} for job in self._all(now)]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return all records at *now*, by object."""
        self._process_due(now)
        return self._organization.records


def _named(job_id: str) -> str:
    """Return the 18 characters of an Id that may have 15."""
    return ids.read(job_id, ("750",)) or ""


def _asked(request: IncomingRequest) -> tuple[Any, bytes | None]:
    """Return the description of the wanted job, and the rows that were sent with it."""
    separator = multipart.boundary(request.content_type)
    if separator is None:
        wanted, rows = request.document, None
    else:
        parts = multipart.parts(request.body, separator)
        wanted, rows = replace(request, body=parts.get("job", b"")).document, parts.get("content")
    return (_DEFAULTS | wanted if isinstance(wanted, dict) else wanted), rows


def _rows_error(request: IncomingRequest, rows: bytes | None) -> tuple[str, str] | None:
    if rows is None and multipart.boundary(request.content_type) is not None:
        return "INVALIDJOB", "InvalidJob : a multipart request has the parts job and content"
    characters = len((rows or b"").decode(errors="replace"))
    if characters <= MAX_CHARACTERS:
        return None
    message = f"{characters} characters of data; a multipart request takes {MAX_CHARACTERS}"
    return "INVALIDJOB", f"InvalidJob : {message}"


def _read(rows: bytes, properties: JSONObject) -> csv_files.UploadedCsv:
    # Rows are counted even if the job is refused: its description may have unknown words.
    delimiter, line_ending = str(properties["columnDelimiter"]), str(properties["lineEnding"])
    return csv_files.read(rows, delimiter=delimiter, line_ending=line_ending)


def _changed(job: Job, state: str, now: float) -> JSONObject:
    """Return its summary with *state*, which it may already have left."""
    return {**job.summary(now), "state": state}
