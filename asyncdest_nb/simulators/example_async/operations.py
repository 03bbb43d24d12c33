"""An operation: whether it is valid, how it will end, and its status at a time."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from ..exchange import JSONObject, canonical
from ..faults import seconds_drawn
from .knobs import ExampleAsyncKnobs

OPERATION_TYPES = ("sync_profile", "process_data", "generate_report")

FAILURES = (
    ("EMAIL_BOUNCED", "The last message to this person bounced"),
    ("DUPLICATE_USER", "Two profiles claim this user; merge them first"),
    ("CONSENT_WITHDRAWN", "This person withdrew the consent to be contacted"),
    ("PROFILE_LOCKED", "This profile is locked by an open support case"),
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """How an operation will end; ``error`` None = it completes.

    ``reach`` is the progress in percent at which it ends.
    """

    duration_seconds: float
    is_synchronous: bool
    reach: int
    error: tuple[str, str] | None


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
        answer["result"] = result_of(stored)
    if status == "failed" and stored.plan.error:
        answer["error_code"], answer["error_message"] = stored.plan.error
    return answer


def result_of(stored: StoredOperation) -> JSONObject:
    """Return the result of a completed operation."""
    number = stored.operation_id.removeprefix("op_")
    made: dict[str, JSONObject] = {
        "sync_profile": {"profile_id": f"prf_{number}"},
        "process_data": {"records_processed": len(stored.payload.get("data") or {})},
        "generate_report": {"report_id": f"rpt_{number}"},
    }
    return {"user_id": stored.payload["user_id"], **made[stored.payload["operation_type"]]}
