"""The Salesforce Bulk API 2.0, played: jobs of rows, and the records they change.

    POST   /services/oauth2/token                  the client's credentials for a token
    GET    .../limits                              what is left of the day
    GET    .../sobjects/{object}/describe          its fields
    POST   .../jobs/ingest                         a job in state Open
    PUT    .../jobs/ingest/{id}/batches            its rows in CSV, once
    PATCH  .../jobs/ingest/{id}                    UploadComplete starts it, Aborted ends it
    GET    .../jobs/ingest/{id}                    its state, and how many rows are done
    GET    .../jobs/ingest/{id}/successfulResults  rows in CSV, in no order; failedResults
                                                   and unprocessedrecords have the others
    GET    .../jobs/ingest                         all jobs
    DELETE .../jobs/ingest/{id}                    forgets a job

where ... is /services/data/v59.0 or another version. What becomes of a row follows
from the seed, the row and the records; what becomes of a job, from the seed and its
rows: neither from the order in which jobs arrive.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from ..exchange import JSONObject, Reply, Request, Routes, canonical, hyphenated
from . import ids, sheet
from .jobs import Job
from .knobs import SalesforceBulkKnobs
from .opening import misfit, opening
from .organization import Organization
from .schema import OBJECTS, Object
from .tokens import Tokens

MAX_BYTES = 150 * 1024 * 1024  # After the conversion to base64: four bytes for three.

_TOKEN = "/services/oauth2/token"
_DATA = "/services/data/v{version}.0"
_JOBS = f"{_DATA}/jobs/ingest"
_BATCHES = f"{_JOBS}/{{id}}/batches"

_VERSION = re.compile(r"[0-9]{1,3}", re.ASCII)

_CODES = {
    401: "INVALID_SESSION_ID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "SERVER_UNAVAILABLE",
}


def refused(status: int, code: str, message: str, **headers: str) -> Reply:
    """Return a refusal as Salesforce has it: a list of one error."""
    return Reply(status, [{"errorCode": code, "message": message}], hyphenated(headers))


def _not_found() -> Reply:
    return refused(404, "NOT_FOUND", "The requested resource does not exist")


class SalesforceBulk:
    """The partner: its records, its jobs, and its answer to each request."""

    Knobs = SalesforceBulkKnobs
    forgives_paths = True

    def __init__(self, knobs: SalesforceBulkKnobs) -> None:
        self._knobs = knobs
        self._tokens = Tokens(knobs)
        self._organization = Organization(knobs)
        self._jobs: dict[str, Job] = {}
        self._copies: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.routes: Routes = {
            _TOKEN: {"POST": self._tokens.issue},
            f"{_DATA}/limits": {"GET": self.limits},
            f"{_DATA}/sobjects/{{object}}/describe": {"GET": self.describe},
            _JOBS: {"GET": self.list_jobs, "POST": self.create},
            f"{_JOBS}/{{id}}": {"GET": self.poll, "PATCH": self.change, "DELETE": self.delete},
            _BATCHES: {"PUT": self.upload},
            f"{_JOBS}/{{id}}/successfulResults": {"GET": self.successful},
            f"{_JOBS}/{{id}}/failedResults": {"GET": self.failed},
            f"{_JOBS}/{{id}}/unprocessedRecords": {"GET": self.unprocessed},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return what a connection needs: the address and the client's credentials."""
        return {
            "instance_url": endpoint,
            "client_id": self._knobs.client_id,
            "client_secret": self._knobs.client_secret.get_secret_value(),
        }

    def refused(self, status: int, message: str, **headers: str) -> Reply:
        """Return a refusal in Salesforce's words."""
        return refused(status, _CODES[status], message, **headers)

    def unauthorized(self, request: Request, now: float) -> Reply | None:
        """Return what a request without a token that is taken is answered."""
        if request.path.lower().rstrip("/") == _TOKEN:
            return None
        if self._tokens.takes(request.authorization, now):
            return None
        return self.refused(401, "Session expired or invalid")

    def attempted(self, request: Request) -> None:
        """Count the rows that *request* uploads, whatever it will be answered."""
        parts = request.path.rstrip("/").split("/")
        if request.method == "PUT" and parts[-1].lower() == "batches":
            self.attempts.update(self._read(request, self._jobs.get(parts[-2])).spelled)

    def _read(self, request: Request, job: Job | None) -> sheet.Sheet:
        made = job.made if job else {"columnDelimiter": "COMMA", "lineEnding": "LF"}
        return sheet.read(
            request.body, delimiter=made["columnDelimiter"], line_ending=made["lineEnding"]
        )

    # What may be asked besides jobs

    def limits(self, request: Request, now: float, version: str) -> Reply:
        """Say what is left of the day, which here is everything."""
        names = {"DailyApiRequests": 100_000, "DailyBulkApiBatches": 15_000}
        return Reply(200, {name: {"Max": most, "Remaining": most} for name, most in names.items()})

    def describe(self, request: Request, now: float, version: str, name: str) -> Reply:
        """Say which fields an object has."""
        found = OBJECTS.get(name.lower())
        return Reply(200, found.described()) if found else _not_found()

    # The life of a job

    def create(self, request: Request, now: float, version: str) -> Reply:
        """Make a job, or say why its description makes no sense."""
        if not _VERSION.fullmatch(version):
            return _not_found()
        if not isinstance(request.document, dict):
            return refused(400, "JSON_PARSER_ERROR", "The body is not a JSON object")
        asked = {"contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
        asked |= request.document
        found = OBJECTS.get(str(asked.get("object")).lower())
        if found is None:
            message = f"InvalidEntity : Unable to find object: {asked.get('object')}"
            return refused(400, "INVALIDENTITY", message)
        if error := misfit(asked, found):
            return refused(400, *error)
        job = self._made(found, opening(asked, found, version), now)
        return Reply(200, job.opened(now))

    def _made(self, found: Object, made: JSONObject, now: float) -> Job:
        spelled = canonical(made)
        self._copies[spelled] += 1
        job_id = ids.made("750", f"{self._knobs.seed} {self._copies[spelled]} {spelled}")
        # A date has no place in the outcome: the clock of the host will do.
        job = Job(job_id, self._copies.total(), found, made, now, datetime.now(UTC))
        self._jobs[job_id] = job
        return job

    def upload(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Take the rows of a job."""
        job = self._find(job_id, now)
        if job is None:
            return _not_found()
        if job.state(now) != "Open":
            message = f"InvalidJobState : No upload to a job in state {job.state(now)}"
            return refused(400, "INVALIDJOBSTATE", message)
        if job.sheet:
            message = (
                f"Found multiple contents for job: <{job_id}>, please 'Close' / 'Abort' / 'Delete' "
                "the current Job then create a new Job and make sure you only do 'PUT' once on a "
                "given Job."
            )
            return refused(400, "INVALIDJOB", message)
        if len(request.body) * 4 // 3 > MAX_BYTES:
            return refused(413, "CLIENT_INPUT_ERROR", "The data is over 150 MB in base64")
        job.sheet = self._read(request, job)
        return Reply(201)

    def change(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Close a job, so that it is processed, or abort it."""
        job = self._find(job_id, now)
        if job is None:
            return _not_found()
        wanted = request.document.get("state") if isinstance(request.document, dict) else None
        state = job.state(now)
        if wanted == "UploadComplete" and state == "Open":
            job.close(now, self._knobs)
        elif wanted == "Aborted" and job.ended_at(now) is None:
            job.aborted_at = now
        elif wanted in ("UploadComplete", "Aborted"):
            word = "Closing" if wanted == "UploadComplete" else "Aborting"
            message = f"InvalidJobState : {word} a job in state {state} is not allowed"
            return refused(400, "INVALIDJOBSTATE", message)
        else:
            message = f"InvalidJob : state must be UploadComplete or Aborted, not {wanted!r}"
            return refused(400, "INVALIDJOB", message)
        return Reply(200, {**job.opened(now), "state": wanted})

    def delete(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Forget a job that is not running."""
        job = self._find(job_id, now)
        if job is None:
            return _not_found()
        if job.course and job.ended_at(now) is None:
            message = f"InvalidJobState : Deleting a job in state {job.state(now)} is not allowed"
            return refused(400, "INVALIDJOBSTATE", message)
        del self._jobs[job_id]
        return Reply(204)

    def poll(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Say where a job stands."""
        job = self._find(job_id, now)
        return Reply(200, job.described(now)) if job else _not_found()

    def list_jobs(self, request: Request, now: float, version: str) -> Reply:
        """Return all jobs on one page."""
        told = [job.opened(now) for job in self._kept(now)]
        return Reply(200, {"done": True, "records": told, "nextRecordsUrl": None})

    # What became of its rows

    def successful(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that were applied."""
        return self._results(job_id, now, "sf__Id", "sf__Created", is_failed=False)

    def failed(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that were refused, and why."""
        return self._results(job_id, now, "sf__Id", "sf__Error", is_failed=True)

    def _results(self, job_id: str, now: float, *names: str, is_failed: bool) -> Reply:
        job = self._find(job_id, now)
        if job is None:
            return _not_found()
        found = []
        for outcome, row in zip(job.outcomes, job.rows, strict=False):
            if (outcome.error is not None) == is_failed:
                word = str(outcome.error) if is_failed else str(outcome.is_created).lower()
                found.append([outcome.record_id, word, *job.cells(row)])
        return _shuffled(job, names, found)

    def unprocessed(self, request: Request, now: float, version: str, job_id: str) -> Reply:
        """Return the rows that nothing was done with."""
        job = self._find(job_id, now)
        if job is None:
            return _not_found()
        return _shuffled(job, (), [job.cells(row) for row in job.rows[len(job.outcomes) :]])

    # What it holds

    def _find(self, job_id: str, now: float) -> Job | None:
        self._work(now)
        job = self._jobs.get(job_id)
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
        return [{**job.described(now), "rows": job.rows} for job in self._kept(now)]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return what it stores at *now*."""
        self._work(now)
        return self._organization.records


def _shuffled(job: Job, names: tuple[str, ...], rows: list[list[str]]) -> Reply:
    # Salesforce promises no order, so there is none that could be relied on.
    random.Random(job.job_id).shuffle(rows)
    columns = job.sheet.columns if job.sheet else ()
    return Reply(200, sheet.written((*names, *columns), rows))
