"""The jobs of rows: what may be asked of them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..exchange import IncomingRequest, JSONObject, Reply, canonical
from . import csv_files, ids, multipart
from .error_replies import error_reply, not_found
from .job_list import page
from .job_request import properties_of, request_error
from .jobs import Job
from .knobs import SalesforceBulkKnobs
from .objects import OBJECTS
from .organization import Organization
from .schema import Object

MAX_BYTES = 150 * 1024 * 1024  # After the conversion to base64: four bytes for three.
MAX_CHARACTERS = 100_000  # Of the rows that come with the job itself.

_DEFAULTS = {"contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}


class Ingest:
    """The jobs there are, and the answer to each request about them."""

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
        """Make a job, or say why its description makes no sense."""
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
        # A date has no place in the outcome: the clock of the host will do.
        job = Job(job_id, self._copies.total(), found, properties, now, datetime.now(UTC))
        self._jobs[job_id] = job
        return job

    def upload(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Take the rows of a job."""
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
        """Close a job, so that it is processed, or abort it."""
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
        """Forget a job that is closed and not at work: its rows are not processed any more."""
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        if job.state(now) in ("Open", "InProgress"):
            message = f"InvalidJobState : Deleting a job in state {job.state(now)} is not allowed"
            return error_reply(400, "INVALIDJOBSTATE", message)
        del self._jobs[job.job_id]
        return Reply(204)

    def poll(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Say where a job stands."""
        job = self._find(job_id, now)
        return Reply(200, job.status_answer(now)) if job else not_found()

    def list_jobs(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return a page of all jobs."""
        return page(self._kept(now), request.query, now, version)

    # What became of its rows

    def successful(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that were applied."""
        return self._results(job_id, now, "sf__Id", "sf__Created", is_failed=False)

    def failed(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that were refused, and why."""
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
        return _shuffled(job, names, found)

    def unprocessed(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that nothing was done with."""
        job = self._find(job_id, now)
        if job is None:
            return not_found()
        return _shuffled(job, (), [job.cells(row) for row in job.rows[len(job.outcomes) :]])

    # What it holds

    def _find(self, job_id: str, now: float) -> Job | None:
        self._work(now)
        job = self._jobs.get(_named(job_id))
        return job if job and not self._is_gone(job, now) else None

    def _kept(self, now: float) -> list[Job]:
        self._work(now)
        return [job for job in self._jobs.values() if not self._is_gone(job, now)]

    def _work(self, now: float) -> None:
        self._organization.work(self._jobs.values(), now)

    def _is_gone(self, job: Job, now: float) -> bool:
        ended_at = job.ended_at(now)
        return ended_at is not None and now >= ended_at + self._knobs.retention_seconds

    def operations(self, now: float) -> list[JSONObject]:
        """Return the jobs it holds at *now*, each with its rows as they arrived."""
        return [{**job.status_answer(now), "rows": job.rows} for job in self._kept(now)]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return what is stored at *now*."""
        self._work(now)
        return self._organization.records


def _shuffled(job: Job, names: tuple[str, ...], rows: list[list[str]]) -> Reply:
    # Salesforce promises no order, so there is none that could be relied on.
    random.Random(job.job_id).shuffle(rows)
    columns = job.upload.columns if job.upload else ()
    return Reply(200, csv_files.written((*names, *columns), rows))


def _named(job_id: str) -> str:
    """Return the 18 characters of an Id that may have 15."""
    return ids.read(job_id, ("750",)) or ""


def _asked(request: IncomingRequest) -> tuple[Any, bytes | None]:
    """Return what a job is wanted to be, and the rows that came with it."""
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
    # What is counted before it is refused may have words that no job has.
    delimiter, line_ending = str(properties["columnDelimiter"]), str(properties["lineEnding"])
    return csv_files.read(rows, delimiter=delimiter, line_ending=line_ending)


def _changed(job: Job, state: str, now: float) -> JSONObject:
    """Return what is said of it when it gets *state*, however short it stays so."""
    return {**job.summary(now), "state": state}
