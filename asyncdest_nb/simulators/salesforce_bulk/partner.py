"""The simulated Salesforce Bulk API 2.0: its endpoints, and the answer to each request.

    GET    /services/data                          the versions
    POST   /services/oauth2/token                  a token for a client's credentials
    POST   /services/oauth2/revoke                 revokes a token
    GET    /services/oauth2/userinfo               its user; also /id/{organization}/{user}
    GET    ...                                     the other resources
    GET    .../limits                              the requests that are left in 24 hours
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
    DELETE .../jobs/ingest/{id}                    deletes a job that is not in progress

where ... is /services/data/v59.0 or another version. The outcome of a row follows from
the seed, the row and the records; the outcome of a job from the seed and its rows. Neither
depends on the order in which jobs arrive.
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
_OPEN = (_VERSIONS, f"{_OAUTH}/token", f"{_OAUTH}/revoke")  # These need no token.

_CODES = {
    401: "INVALID_SESSION_ID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "SERVER_UNAVAILABLE",
}


class SalesforceBulk:
    """The simulated partner: its records, its jobs, and its answer to each request."""

    Knobs = SalesforceBulkKnobs
    forgives_paths = True

    def __init__(self, knobs: SalesforceBulkKnobs) -> None:
        self._knobs = knobs
        self._tokens = Tokens(knobs)
        self._allowance = Allowance(knobs.daily_requests)
        self._catalog = Catalog(knobs, self._allowance)
        self._ingest = Ingest(knobs, Organization(knobs))
        self.attempts: Counter[str] = Counter()
        about = self._with_limits(self._about_routes(), since=FIRST)
        jobs = self._with_limits(self._job_routes(), since=FIRST_WITH_JOBS)
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

    def _with_limits(self, routes: Routes, *, since: int) -> Routes:
        return {
            template: {
                method: self._limited(function, since) for method, function in methods.items()
            }
            for template, methods in routes.items()
        }

    def _limited(self, function: Callable[..., Reply], since: int) -> Callable[..., Reply]:
        """Return *function* with a check of the version and of the limit in 24 hours."""

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
        """Return the settings of a connection: the address and the client's credentials."""
        return {
            "instance_url": endpoint,
            "client_id": self._knobs.client_id,
            "client_secret": self._knobs.client_secret.get_secret_value(),
        }

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in Salesforce's format."""
        return error_reply(status, _CODES.get(status, "SERVER_ERROR"), message, **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without a valid token."""
        if request.path.lower().rstrip("/") in _OPEN:
            return None
        if self._tokens.takes(request.authorization, now):
            return None
        return self.error_reply(401, "Session expired or invalid")

    def attempted(self, request: IncomingRequest) -> None:
        """Count the rows that *request* uploads, whatever its reply will be."""
        self.attempts.update(self._ingest.carried(request))

    def operations(self, now: float) -> list[JSONObject]:
        """Return all jobs at *now*, each with its rows as they arrived."""
        return self._ingest.operations(now)

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return all records at *now*, by object."""
        return self._ingest.records(now)
