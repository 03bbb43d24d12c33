"""The simulated Example Async destination: one operation per row, polled one by one.

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
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from .exchange import IncomingRequest, JSONObject, Reply, Routes, canonical, hyphenated
from .faults import Knobs, Secret, Share, seconds_drawn

OPERATION_TYPES = ("sync_profile", "process_data", "generate_report")

FAILURES = (
    ("EMAIL_BOUNCED", "The last message to this person bounced"),
    ("DUPLICATE_USER", "Two profiles claim this user; merge them first"),
    ("CONSENT_WITHDRAWN", "This person withdrew the consent to be contacted"),
    ("PROFILE_LOCKED", "This profile is locked by an open support case"),
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class ExampleAsyncKnobs(Knobs):
    """The knobs of every partner, and those of this one."""

    api_key: Secret | None = Field(
        default=None,
        description="the bearer key that a request must carry; None = no key is required",
    )
    synchronous: Share = Field(
        default=0.0,
        description="share of operations answered at once, in [0, 1]; True means all of them",
    )
    batch_answer: Literal["operation_ids", "operations"] = Field(
        default="operation_ids",
        description='how a batch is answered: "operation_ids", a list of ids, or "operations", '
        "a list of objects",
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """How an operation will end; ``error`` None = it completes.

    ``reach`` is the progress in percent at which it ends.
    """

    duration_seconds: float
    is_synchronous: bool
    reach: int
    error: tuple[str, str] | None


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


def planned(payload: Any, knobs: ExampleAsyncKnobs) -> Plan:
    """Decide how *payload* will end; an invalid one fails at once."""
    if error := payload_error(payload):
        return Plan(duration_seconds=0.0, is_synchronous=True, reach=0, error=error)
    dice = random.Random(f"{knobs.seed} {canonical(payload)}")
    # All numbers are drawn, needed or not, and the duration comes last, since it takes a
    # varying number of draws: so changing one knob does not change other outcomes.
    is_failing, is_synchronous = dice.random() < knobs.failing, dice.random() < knobs.synchronous
    error, reach = dice.choice(FAILURES), dice.randint(10, 95)
    error_found = _email_error(payload) or (error if is_failing else None)
    return Plan(
        duration_seconds=seconds_drawn(knobs.duration_seconds, dice),
        is_synchronous=is_synchronous,
        reach=reach if error_found else 100,
        error=error_found,
    )


def _email_error(payload: JSONObject) -> tuple[str, str] | None:
    email = (payload.get("data") or {}).get("email")
    if email is None or (isinstance(email, str) and _EMAIL.fullmatch(email)):
        return None
    return "INVALID_EMAIL", f"{email!r} is not an email address"


def payload_error(payload: object) -> tuple[str, str] | None:
    """Return a code and a message if *payload* is invalid, None if it is valid."""
    if not isinstance(payload, dict):
        return "INVALID_JSON", "An operation is a JSON object"
    user_id = payload.get("user_id")
    if not isinstance(user_id, str) or not user_id.strip():
        return "INVALID_USER_ID", "user_id must be text that is not empty"
    if payload.get("operation_type") not in OPERATION_TYPES:
        return "INVALID_OPERATION_TYPE", f"operation_type must be one of {OPERATION_TYPES}"
    if not isinstance(payload.get("data"), dict | None):
        return "INVALID_DATA", "data must be an object"
    return None


@dataclass(slots=True)
class StoredOperation:
    """An accepted operation. ``accepted_at`` is in seconds of the simulator's clock."""

    operation_id: str
    payload: Any
    plan: Plan
    accepted_at: float
    polls: int = 0


def progress(stored: StoredOperation, *, now: float, pending_share: float) -> tuple[str, int]:
    """Return the status and the progress in percent at *now*."""
    plan, age = stored.plan, now - stored.accepted_at
    if plan.is_synchronous or age >= plan.duration_seconds:
        return "failed" if plan.error else "completed", plan.reach
    pending = plan.duration_seconds * pending_share
    if age < pending:
        return "pending", 0
    return "processing", int(plan.reach * (age - pending) / (plan.duration_seconds - pending))


def status_answer(stored: StoredOperation, *, now: float, pending_share: float) -> JSONObject:
    """Return the answer to a poll at *now*."""
    status, percent = progress(stored, now=now, pending_share=pending_share)
    answer: JSONObject = {
        "operation_id": stored.operation_id,
        "status": status,
        "progress": percent,
    }
    if status == "completed":
        answer["result"] = _result(stored)
    if status == "failed" and stored.plan.error:
        answer["error_code"], answer["error_message"] = stored.plan.error
    return answer


def _result(stored: StoredOperation) -> JSONObject:
    number = stored.operation_id.removeprefix("op_")
    made: dict[str, JSONObject] = {
        "sync_profile": {"profile_id": f"prf_{number}"},
        "process_data": {"records_processed": len(stored.payload.get("data") or {})},
        "generate_report": {"report_id": f"rpt_{number}"},
    }
    return {"user_id": stored.payload["user_id"], **made[stored.payload["operation_type"]]}


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
        return Reply(status, failure(_CODES[status], message), hyphenated(headers))

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
        return Reply(200, {"status": "completed", "result": _result(stored)})

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
            results = [_result(stored) for stored in batch]
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
