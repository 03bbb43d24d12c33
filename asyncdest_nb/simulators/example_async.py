"""The Example Async destination, played: one operation per row, polled one by one.

    POST /operations        {user_id, operation_type, data?}  202 accepted, or 200 at once
    POST /operations/batch  {operations: [...]}               202, an id each, in order
    GET  /operations/{id}   pending | processing | completed | failed, with progress

What becomes of an operation follows from the seed and its payload alone: how
long it takes, whether it fails and why. So a run ends the same way whatever its
order and concurrency, and a failed row fails again until its payload changes.

A batch whose rows all completed at once is answered 200. Else each has an id, also one that
was refused or is done: its first poll says so, or its entry where entries are asked for.
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

from .exchange import JSONObject, Reply, Request, Routes, canonical, hyphenated
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
    """The knobs of every partner and its own."""

    api_key: Secret | None = Field(
        default=None, description="the bearer key a request must carry; None asks for none"
    )
    synchronous: Share = Field(
        default=0.0,
        description="share of operations answered at once, in [0, 1]; True is all of them",
    )
    batch_answer: Literal["operation_ids", "operations"] = Field(
        default="operation_ids",
        description='how a batch is answered: "operation_ids", a list of ids, or "operations", '
        "a list of objects",
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What will become of an operation; ``error`` None = it completes.

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
    """Return what says that something failed, in the nested and in the flat spelling.

    Both are seen in the field, often from one vendor: a client has to read either.
    """
    return {
        "status": "failed",
        "error": {"code": code, "message": message},
        "error_code": code,
        "error_message": message,
    }


def planned(payload: Any, knobs: ExampleAsyncKnobs) -> Plan:
    """Decide what becomes of *payload*; a misfit fails at once."""
    if error := misfit(payload):
        return Plan(duration_seconds=0.0, is_synchronous=True, reach=0, error=error)
    dice = random.Random(f"{knobs.seed} {canonical(payload)}")
    # Every number is drawn whether it is needed or not, and the duration, which
    # takes a varying number of draws, last: turning one knob moves nothing else.
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


def misfit(payload: object) -> tuple[str, str] | None:
    """Say with a code and a message why *payload* is refused; None takes it."""
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
class Held:
    """An operation the partner holds. ``accepted_at`` is in the clock's unit."""

    operation_id: str
    payload: Any
    plan: Plan
    accepted_at: float
    polls: int = 0


def progress(held: Held, *, now: float, pending_share: float) -> tuple[str, int]:
    """Return its status and its percentage at *now*."""
    plan, age = held.plan, now - held.accepted_at
    if plan.is_synchronous or age >= plan.duration_seconds:
        return "failed" if plan.error else "completed", plan.reach
    pending = plan.duration_seconds * pending_share
    if age < pending:
        return "pending", 0
    return "processing", int(plan.reach * (age - pending) / (plan.duration_seconds - pending))


def standing(held: Held, *, now: float, pending_share: float) -> JSONObject:
    """Return what a poll at *now* is told."""
    status, percent = progress(held, now=now, pending_share=pending_share)
    told: JSONObject = {
        "operation_id": held.operation_id,
        "status": status,
        "progress": percent,
    }
    if status == "completed":
        told["result"] = _result(held)
    if status == "failed" and held.plan.error:
        told["error_code"], told["error_message"] = held.plan.error
    return told


def _result(held: Held) -> JSONObject:
    number = held.operation_id.removeprefix("op_")
    made: dict[str, JSONObject] = {
        "sync_profile": {"profile_id": f"prf_{number}"},
        "process_data": {"records_processed": len(held.payload.get("data") or {})},
        "generate_report": {"report_id": f"rpt_{number}"},
    }
    return {"user_id": held.payload["user_id"], **made[held.payload["operation_type"]]}


