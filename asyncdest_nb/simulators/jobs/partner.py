"""The base of a simulated partner with jobs: a partner adds its routes and its oddities."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from math import ceil
from typing import Any, TypeVar

from ..exchange import IncomingRequest, JSONObject, Routes, canonical
from ..faults import seconds_drawn
from .job import AcceptedJob
from .knobs import JobKnobs
from .records import StoredRecords

Failure = TypeVar("Failure")
Result = TypeVar("Result")


def twenty(digits: str) -> str:
    """Return the first twenty of *digits*."""
    return digits[:20]


def number(digits: str) -> str:
    """Return a number of eight digits; the first is not 0."""
    return str(10**7 + int(digits, 16) % (9 * 10**7))


def guid(digits: str) -> str:
    """Return *digits* as GUIDs are written."""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


class JobPartner:
    """A partner with jobs of many rows.

    A partner defines ``Knobs``, ``routes`` and the other members of Partner, and

    - ``rows_sent(request)``, the rows in a request, for the counts of attempts,
    - ``shown(job, now)``, a job as the partner's API shows it,
    - ``applied(job, index)``, which stores a row when it is due and returns its outcome. A
      partner that stores nothing leaves it out, and makes the results when they are asked for.

    The outcome of a row follows from the seed and the row, by ``failure_drawn``. The times
    of a job follow from the seed and its rows.
    """

    forgives_paths = True
    stores_rows = True  # False: ``applied`` is never called, and ``records`` is empty.
    routes: Routes

    def __init__(self, knobs: JobKnobs) -> None:
        self.knobs = knobs
        self._jobs: dict[str, AcceptedJob] = {}
        self._copies: Counter[str] = Counter()
        self._accepted = 0
        self.attempts: Counter[str] = Counter()
        self.stored = StoredRecords(knobs.seed)

    # What a partner defines

    def rows_sent(self, request: IncomingRequest) -> Iterable[Any]:
        """Return the rows that *request* carries, as JSON values, whatever its reply will be."""
        raise NotImplementedError

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return *job* as the API shows it at *now*."""
        raise NotImplementedError

    def applied(self, job: AcceptedJob, index: int) -> Any:
        """Store row *index* of *job*, which is due, and return its outcome."""
        raise NotImplementedError

    # Jobs

    def accept(
        self,
        rows: Sequence[Any],
        now: float,
        *,
        content: bytes,
        form: str = "{}",
        named: Callable[[str], str] = twenty,
        properties: JSONObject | None = None,
        reach: int | None = None,
        duration_seconds: float | None = None,
    ) -> AcceptedJob:
        """Accept a job of *rows*, and return it.

        Its id is *form*, such as "batch_{}", with what *named* makes of 64 hexadecimal digits
        that follow from the seed and *content*, which is what was sent. None for *reach* is all
        rows; None for *duration_seconds* draws them by the knob.
        """
        digest = sha256(content).hexdigest()
        self._copies[digest] += 1
        self._accepted += 1
        about = f"{self.knobs.seed} {self._copies[digest]} {digest}"
        if duration_seconds is None:
            duration_seconds = seconds_drawn(self.knobs.duration_seconds, random.Random(about))
        job_id = form.format(named(sha256(about.encode()).hexdigest()))
        self._jobs[job_id] = AcceptedJob(
            job_id=job_id,
            number=self._accepted,
            rows=rows,
            properties=properties or {},
            accepted_at=now,
            accepted_date=datetime.now(UTC),
            starts_at=now + duration_seconds * self.knobs.pending_share,
            ends_at=now + duration_seconds,
            reach=len(rows) if reach is None else reach,
        )
        return self._jobs[job_id]

    def find(self, job_id: str, now: float) -> AcceptedJob | None:
        """Return the job as it is at *now*; None if there is none."""
        self._process_due(now)
        return self._jobs.get(job_id)

    def forget(self, job: AcceptedJob) -> None:
        """Delete *job*."""
        del self._jobs[job.job_id]

    def jobs(self, now: float) -> list[AcceptedJob]:
        """Return all jobs as they are at *now*, in the order of arrival."""
        self._process_due(now)
        return list(self._jobs.values())

    def _process_due(self, now: float) -> None:
        # In the order of their times, so that nothing depends on how often this is called.
        if self.stores_rows:
            for _, _, index, job in heapq.merge(*[job.due(now) for job in self._jobs.values()]):
                job.outcomes.append(self.applied(job, index))

    # Outcomes and results

    def is_drawn(self, about: str, share: float) -> bool:
        """Whether chance strikes *about*, which it does to a *share* of all, by the seed."""
        drawn = sha256(f"{self.knobs.seed} {about}".encode()).digest()
        return int.from_bytes(drawn[:8]) < share * 2**64

    def failure_drawn(self, row: str, failures: Sequence[Failure]) -> Failure | None:
        """Return one of *failures* if *row*, its canonical JSON, fails by chance, else None."""
        drawn = sha256(f"{self.knobs.seed} {row}".encode()).digest()
        is_failing = int.from_bytes(drawn[:8]) < self.knobs.failing * 2**64
        return failures[drawn[8] % len(failures)] if is_failing else None

    def given(self, job: AcceptedJob, results: Sequence[Result]) -> list[Result]:
        """Return *results*, of rows in their order, as the knobs have them: order and length.

        The same every time, so that pages fit together.
        """
        found = list(results)
        if self.knobs.shuffle_results:
            random.Random(f"{self.knobs.seed} {job.job_id}").shuffle(found)
        return found[: len(found) - ceil(len(found) * self.knobs.truncate_results)]

    def has_expired_results(self, job: AcceptedJob, now: float) -> bool:
        """Whether the results of *job* are gone at *now*."""
        keeps, ended_at = self.knobs.results_expire_seconds, job.ended_at(now)
        return keeps is not None and ended_at is not None and now >= ended_at + keeps

    # What the simulator reads

    def attempted(self, request: IncomingRequest) -> None:
        """Count the rows of *request*, whatever its reply will be."""
        self.attempts.update(map(canonical, self.rows_sent(request)))

    def operations(self, now: float) -> list[JSONObject]:
        """Return all jobs at *now* as the API shows them, each with its ``rows``."""
        return [{**self.shown(job, now), "rows": job.rows} for job in self.jobs(now)]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return all records at *now*, by kind."""
        self._process_due(now)
        return self.stored.all()
