"""The simulated HubSpot: its endpoints, and the answer to each request.

    GET  /account-info/v3/details        the account
    POST /crm/v3/imports                 an import: multipart with importRequest and a file
    GET  /crm/v3/imports                 all imports, the newest first
    GET  /crm/v3/imports/{id}            its state and counters
    GET  /crm/v3/imports/{id}/errors     its errors by line, 100 at a time
    POST /crm/v3/imports/{id}/cancel     stops it: what was written stays
    GET  /crm/v3/properties/{type}       the properties of a type of objects

Three imports are worked on at a time, the others are DEFERRED. An import is DONE however
many of its rows failed; one that is FAILED has an error about line 0, the whole file. With a
header, the first row is line 2. An error has its message only if ``includeErrorMessage`` is
true, and the cells of its row only if ``includeRowData`` is.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from ..exchange import IncomingRequest, JSONObject, Reply, Routes, canonical
from ..jobs import AcceptedJob, JobPartner, JobPhase, number
from .import_file import ImportFile, ImportRefused, import_file, uploaded_rows
from .knobs import HubSpotImportsKnobs
from .replies import page, refused
from .rows import FAILURES, ImportedRow, ImportRowError, ImportRows

AT_ONCE = 3
_IMPORTS = "/crm/v3/imports"
_STATES = {
    JobPhase.QUEUED: "STARTED",
    JobPhase.RUNNING: "PROCESSING",
    JobPhase.CANCELLING: "CANCELED",
    JobPhase.CANCELLED: "CANCELED",
}
_WHOLE_FILE = {
    "INVALID_COLUMN_CONFIGURATION": "The columns of the file are not those that are mapped",
    "UNKNOWN_ERROR": "The import failed for an unknown reason",
}


class HubSpotImports(JobPartner):
    """The simulated partner."""

    Knobs = HubSpotImportsKnobs

    def __init__(self, knobs: HubSpotImportsKnobs) -> None:
        super().__init__(knobs)
        self._token = knobs.access_token.get_secret_value()
        self._failing_jobs, self._reverted_jobs = knobs.failing_jobs, knobs.reverted_jobs
        self._properties = knobs.properties
        self._rows = ImportRows(self.stored)
        self.routes: Routes = {
            "/account-info/v3/details": {"GET": self.account},
            _IMPORTS: {"POST": self.create, "GET": self.list_imports},
            f"{_IMPORTS}/{{id}}": {"GET": self.poll},
            f"{_IMPORTS}/{{id}}/errors": {"GET": self.errors},
            f"{_IMPORTS}/{{id}}/cancel": {"POST": self.cancel},
            "/crm/v3/properties/{type}": {"GET": self.properties},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the token and the address."""
        return {"access_token": self._token, "base_url": endpoint}

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in HubSpot's format."""
        return refused(status, message, **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without the token."""
        expected = f"Bearer {self._token}"
        if hmac.compare_digest(request.authorization.encode(), expected.encode()):
            return None
        return refused(401, "Authentication credentials not found or not valid.")

    def rows_sent(self, request: IncomingRequest) -> Iterable[Any]:
        """Return the rows of the file in *request*, as lists of cells."""
        return uploaded_rows(request)

    # The endpoints

    def account(self, request: IncomingRequest, now: float) -> Reply:
        """Return the account."""
        return Reply(200, {"portalId": 146_000_000, "accountType": "DEVELOPER_TEST"})

    def properties(self, request: IncomingRequest, now: float, type: str) -> Reply:
        """Return the properties, if the token may read them."""
        if self._properties is None:
            return refused(403, "This app hasn't been granted all required scopes for this call.")
        shown = {"type": "string", "fieldType": "text", "groupName": "simulated", "options": []}
        about = {**shown, "description": "", "hidden": False}
        return Reply(
            200,
            {"results": [{**about, "name": each, "label": each} for each in self._properties]},
        )

    def create(self, request: IncomingRequest, now: float) -> Reply:
        """Accept an import."""
        try:
            file = import_file(request)
        except ImportRefused as error:
            return refused(400, str(error))
        ends, begins_at = self._end(file), self._begins_at(now)
        job = self.accept(
            file.rows,
            now,
            content=request.body,
            named=number,
            reach=len(file.rows) if ends == "DONE" else 0,
            properties={"file": file, "seen": set(), "ends": ends, "begins_at": begins_at},
        )
        job.starts_at += begins_at - now
        job.ends_at += begins_at - now
        return Reply(200, self.shown(job, now))

    def _end(self, file: ImportFile) -> str:
        """Return the state in which an import of *file* ends."""
        about = canonical([file.request, file.rows])
        if file.problem or self.is_drawn(f"failing {about}", self._failing_jobs):
            return "FAILED"
        return "REVERTED" if self.is_drawn(f"reverted {about}", self._reverted_jobs) else "DONE"

    def _begins_at(self, now: float) -> float:
        """Return when fewer than three imports are worked on."""
        ends = sorted(job.ends_at for job in self.jobs(now) if job.ended_at(now) is None)
        return ends[-AT_ONCE] if len(ends) >= AT_ONCE else now

    def poll(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return an import."""
        job = self.find(job_id, now)
        return Reply(200, self.shown(job, now)) if job else _not_found(job_id)

    def list_imports(self, request: IncomingRequest, now: float) -> Reply:
        """Return a page of the imports."""
        return page(request, self.jobs(now)[::-1], lambda job: self.shown(job, now))

    def cancel(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Stop an import."""
        job = self.find(job_id, now)
        if job is None:
            return _not_found(job_id)
        status = "CANCELED" if job.cancel(now) else "COMPLETE"
        at = job.date(now).isoformat()
        return Reply(200, {"status": status, "startedAt": at, "completedAt": at})

    def errors(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return a page of the errors of an import."""
        job = self.find(job_id, now)
        if job is None or self.has_expired_results(job, now):
            return _not_found(job_id)
        # The client for Python sends True, that for JavaScript true.
        asked = {name: values[0].lower() for name, values in parse_qs(request.query).items()}
        return page(
            request,
            self.given(job, self._errors_of(job, now)),
            lambda found: _error_document(job, *found, asked),
        )

    def _errors_of(self, job: AcceptedJob, now: float) -> list[tuple[int | None, ImportRowError]]:
        """Return the errors, each with the index of its row; None = the whole file."""
        if self._state(job, now) == "FAILED":
            kind = job.properties["file"].problem or "UNKNOWN_ERROR"
            return [(None, ImportRowError(kind, _WHOLE_FILE[kind]))]
        rows: list[ImportedRow] = job.outcomes
        return [(index, error) for index, row in enumerate(rows) for error in row.errors]

    # Imports and their rows

    def applied(self, job: AcceptedJob, index: int) -> ImportedRow:
        """Write a row, unless it fails."""
        file: ImportFile = job.properties["file"]
        if problems := self._rows.problems(file, index, job.properties["seen"]):
            return ImportedRow(errors=problems)
        if drawn := self.failure_drawn(canonical(file.rows[index]), FAILURES):
            return ImportedRow(errors=[ImportRowError(*drawn)])
        return self._rows.write(file, index, job.job_id)

    def _state(self, job: AcceptedJob, now: float) -> str:
        phase = job.phase(now)
        if phase == JobPhase.QUEUED and now < job.properties["begins_at"]:
            return "DEFERRED"
        return _STATES.get(phase) or str(job.properties["ends"])

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return an import as the API shows it."""
        file: ImportFile = job.properties["file"]
        ended_at = job.ended_at(now)
        return {
            "id": job.job_id,
            "state": self._state(job, now),
            "importName": file.request["name"],
            "importRequestJson": file.request,
            "importSource": "API",
            "createdAt": job.date(job.accepted_at).isoformat(),
            "updatedAt": job.date(now if ended_at is None else ended_at).isoformat(),
            "metadata": {"counters": _counters(job), "fileIds": [_file_id(job)], "objectLists": []},
            "mappedObjectTypeIds": file.type_ids,
            "optOutImport": False,
        }


def _counters(job: AcceptedJob) -> dict[str, int]:
    rows: list[ImportedRow] = job.outcomes
    return {
        "TOTAL_ROWS": len(job.rows),
        "PROCESSED_ROWS": len(rows),
        "CREATED_OBJECTS": sum(row.created for row in rows),
        "UPDATED_OBJECTS": sum(row.updated for row in rows),
        "ERRORS": sum(len(row.errors) for row in rows),
    }


def _file_id(job: AcceptedJob) -> str:
    return str(int(job.job_id) + 1)


def _error_document(
    job: AcceptedJob, index: int | None, error: ImportRowError, asked: dict[str, str]
) -> JSONObject:
    file: ImportFile = job.properties["file"]
    cells = [] if index is None else file.rows[index]
    line = 0 if index is None else file.first_line + index
    shown: JSONObject = {
        "id": f"{job.job_id}{line:07}",
        "createdAt": round(1000 * job.date(job.ends_at).timestamp()),
        "errorType": error.kind,
        "objectTypeId": file.type_ids[0],
        "sourceData": {
            "lineNumber": line,
            "rowData": cells if asked.get("includeRowData") == "true" else [],
            "fileId": int(_file_id(job)),
            "containsEncryptedProperties": False,
        },
    }
    if error.column is not None:
        shown |= {"knownColumnNumber": error.column + 1, "invalidValue": cells[error.column]}
    if asked.get("includeErrorMessage") == "true":
        shown["errorMessage"] = error.message
    return shown


def _not_found(job_id: str) -> Reply:
    return refused(404, f"Import {job_id} does not exist")
