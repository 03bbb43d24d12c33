"""The simulated Marketing Cloud: its endpoints, and the answer to each request.

    POST /v2/token                                        a token, and where the REST API is
    PUT  /rest/data/v1/async/dataextensions/{name}/rows   upserts rows; POST inserts them
    GET  /rest/data/v1/async/{id}/status                  the status of a request
    GET  /rest/data/v1/async/{id}/results                 a result for each row, in their order

where {name} is the id of a data extension, or "key:" and its external key. A request that is
not picked up yet is answered as one that does not exist: 200, without a status. The id of a
reply is another than that of the request, and a refusal has one too. Results say by their
order alone which row they are about, so ``shuffle_results`` does nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from ..exchange import IncomingRequest, JSONObject, Reply, Routes, canonical
from ..jobs import AcceptedJob, JobPartner, JobPhase, guid
from .data_extensions import DEADLOCK, FAILURES, DataExtensions, items_in
from .knobs import SfmcRowsKnobs
from .replies import (
    asked_page,
    item,
    refused,
    reply_id,
    result_message,
    stamp,
    unknown_request,
)
from .tokens import REST, PackageTokens

_TOKEN = "/v2/token"
_ASYNC = f"{REST}/data/v1/async"
_PICK_UP_SHARE = 0.5  # Of the time before it executes, in which a request has no status.


class SfmcRows(JobPartner):
    """The simulated partner."""

    Knobs = SfmcRowsKnobs

    def __init__(self, knobs: SfmcRowsKnobs) -> None:
        super().__init__(knobs.model_copy(update={"shuffle_results": False}))
        self._own_knobs = knobs
        self._tokens = PackageTokens(knobs)
        self._tables = DataExtensions(self.stored, knobs.data_extensions)
        self._deadlocked_once: set[str] = set()
        self.routes: Routes = {
            _TOKEN: {"POST": self._tokens.issue},
            f"{_ASYNC}/dataextensions/{{name}}/rows": {"PUT": self.write, "POST": self.write},
            f"{_ASYNC}/{{id}}/status": {"GET": self.poll},
            f"{_ASYNC}/{{id}}/results": {"GET": self.results},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the address of the tokens and the credentials."""
        found = {
            "auth_url": endpoint,
            "client_id": self._own_knobs.client_id,
            "client_secret": self._own_knobs.client_secret.get_secret_value(),
        }
        account_id = self._own_knobs.account_id
        return found | ({"account_id": account_id} if account_id else {})

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in Marketing Cloud's format."""
        return refused(status, message, **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without a valid token."""
        if request.path.lower().rstrip("/") == _TOKEN:
            return None
        return None if self._tokens.takes(request.authorization, now) else refused(
            401, "Not Authorized"
        )  # fmt: skip

    def rows_sent(self, request: IncomingRequest) -> Iterable[Any]:
        """Return the rows in *request*."""
        is_rows = request.path.startswith(f"{_ASYNC}/dataextensions/")
        return items_in(request.document) or [] if is_rows else []

    # The endpoints

    def write(self, request: IncomingRequest, now: float, name: str) -> Reply:
        """Accept rows for a data extension, whose status tells what becomes of them."""
        rows, name = items_in(request.document), unquote(name).removeprefix("key:")
        if rows is None:
            return refused(400, "items must be a list of objects that is not empty")
        if not self._tables.has(name):
            found = f"Unable to find a Data Extension for the provided key or id: {name}"
            messages = [result_message("CustomObjectNotFound", found)]
            return Reply(400, {"requestId": reply_id(f"{now} {name}"), "resultMessages": messages})
        failing_jobs = self._own_knobs.failing_jobs
        is_failing = self.is_drawn(f"job {canonical(rows)}", failing_jobs)
        about = {"name": name, "is_insert": request.method == "POST", "is_failing": is_failing}
        job = self.accept(
            rows,
            now,
            content=request.path.encode() + request.body,
            named=guid,
            reach=0 if is_failing else None,
            properties=about,
        )
        accepted = {"requestId": job.job_id, "resultMessages": []}
        return Reply(self._own_knobs.accepted_status, accepted)

    def poll(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return the status of a request, once it is picked up."""
        job, outer = self.find(job_id, now), {"requestId": reply_id(f"{job_id} {now}")}
        if job is None or now < self._picked_up_at(job):
            return Reply(200, {**outer, "resultMessages": [unknown_request(job_id)]})
        return Reply(200, {"status": self.shown(job, now), **outer})

    def results(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return a page of the results, once there are all."""
        job, outer = self.find(job_id, now), {"requestId": reply_id(f"{job_id} {now}")}
        is_there = job and job.phase(now) == JobPhase.ENDED
        if job is None or not is_there or self.has_expired_results(job, now):
            # This is how it is in the vendor's examples: one level deeper than for a status.
            return Reply(
                200, {**outer, "resultMessages": [{"resultMessage": unknown_request(job_id)}]}
            )
        found = self.given(job, job.outcomes)
        page, size = asked_page(request, self._own_knobs.results_page_size or max(1, len(found)))
        codes = self._own_knobs.error_codes
        items = [item(error, codes=codes) for error in found[(page - 1) * size : page * size]]
        about = {"page": page, "pageSize": size, "count": len(found), "items": items}
        return Reply(200, {**about, **outer})

    # Requests and their rows

    def applied(self, job: AcceptedJob, index: int) -> str:
        """Write a row, and return why it fails; "" = it is written."""
        row, spelled = job.rows[index], canonical(job.rows[index])
        is_victim = self.is_drawn(f"deadlock {spelled}", self._own_knobs.deadlocked)
        if is_victim and spelled not in self._deadlocked_once:
            self._deadlocked_once.add(spelled)
            return DEADLOCK
        if failure := self.failure_drawn(spelled, FAILURES):
            return failure
        number, name = job.number * 1_000_000 + index, job.properties["name"]
        is_insert = job.properties["is_insert"]
        return self._tables.write(name, row, is_insert=is_insert, number=number)

    def _picked_up_at(self, job: AcceptedJob) -> float:
        return job.accepted_at + _PICK_UP_SHARE * (job.starts_at - job.accepted_at)

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return the status of a request."""
        phase, ended_at = job.phase(now), job.ended_at(now)
        is_failing = job.properties["is_failing"]
        has_errors = phase == JobPhase.ENDED and (is_failing or any(job.outcomes))
        words = {JobPhase.QUEUED: "Pending", JobPhase.RUNNING: "Executing"}
        shown = {
            "callDateTime": stamp(job.date(job.accepted_at)),
            "pickupDateTime": stamp(job.date(self._picked_up_at(job))),
            "hasErrors": has_errors,
            "requestStatus": words.get(phase, "Error" if is_failing else "Complete"),
            "resultStatus": "Has Errors" if has_errors else "OK",
            "requestId": job.job_id,
        }
        if ended_at is not None:
            shown["completionDateTime"] = stamp(job.date(ended_at))
        return shown
