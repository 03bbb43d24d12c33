"""The header of a run, as every message of the monitor may carry it."""

from __future__ import annotations

from typing import Any

from .run_view import (
    RunView,
    abilities,
    continued_by,
    cut,
    detection_lag,
    first_lines,
    is_paused,
    lines_expected,
    requests_sent,
    rows_to_retry,
)

_NOTICES = 5


def header_of(
    run: RunView, *, done: bool, updated_at: float, has_jobs: bool, entries: int
) -> dict[str, Any]:
    """Return what the page shows above the table, and what its buttons need.

    *updated_at* is when an operation changed last, in Unix seconds; *entries* is how many
    lines the table has: operations, and after them invalid rows. Until it has any, ``lines``
    is how many it will have.
    """
    return {
        "title": cut(run.title, 200),
        "status": run.status,
        "counts": dict(run.counts),
        "entries": entries,
        "lines": entries or lines_expected(run),
        "jobs": has_jobs,
        "notices": first_lines(_NOTICES, run.notices),
        "requests": requests_sent(run),
        "lag": detection_lag(run),
        "can": abilities(run),
        # Only the button at the end needs it, and until then every message would change it.
        "retryable": rows_to_retry(run) if done else None,
        "paused": is_paused(run),
        "done": done,
        "continued_by": continued_by(run),
        "updated_at": round(updated_at, 2),
    }
