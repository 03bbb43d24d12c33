"""The list of all jobs, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs

from ..exchange import Reply
from . import ids
from .error_replies import error_reply
from .jobs import Job

PAGE = 1_000

JOB_TYPES = ("BigObjectIngest", "Classic", "V2Ingest", "V2Query")

# It has the number of the last job on the page: deleting a job moves no other one.
_LOCATOR_ID = ids.made("01g", "jobs")
_LOCATOR = re.compile(f"{_LOCATOR_ID}-([0-9]{{1,9}})", re.ASCII)


def page(jobs: Sequence[Job], query: str, now: float, version: str) -> Reply:
    """Return the page of *jobs* that *query* requests."""
    asked = {name: texts[-1] for name, texts in parse_qs(query).items()}
    if (kind := asked.get("jobType", JOB_TYPES[2])) not in JOB_TYPES:
        return error_reply(
            400, "INVALIDJOB", f"InvalidJob : jobType {kind!r}: {', '.join(JOB_TYPES)}"
        )
    locator = _LOCATOR.fullmatch(asked.get("queryLocator", f"{_LOCATOR_ID}-0"))
    if locator is None:
        return error_reply(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    # All jobs here are ingest jobs of Bulk API 2.0, which have no PK chunking.
    if kind != "V2Ingest" or asked.get("isPkChunkingEnabled", "").lower() == "true":
        jobs = []
    left = [job for job in jobs if job.number > int(locator[1])]
    shown, is_done = left[:PAGE], len(left) <= PAGE
    path = f"/services/data/v{version}.0/jobs/ingest?queryLocator={_LOCATOR_ID}"
    return Reply(
        200,
        {
            "done": is_done,
            "records": [job.summary(now) for job in shown],
            "nextRecordsUrl": None if is_done else f"{path}-{shown[-1].number}",
        },
    )
