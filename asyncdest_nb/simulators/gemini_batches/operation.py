"""A job as a long-running operation of Google."""

from __future__ import annotations

from collections import Counter

from ..exchange import JSONObject
from ..jobs import AcceptedJob, JobPhase
from ..llm import Fate
from .knobs import GeminiBatchesKnobs
from .uploads import stamp

_TYPE = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"
_GOOD = (Fate.SUCCEEDED, Fate.REFUSED)
_UNDONE = (Fate.PENDING, Fate.CANCELED)


def shown(
    job: AcceptedJob,
    counts: Counter[Fate],
    now: float,
    *,
    knobs: GeminiBatchesKnobs,
    output: JSONObject | None,
) -> JSONObject:
    """Return the operation; *output* is what it has for results, None if it has none."""
    state, ended_at = _state(job, now, knobs), job.ended_at(now)
    results = {"output": output} if output is not None else {}
    metadata = {
        "@type": _TYPE,
        "name": job.job_id,
        "model": job.properties["model"],
        "displayName": job.properties["batch"].get("displayName", ""),
        "createTime": stamp(job.accepted_date),
        "updateTime": stamp(job.date(now if ended_at is None else ended_at)),
        **({} if ended_at is None else {"endTime": stamp(job.date(ended_at))}),
        "batchStats": _stats(len(job.rows), counts),
        "state": state,
        **results,
    }
    found: JSONObject = {"name": job.job_id, "metadata": metadata}
    if ended_at is not None:
        found["done"] = True
        if error := _error(job, state):
            found["error"] = error
        elif output is not None and knobs.doubled_output:
            found["response"] = {"@type": _TYPE + "Output", **output}
    return found


def has_results(job: AcceptedJob, now: float) -> bool:
    """Whether *job* ended in a state that has results."""
    return job.phase(now) is JobPhase.ENDED and not job.properties["error"] and not _expired(job)


def _expired(job: AcceptedJob) -> bool:
    return any(row.fate is Fate.EXPIRED for row in job.rows)


def _state(job: AcceptedJob, now: float, knobs: GeminiBatchesKnobs) -> str:
    phase = job.phase(now)
    if phase is JobPhase.QUEUED:
        return "BATCH_STATE_PENDING"
    if phase in (JobPhase.RUNNING, JobPhase.CANCELLING):
        return knobs.unknown_status or "BATCH_STATE_RUNNING"
    if phase is JobPhase.CANCELLED:
        return "BATCH_STATE_CANCELLED"
    if job.properties["error"]:
        return "BATCH_STATE_FAILED"
    if _expired(job):
        return "BATCH_STATE_EXPIRED"
    has_failed = any(row.fate not in _GOOD for row in job.rows)
    if has_failed and knobs.partial_state:
        return "BATCH_STATE_PARTIALLY_SUCCEEDED"
    # Also if all rows failed.
    return "BATCH_STATE_SUCCEEDED"


def _error(job: AcceptedJob, state: str) -> JSONObject | None:
    """Return the error of an ended operation, with gRPC's codes."""
    errors = {
        "BATCH_STATE_FAILED": {"code": 13, "message": job.properties["error"]},
        "BATCH_STATE_CANCELLED": {"code": 1, "message": "The operation was cancelled."},
        "BATCH_STATE_EXPIRED": {"code": 4, "message": "The batch expired before it completed."},
    }
    return errors.get(state)


def _stats(total: int, counts: Counter[Fate]) -> JSONObject:
    """Return the counts; a 64-bit number is text in Google's JSON, and 0 is left out."""
    good = sum(counts[fate] for fate in _GOOD)
    pending = sum(counts[fate] for fate in _UNDONE)
    numbers = {
        "requestCount": total,
        "successfulRequestCount": good,
        "failedRequestCount": total - good - pending,
        "pendingRequestCount": pending,
    }
    return {name: str(number) for name, number in numbers.items() if number}
