"""A batch as the API shows it, and the rows that are in its files."""

from __future__ import annotations

from collections import Counter

from ..exchange import JSONObject
from ..jobs import AcceptedJob, JobPhase
from ..llm import Fate
from .output import COMPLETED

_FINALIZED = 0.05  # The last share of a batch's time.
_COMPLETION_SECONDS = 24 * 3600
_IN_NO_COUNT = (Fate.PENDING, Fate.EXPIRED, Fate.CANCELED)


def status(job: AcceptedJob, now: float, running: str) -> str:
    """Return the status of *job* at *now*; *running* is the word for one that is processed."""
    phase = job.phase(now)
    if phase is JobPhase.RUNNING:
        is_finalized = now >= job.ends_at - _FINALIZED * (job.ends_at - job.starts_at)
        return "finalizing" if is_finalized else running
    if phase is JobPhase.ENDED:
        return _ending(job)
    words = {JobPhase.QUEUED: "validating", JobPhase.CANCELLING: "cancelling"}
    return words.get(phase, "cancelled")


def _ending(job: AcceptedJob) -> str:
    if job.properties["errors"]:
        return "failed"
    is_expired = any(row.fate is Fate.EXPIRED for row in job.rows)
    return "expired" if is_expired else "completed"


def times(job: AcceptedJob, now: float) -> JSONObject:
    """Return when *job* changed, in Unix seconds; None for what has not happened."""
    ended_at = job.ended_at(now)
    ending = status(job, now, "") if ended_at is not None else ""
    finalizing_at = job.ends_at - _FINALIZED * (job.ends_at - job.starts_at)
    has_started = now >= job.starts_at and not job.properties["errors"]
    is_cancelled = job.cancel_asked_at is not None
    has_finalized = has_started and not is_cancelled and now >= finalizing_at
    return {
        "created_at": unix(job, job.accepted_at),
        "expires_at": unix(job, job.accepted_at) + _COMPLETION_SECONDS,
        "in_progress_at": unix(job, job.starts_at) if has_started else None,
        "finalizing_at": unix(job, finalizing_at) if has_finalized else None,
        "cancelling_at": None if job.cancel_asked_at is None else unix(job, job.cancel_asked_at),
        **{
            f"{word}_at": unix(job, ended_at) if ended_at is not None and ending == word else None
            for word in ("completed", "failed", "expired", "cancelled")
        },
    }


def unix(job: AcceptedJob, at: float) -> int:
    """Return the time *at* of the simulator's clock in Unix seconds."""
    return int(job.date(at).timestamp())


def counts_shown(job: AcceptedJob, counts: Counter[Fate], now: float) -> dict[str, int]:
    """Return how many rows of *job* are done; all are 0 while it is validated."""
    is_validated = now >= job.starts_at
    completed = sum(counts[fate] for fate in COMPLETED)
    others = sum(counts[fate] for fate in _IN_NO_COUNT)
    total = len(job.rows) if is_validated else 0
    failed = counts.total() - completed - others
    return {"total": total, "completed": completed, "failed": failed}
