"""The simulated Mailchimp: its endpoints, and the answer to each request.

    GET    /3.0/ping            whether the key is valid
    POST   /3.0/batches         a batch of operations
    GET    /3.0/batches         all batches, the newest first
    GET    /3.0/batches/{id}    its status and counts
    DELETE /3.0/batches/{id}    stops it; the results of what was done are gone

    GET    /batches/{name}      the results: on localhost, another origin than 127.0.0.1

The status "finished" says nothing about success, and ``finished_operations`` counts the
operations that failed too. Each request for the status of a finished batch gives another
address of its results, which is signed, valid for some time, and refuses requests with the
API key.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from ..exchange import IncomingRequest, JSONObject, Reply, Routes, canonical
from ..jobs import AcceptedJob, JobPartner, JobPhase
from .archive import archive, result
from .knobs import MailchimpBatchesKnobs
from .members import FAILURES, Members, OperationReply
from .replies import invalid, refused, storage_refusal

MAX_OPEN_BATCHES = 500
PAGE_SIZE = 10
_BATCHES = "/3.0/batches"
_STORAGE = "/batches"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_FINALIZING_SHARE = 0.9  # Of the time that a batch takes.


class MailchimpBatches(JobPartner):
    """The simulated partner."""

    Knobs = MailchimpBatchesKnobs

    def __init__(self, knobs: MailchimpBatchesKnobs) -> None:
        super().__init__(knobs)
        self._key = knobs.api_key.get_secret_value()
        self._url_seconds = knobs.results_url_seconds
        self._members = Members(self.stored, knobs.lists)
        self._signed: dict[str, tuple[str, float]] = {}
        self.routes: Routes = {
            "/3.0/ping": {"GET": self.ping},
            _BATCHES: {"POST": self.create, "GET": self.list_batches},
            f"{_BATCHES}/{{id}}": {"GET": self.poll, "DELETE": self.delete},
            f"{_STORAGE}/{{name}}": {"GET": self.download},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the key and the address."""
        return {"api_key": self._key, "base_url": f"{endpoint}/3.0"}

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error as a problem document."""
        return refused(status, message, **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request to the API without the key."""
        if request.path.startswith(f"{_STORAGE}/"):
            return None
        if hmac.compare_digest(_key_in(request.authorization).encode(), self._key.encode()):
            return None
        return refused(401, "Your API key may be invalid, or you've attempted to access the wrong "
                            "datacenter.")  # fmt: skip

    def rows_sent(self, request: IncomingRequest) -> Iterable[Any]:
        """Return the operations in *request*."""
        return _operations_in(request.document) or []

    # The endpoints

    def ping(self, request: IncomingRequest, now: float) -> Reply:
        """Return that the API is there."""
        return Reply(200, {"health_status": "Everything's Chimpy!"})

    def create(self, request: IncomingRequest, now: float) -> Reply:
        """Accept a batch, or refuse all of it."""
        operations = _operations_in(request.document)
        if not operations:
            return invalid(("operations", "Schema describes array, nothing found instead"))
        errors = [each for at, row in enumerate(operations) for each in _schema_errors(at, row)]
        if errors:
            return invalid(*errors)
        if sum(job.ended_at(now) is None for job in self.jobs(now)) >= MAX_OPEN_BATCHES:
            return refused(429, f"You have more than {MAX_OPEN_BATCHES} pending batches.")
        job = self.accept(operations, now, content=request.body)
        return Reply(200, self.shown(job, now))

    def poll(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Return a batch, with an address of its results if it is finished."""
        job = self.find(job_id, now)
        if job is None:
            return refused(404, "The requested resource could not be found.")
        return Reply(
            200, self.shown(job, now) | {"response_body_url": self._url(request, job, now)}
        )

    def list_batches(self, request: IncomingRequest, now: float) -> Reply:
        """Return a page of the batches."""
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        count, offset = int(asked.get("count", PAGE_SIZE)), int(asked.get("offset", 0))
        found = self.jobs(now)[::-1]
        shown = [self.shown(job, now) for job in found[offset : offset + count]]
        return Reply(200, {"batches": shown, "total_items": len(found), "_links": []})

    def delete(self, request: IncomingRequest, now: float, job_id: str) -> Reply:
        """Stop a batch, and forget it."""
        job = self.find(job_id, now)
        if job is None:
            return refused(404, "The requested resource could not be found.")
        self.forget(job)
        return Reply(204)

    def download(self, request: IncomingRequest, now: float, name: str) -> Reply:
        """Return the results of a batch to whoever has a valid address of them."""
        signature = parse_qs(request.query).get("X-Amz-Signature", [""])[0]
        if request.authorization or self._key in str(request.headers) + request.query:
            message = "Only one auth mechanism allowed"
            return storage_refusal(400, "InvalidArgument", message)
        job_id, until = self._signed.get(signature, ("", 0.0))
        if f"{job_id}-response.tar.gz" != name:
            return storage_refusal(403, "SignatureDoesNotMatch", "The signature does not match")
        if now >= until:
            return storage_refusal(403, "AccessDenied", "Request has expired")
        job = self.find(job_id, now)
        if job is None or self.has_expired_results(job, now):
            return storage_refusal(404, "NoSuchKey", "The specified key does not exist.")
        results = [result(*each) for each in zip(job.rows, job.outcomes, strict=True)]
        content = archive(job_id, self.given(job, results))
        return Reply(200, content, {"content-type": "application/gzip"})

    def _url(self, request: IncomingRequest, job: AcceptedJob, now: float) -> str:
        """Return a new address of the results; "" = there are none yet."""
        if job.phase(now) != JobPhase.ENDED:
            return ""
        about = f"{self.knobs.seed} {len(self._signed)} {job.job_id}"
        signature = sha256(about.encode()).hexdigest()
        self._signed[signature] = (job.job_id, now + self._url_seconds)
        host, _, port = request.host.partition(":")
        other = "127.0.0.1" if host == "localhost" else "localhost"
        signed = f"X-Amz-Expires={self._url_seconds:g}&X-Amz-Signature={signature}"
        return f"http://{other}:{port}{_STORAGE}/{job.job_id}-response.tar.gz?{signed}"

    # Batches and their operations

    def applied(self, job: AcceptedJob, index: int) -> OperationReply:
        """Apply an operation."""
        operation = job.rows[index]
        # What makes a row is what it asks for, not how it is named.
        about = canonical({key: operation.get(key) for key in ("method", "path", "body")})
        return self._members.answer(operation, self.failure_drawn(about, FAILURES))

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return a batch as the API shows it, without an address of its results."""
        ended_at = job.ended_at(now)
        return {
            "id": job.job_id,
            "status": _status(job, now),
            "total_operations": len(job.rows),
            "finished_operations": len(job.outcomes),
            "errored_operations": sum(reply.status >= 400 for reply in job.outcomes),
            "submitted_at": job.date(job.accepted_at).isoformat(timespec="seconds"),
            "completed_at": "" if ended_at is None
            else job.date(ended_at).isoformat(timespec="seconds"),
            "response_body_url": "",
            "_links": [],
        }  # fmt: skip


def _status(job: AcceptedJob, now: float) -> str:
    if job.phase(now) == JobPhase.QUEUED:
        return "pending" if now < (job.accepted_at + job.starts_at) / 2 else "preprocessing"
    if job.phase(now) == JobPhase.RUNNING:
        length = job.ends_at - job.accepted_at
        return "started" if now < job.accepted_at + _FINALIZING_SHARE * length else "finalizing"
    return "finished"


def _key_in(authorization: str) -> str:
    """Return the key of Basic, with any user, or of Bearer; "" = there is none."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _operations_in(document: Any) -> list[Any] | None:
    found = document.get("operations") if isinstance(document, dict) else None
    return found if isinstance(found, list) else None


def _schema_errors(index: int, operation: Any) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with an operation, for which the whole request is refused."""
    field = f"operations.item:{index}"
    if not isinstance(operation, dict):
        yield field, f"Schema describes object, {_type(operation)} found instead"
        return
    if operation.get("method") not in _METHODS:
        yield f"{field}.method", f"Data presented is not one of the accepted values: {_METHODS}"
    for name in ("path", "body", "operation_id"):
        if not isinstance(operation.get(name, "" if name != "path" else None), str):
            found = _type(operation.get(name))
            yield f"{field}.{name}", f"Schema describes string, {found} found instead"


def _type(value: object) -> str:
    kinds = {dict: "object", list: "array", str: "string", type(None): "NULL", bool: "boolean"}
    return kinds.get(type(value), "number")
