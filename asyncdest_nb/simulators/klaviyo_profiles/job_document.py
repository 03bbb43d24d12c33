"""A job as JSON:API has it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..exchange import JSONObject
from ..jobs import AcceptedJob, JobPhase

JOBS = "/api/profile-bulk-import-jobs"
STATUSES = {
    JobPhase.QUEUED: "queued",
    JobPhase.RUNNING: "processing",
    JobPhase.ENDED: "complete",
    JobPhase.CANCELLING: "cancelled",
    JobPhase.CANCELLED: "cancelled",
}
_RELATIONS = ("lists", "profiles", "import-errors")
_KEPT_SECONDS = 7 * 24 * 3600.0  # A job whose results are kept has to say a date all the same.


def job_document(
    job: AcceptedJob, now: float, failed: int, *, keeps_seconds: float | None
) -> JSONObject:
    """Return *job*, of whose profiles *failed* have failed; None keeps it for ever."""
    link = f"http://{job.properties['host']}{JOBS}/{job.job_id}"
    return {
        "type": "profile-bulk-import-job",
        "id": job.job_id,
        "attributes": _attributes(job, now, failed, keeps_seconds or _KEPT_SECONDS),
        "relationships": {
            name: {"links": {"self": f"{link}/relationships/{name}", "related": f"{link}/{name}"}}
            for name in _RELATIONS
        },
        "links": {"self": link},
    }


def _attributes(job: AcceptedJob, now: float, failed: int, keeps_seconds: float) -> JSONObject:
    ended_at = job.ended_at(now)
    return {
        "status": STATUSES[job.phase(now)],
        "created_at": job.date(job.accepted_at).isoformat(),
        "total_count": len(job.rows),
        # By the example of the reference, the two counts add up to the total.
        "completed_count": len(job.outcomes) - failed,
        "failed_count": failed,
        "completed_at": None if ended_at is None else job.date(ended_at).isoformat(),
        "expires_at": _expiry(job, keeps_seconds).isoformat(),
        "started_at": job.date(job.starts_at).isoformat() if now >= job.starts_at else None,
    }


def _expiry(job: AcceptedJob, keeps_seconds: float) -> datetime:
    return job.date(job.ends_at) + timedelta(seconds=keeps_seconds)
