"""The Salesforce Bulk API 2.0, played: jobs of rows, and the records they change.

    GET    /services/data                          the versions
    POST   /services/oauth2/token                  what a client knows, for a token
    POST   /services/oauth2/revoke                 ends a token
    GET    /services/oauth2/userinfo               whose it is; /id/{organization}/{user} too
    GET    ...                                     what there is besides jobs
    GET    .../limits                              what is left of the day
    GET    .../sobjects                            the objects
    GET    .../sobjects/{object}/describe          its fields
    POST   .../jobs/ingest                         a job in state Open; multipart with its rows:
                                                   in state UploadComplete
    PUT    .../jobs/ingest/{id}/batches            its rows in CSV, once
    PATCH  .../jobs/ingest/{id}                    UploadComplete starts it, Aborted ends it
    GET    .../jobs/ingest/{id}                    its state, and how many rows are done
    GET    .../jobs/ingest/{id}/successfulResults  rows in CSV, in no order; failedResults
                                                   and unprocessedrecords have the others
    GET    .../jobs/ingest                         all jobs, 1,000 at a time
    DELETE .../jobs/ingest/{id}                    forgets a job that is not at work

where ... is /services/data/v59.0 or another version. What becomes of a row follows
from the seed, the row and the records; what becomes of a job, from the seed and its
rows: neither from the order in which jobs arrive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..exchange import IncomingRequest, JSONObject, Reply, Routes
from .catalog import Catalog
from .error_replies import error_reply, not_found
from .ingest import Ingest
from .knobs import SalesforceBulkKnobs
from .organization import Organization
from .tokens import Tokens
from .versions import FIRST, FIRST_WITH_JOBS, Allowance, is_known

_VERSIONS = "/services/data"
_OAUTH = "/services/oauth2"
_DATA = f"{_VERSIONS}/v{{version}}.0"
_JOBS = f"{_DATA}/jobs/ingest"
_OPEN = (_VERSIONS, f"{_OAUTH}/token", f"{_OAUTH}/revoke")  # To those without a token.

_CODES = {
    401: "INVALID_SESSION_ID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "SERVER_UNAVAILABLE",
}


class SalesforceBulk:
    """The partner: its records, its jobs, and its answer to each request."""

    Knobs = SalesforceBulkKnobs
    forgives_paths = True

    def __init__(self, knobs: SalesforceBulkKnobs) -> None:
        self._knobs = knobs
        self._tokens = Tokens(knobs)
        self._allowance = Allowance(knobs.daily_requests)
        self._catalog = Catalog(knobs, self._allowance)
        self._ingest = Ingest(knobs, Organization(knobs))
        self.attempts: Counter[str] = Counter()
        about = self._counted(self._about_routes(), since=FIRST)
        jobs = self._counted(self._job_routes(), since=FIRST_WITH_JOBS)
        self.routes: Routes = {**self._login_routes(), **about, **jobs}

    def _login_routes(self) -> Routes:
        tokens, catalog = self._tokens, self._catalog
        return {
            _VERSIONS: {"GET": catalog.versions},
            f"{_OAUTH}/token": {"POST": tokens.issue, "GET": tokens.issue},
            f"{_OAUTH}/revoke": {"POST": tokens.revoke, "GET": tokens.revoke},
            f"{_OAUTH}/userinfo": {"GET": catalog.userinfo, "POST": catalog.userinfo},
            "/id/{organization}/{user}": {"GET": catalog.identity},
        }

    def _about_routes(self) -> Routes:
        catalog = self._catalog
        return {
            _DATA: {"GET": catalog.resources},
            f"{_DATA}/limits": {"GET": catalog.limits},
            f"{_DATA}/sobjects": {"GET": catalog.objects},
            f"{_DATA}/sobjects/{{object}}": {"GET": catalog.object},
            f"{_DATA}/sobjects/{{object}}/describe": {"GET": catalog.describe},
        }

    def _job_routes(self) -> Routes:
        jobs, job = self._ingest, f"{_JOBS}/{{id}}"
        return {
            _JOBS: {"GET": jobs.list_jobs, "POST": jobs.create},
            job: {"GET": jobs.poll, "PATCH": jobs.change, "DELETE": jobs.delete},
            f"{job}/batches": {"PUT": jobs.upload},
            f"{job}/successfulResults": {"GET": jobs.successful},
            f"{job}/failedResults": {"GET": jobs.failed},
            f"{job}/unprocessedRecords": {"GET": jobs.unprocessed},
        }

    def _counted(self, routes: Routes, *, since: int) -> Routes:
        return {
            template: {
                method: self._counting(function, since) for method, function in methods.items()
            }
            for template, methods in routes.items()
        }

    def _counting(self, function: Callable[..., Reply], since: int) -> Callable[..., Reply]:
        """Return *function* for a version that is there, of which a day has so many calls."""

        def answer(request: IncomingRequest, now: float, version: str, *parts: str) -> Reply:
            if not is_known(version, since=since):
                return not_found()
            if self._allowance.take(now):
                reply = function(request, now, version, *parts)
            else:
                reply = error_reply(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            usage = {"Sforce-Limit-Info": str(self._allowance)}
            return replace(reply, headers=reply.headers | usage)

        return answer

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return what a connection needs: the address and the client's credentials."""
        return {
            "instance_url": endpoint,
            "client_id": self._knobs.client_id,
            "client_secret": self._knobs.client_secret.get_secret_value(),
        }

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return a refusal in Salesforce's words."""
        return error_reply(status, _CODES[status], message, **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return what a request without a token that is taken is answered."""
        if request.path.lower().rstrip("/") in _OPEN:
            return None
        if self._tokens.takes(request.authorization, now):
            return None
        return self.error_reply(401, "Session expired or invalid")

    def attempted(self, request: IncomingRequest) -> None:
        """Count the rows that *request* uploads, whatever it will be answered."""
        self.attempts.update(self._ingest.carried(request))

    def operations(self, now: float) -> list[JSONObject]:
        """Return the jobs it holds at *now*, each with its rows as they arrived."""
        return self._ingest.operations(now)

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return what it stores at *now*."""
        return self._ingest.records(now)
