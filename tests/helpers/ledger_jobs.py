"""The jobs of the ledger partner, how they end, and a request on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger_troubles import Trouble

TRAVEL_SECONDS = 0.02  # Of a request, and of its answer.
WORK_SECONDS = 0.05  # From its arrival to its effect.
KEY_SECONDS = 60.0
KEY = "idempotency-key"
BAD = "bad"  # The name in a row that is refused, and all that are sent with it.


@dataclass(frozen=True)
class JobEnd:
    """How the rows of a job end: all "completed", all "failed", or "mixed".

    ``at_once``: the answer to the submission already has the end of each row.
    """

    word: str = "completed"
    seconds: float = 2.0
    at_once: bool = False

    def of(self, index: int) -> str:
        """Return the end of a row: "retryable" is a failure that may be repeated."""
        words = ("completed", "retryable", "failed") if self.word == "mixed" else (self.word,)
        return words[index % len(words)]


_WORDS_OF_ROWS: dict[str, dict[str, Any]] = {
    "completed": {"status": "completed"},
    "failed": {"status": "failed", "error": {"code": "BAD", "message": "no good"}},
    "retryable": {"status": "failed", "error": {"code": "LOCKED"}, "retryable": True},
    "canceled": {"status": "canceled", "message": "never came to it"},
}


@dataclass
class Job:
    """Rows at the partner; they take effect when it ends. Times None = not yet."""

    id: str
    trace: str
    ending: JobEnd
    rows: list[dict[str, str]] = field(default_factory=list)
    is_upsert: bool = False
    reference: str | None = None
    applied_at: float | None = None
    ends_at: float | None = None
    is_over: bool = False
    is_closed: bool = False  # Reported as failed, since it was never committed.
    is_hidden: bool = False
    canceled: set[int] = field(default_factory=set)

    def word(self, index: int) -> str:
        """Return how a row ended, or "pending"."""
        if index in self.canceled or self.is_closed:
            return "canceled"
        return self.ending.of(index) if self.is_over else "pending"


@dataclass
class Delivery:
    """A request on its way, and its answer once there is one."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    trouble: Trouble | None
    is_lost: bool = False
    reply: tuple[int, Any] | None = None
    told: list[tuple[str, int, str]] = field(default_factory=list)  # Of a job's row: its word.


# Answers about a job


def card(job: Job) -> dict[str, Any]:
    """Return the answer to a submission: the job's id, and an entry for each row."""
    rows = [{"id": f"{job.id}.{index}"} for index in range(len(job.rows))]
    if job.ending.at_once:
        rows = [_WORDS_OF_ROWS[job.ending.of(index)] for index in range(len(job.rows))]
    return {"id": job.id, "operations": rows}


def gone_answer(context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer about an operation that the partner does not know any more."""
    return {"status": "pending", "shouldContinuePolling": False, "context": context}


def pending_answer(how: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer about an operation that is pending, or is reported to be."""
    status = {"odd": "zombie", "null": None}.get(how, "pending")
    more = {"shouldContinuePolling": False} if how == "no more" else {}
    return {"status": status, "progress": 40, "context": context, **more}


def ended_answer(words: list[str], how: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer about an operation whose rows ended with *words*."""
    rows = [_WORDS_OF_ROWS[word] for word in words]
    if how == "short rows":
        return {"status": "completed", "context": context, "rows": rows[1:]}
    if set(words) == {"completed"}:
        return {"status": "completed", "progress": 100, "context": context}
    if set(words) == {"failed"}:
        return {"status": "failed", "context": context, "error": {"code": "BAD"}}
    status = "completed" if "completed" in words else "failed"
    return {"status": status, "context": context, "rows": rows}


def bad_rows(rows: Sequence[dict[str, str]]) -> list[int]:
    """Return the places of the rows for which all are refused."""
    return [at for at, row in enumerate(rows) if row["name"] == BAD]