class ExampleAsync:
    """The partner: what it holds, and its answer to each request."""

    Knobs = ExampleAsyncKnobs
    forgives_paths = False

    def __init__(self, knobs: ExampleAsyncKnobs) -> None:
        self._knobs = knobs
        self._held: dict[str, Held] = {}
        self._copies: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.routes: Routes = {
            "/operations": {"POST": self.submit},
            "/operations/batch": {"POST": self.submit_batch},
            "/operations/{id}": {"GET": self.poll},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return what a connection needs: the endpoint, and the key if one is asked for."""
        key = self._knobs.api_key
        return {"endpoint": endpoint} | ({"api_key": key.get_secret_value()} if key else {})

    def refused(self, status: int, message: str, **headers: str) -> Reply:
        """Return a refusal in the words of this destination."""
        return Reply(status, failure(_CODES[status], message), hyphenated(headers))

    def unauthorized(self, request: Request, now: float) -> Reply | None:
        """Return what a request without the key is answered."""
        if self._knobs.api_key is None:
            return None
        expected = f"Bearer {self._knobs.api_key.get_secret_value()}"
        if hmac.compare_digest(request.authorization.encode(), expected.encode()):
            return None
        return self.refused(401, "Unknown API key", www_authenticate="Bearer")

    def attempted(self, request: Request) -> None:
        """Count the operations that *request* carries, whatever it will be answered."""
        sent = request.document
        if request.path == "/operations/batch":
            operations = sent.get("operations") if isinstance(sent, dict) else None
            self.attempts.update(map(canonical, operations if isinstance(operations, list) else []))
        elif request.path == "/operations":
            self.attempts[canonical(sent)] += 1

    def submit(self, request: Request, now: float) -> Reply:
        """Take one operation."""
        if error := misfit(request.document):
            return Reply(400, failure(*error))
        held = self._take(request.document, now)
        if not held.plan.is_synchronous:
            return Reply(202, {"status": "accepted", **_names(held)})
        if held.plan.error:
            return Reply(422, failure(*held.plan.error))
        return Reply(200, {"status": "completed", "result": _result(held)})

    def submit_batch(self, request: Request, now: float) -> Reply:
        """Take many; one that is refused is said so in its place and spoils no other."""
        sent = request.document.get("operations") if isinstance(request.document, dict) else None
        if not isinstance(sent, list) or not sent:
            message = "operations must be a list that is not empty"
            return Reply(400, failure("INVALID_BATCH", message))
        if self._knobs.batch_answer == "operation_ids":
            return self._named([self._take(payload, now) for payload in sent])
        entries = [self._entry(payload, now) for payload in sent]
        if any(entry["status"] == "accepted" for entry in entries):
            return Reply(202, {"status": "accepted", "operations": entries})
        return Reply(200, {"status": "completed", "operations": entries})

    def _named(self, batch: Sequence[Held]) -> Reply:
        if all(held.plan.is_synchronous and not held.plan.error for held in batch):
            results = [_result(held) for held in batch]
            return Reply(200, {"status": "completed", "results": results})
        ids = [held.operation_id for held in batch]
        return Reply(202, {"status": "accepted", "operation_ids": ids})

    def _entry(self, payload: Any, now: float) -> JSONObject:
        if error := misfit(payload):
            return failure(*error)
        held = self._take(payload, now)
        if not held.plan.is_synchronous:
            return {**_names(held), "status": "accepted"}
        return {**_names(held), **standing(held, now=now, pending_share=0)}

    def _take(self, payload: Any, now: float) -> Held:
        spelled = canonical(payload)
        self._copies[spelled] += 1
        name = sha256(f"{self._knobs.seed} {self._copies[spelled]} {spelled}".encode())
        operation_id = f"op_{name.hexdigest()[:20]}"
        held = Held(operation_id, payload, planned(payload, self._knobs), now)
        self._held[operation_id] = held
        return held

    def poll(self, request: Request, now: float, operation_id: str) -> Reply:
        """Say where an operation stands."""
        held = self._held.get(operation_id)
        if held is None:
            return Reply(404, failure("OPERATION_NOT_FOUND", f"No operation {operation_id}"))
        held.polls += 1
        return Reply(200, standing(held, now=now, pending_share=self._knobs.pending_share))

    def operations(self, now: float) -> list[JSONObject]:
        """Return what it holds at *now*, in the order of arrival."""
        return [
            {
                **standing(held, now=now, pending_share=self._knobs.pending_share),
                "payload": held.payload,
                "duration_seconds": held.plan.duration_seconds,
                "polls": held.polls,
            }
            for held in self._held.values()
        ]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return nothing: what was sent is only processed here."""
        return {}


def _names(held: Held) -> JSONObject:
    return {"operation_id": held.operation_id, "user_id": held.payload["user_id"]}
