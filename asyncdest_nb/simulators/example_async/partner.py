"""The endpoints of the simulated Example Async, and the answer to each request.

    POST /operations        {user_id, operation_type, data?}  202 accepted, or 200 at once
    POST /operations/batch  {operations: [...]}               202, an id each, in order
    GET  /operations/{id}   pending | processing | completed | failed, with progress

The seed and the payload alone decide how an operation ends: how long it takes, whether
it fails and why. So the outcomes of a run do not depend on order or concurrency, and a
failed row fails again until its payload changes.

A batch is answered 200 if all its rows completed at once. Otherwise every row has an id,
also a row that was refused or is done: its first poll returns that, or its entry in the
answer if the knob ``batch_answer`` is "operations".
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from ..exchange import IncomingRequest, JSONObject, Reply, Routes, canonical, hyphenated
from .knobs import ExampleAsyncKnobs
from .operations import StoredOperation, payload_error, planned, result_of, status_answer

_CODES = {
    401: "UNAUTHORIZED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    429: "RATE_LIMITED",
    503: "UNAVAILABLE",
}


def failure(code: str, message: str) -> JSONObject:
    """Return the body of a failure, with the error both nested and flat.

    Vendors use either, some of them both: a client has to read each.
    """
    return {
        "status": "failed",
        "error": {"code": code, "message": message},
        "error_code": code,
        "error_message": message,
    }


class ExampleAsync:
    """The simulated partner: its operations, and its answer to each request."""

    Knobs = ExampleAsyncKnobs
    forgives_paths = False

    def __init__(self, knobs: ExampleAsyncKnobs) -> None:
        self._knobs = knobs
        self._stored: dict[str, StoredOperation] = {}
        self._copies: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.routes: Routes = {
            "/operations": {"POST": self.submit},
            "/operations/batch": {"POST": self.submit_batch},
            "/operations/{id}": {"GET": self.poll},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the endpoint, and the key if there is one."""
        key = self._knobs.api_key
        return {"endpoint": endpoint} | ({"api_key": key.get_secret_value()} if key else {})

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in the format of this destination."""
        code = _CODES.get(status, "SERVER_ERROR")
        return Reply(status, failure(code, message), hyphenated(headers))

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without the key."""
        if self._knobs.api_key is None:
            return None
        expected = f"Bearer {self._knobs.api_key.get_secret_value()}"
        if hmac.compare_digest(request.authorization.encode(), expected.encode()):
            return None
        return self.error_reply(401, "Unknown API key", www_authenticate="Bearer")

    def attempted(self, request: IncomingRequest) -> None:
        """Count the operations in *request*, whatever its reply will be."""
        sent = request.document
        if request.path == "/operations/batch":
            operations = sent.get("operations") if isinstance(sent, dict) else None
            self.attempts.update(map(canonical, operations if isinstance(operations, list) else []))
        elif request.path == "/operations":
            self.attempts[canonical(sent)] += 1

    def submit(self, request: IncomingRequest, now: float) -> Reply:
        """Accept one operation."""
        if error := payload_error(request.document):
            return Reply(400, failure(*error))
        stored = self._take(request.document, now)
        if not stored.plan.is_synchronous:
            return Reply(202, {"status": "accepted", **_identifiers(stored)})
        if stored.plan.error:
            return Reply(422, failure(*stored.plan.error))
        return Reply(200, {"status": "completed", "result": result_of(stored)})

    def submit_batch(self, request: IncomingRequest, now: float) -> Reply:
        """Accept many operations; an invalid one fails in its place and affects no other."""
        sent = request.document.get("operations") if isinstance(request.document, dict) else None
        if not isinstance(sent, list) or not sent:
            message = "operations must be a list that is not empty"
            return Reply(400, failure("INVALID_BATCH", message))
        if self._knobs.batch_answer == "operation_ids":
            return self._ids_reply([self._take(payload, now) for payload in sent])
        entries = [self._entry(payload, now) for payload in sent]
        if any(entry["status"] == "accepted" for entry in entries):
            return Reply(202, {"status": "accepted", "operations": entries})
        return Reply(200, {"status": "completed", "operations": entries})

    def _ids_reply(self, batch: Sequence[StoredOperation]) -> Reply:
        if all(stored.plan.is_synchronous and not stored.plan.error for stored in batch):
            results = [result_of(stored) for stored in batch]
            return Reply(200, {"status": "completed", "results": results})
        ids = [stored.operation_id for stored in batch]
        return Reply(202, {"status": "accepted", "operation_ids": ids})

    def _entry(self, payload: Any, now: float) -> JSONObject:
        if error := payload_error(payload):
            return failure(*error)
        stored = self._take(payload, now)
        if not stored.plan.is_synchronous:
            return {**_identifiers(stored), "status": "accepted"}
        return {**_identifiers(stored), **status_answer(stored, now=now, pending_share=0)}

    def _take(self, payload: Any, now: float) -> StoredOperation:
        spelled = canonical(payload)
        self._copies[spelled] += 1
        name = sha256(f"{self._knobs.seed} {self._copies[spelled]} {spelled}".encode())
        operation_id = f"op_{name.hexdigest()[:20]}"
        stored = StoredOperation(operation_id, payload, planned(payload, self._knobs), now)
        self._stored[operation_id] = stored
        return stored

    def poll(self, request: IncomingRequest, now: float, operation_id: str) -> Reply:
        """Return the status of an operation."""
        stored = self._stored.get(operation_id)
        if stored is None:
            return Reply(404, failure("OPERATION_NOT_FOUND", f"No operation {operation_id}"))
        stored.polls += 1
        return Reply(200, status_answer(stored, now=now, pending_share=self._knobs.pending_share))

    def operations(self, now: float) -> list[JSONObject]:
        """Return all operations at *now*, in the order of arrival."""
        return [
            {
                **status_answer(stored, now=now, pending_share=self._knobs.pending_share),
                "payload": stored.payload,
                "duration_seconds": stored.plan.duration_seconds,
                "polls": stored.polls,
            }
            for stored in self._stored.values()
        ]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return nothing: this destination stores no records."""
        return {}


def _identifiers(stored: StoredOperation) -> JSONObject:
    return {"operation_id": stored.operation_id, "user_id": stored.payload["user_id"]}
