"""The base of the simulated batch APIs of language models."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from sys import intern
from typing import Any

from ..exchange import IncomingRequest, JSONObject, Reply, Routes, canonical
from ..jobs import AcceptedJob, JobPartner, JobPhase
from .knobs import LLMKnobs
from .model import SimulatedModel
from .rows import ANSWERED, Fate, SentRow

_CHUNK = 65_536  # bytes


class LLMPartner(JobPartner):
    """A partner that has a model answer the rows of a job.

    The seed and the payload of a row decide its fate. A fate that is over the next time, as
    of an expired row, ends with the first job that has the payload.

    A partner defines, besides what JobPartner asks for, ``keyed_rows`` in place of ``rows_sent``,
    and ``answer_text``.
    """

    Knobs: type[LLMKnobs]
    forgives_paths = False
    stores_rows = False
    request_id_header = "x-request-id"

    def __init__(self, knobs: LLMKnobs) -> None:
        super().__init__(knobs)
        self.knobs: LLMKnobs = knobs
        self.model = SimulatedModel(knobs)
        self._processed: set[str] = set()
        self._replies = 0

    # What a partner defines

    def keyed_rows(self, request: IncomingRequest) -> Iterable[tuple[str, Any]]:
        """Return the key and the payload of each row that *request* carries."""
        raise NotImplementedError

    def answer_text(self, job: AcceptedJob, row: SentRow) -> str:
        """Return what the model answers to *row*."""
        raise NotImplementedError

    # Rows and their fates

    def attempted(self, request: IncomingRequest) -> None:
        """Count the payloads of *request*, whatever its reply will be."""
        self.attempts.update(_text(payload) for _, payload in self.keyed_rows(request))

    def fated(
        self, sent: Iterable[tuple[str, Any]], row_error: Callable[[Any], Any]
    ) -> list[SentRow]:
        """Return the rows with their fates.

        *row_error* returns why a payload is refused once it is processed; None if it is valid.
        """
        rows = [self._fated(key, _text(each), row_error(each)) for key, each in sent]
        self._processed.update(row.payload for row in rows)
        return rows

    def _fated(self, key: str, text: str, error: Any) -> SentRow:
        if error is not None:
            return SentRow(key, text, Fate.INVALID, error)
        is_first = text not in self._processed
        drawn = sha256(f"{self.knobs.seed} {text}".encode()).digest()
        # One number for each kind of fate: changing one knob does not change other fates.
        for place, (fate, share, is_once) in enumerate(self._fates()):
            number = int.from_bytes(drawn[4 * place : 4 * place + 4])
            if number < share * 2**32 and (is_first or not is_once):
                return SentRow(key, text, fate)
        return SentRow(key, text, Fate.SUCCEEDED)

    def _fates(self) -> tuple[tuple[Fate, float, bool], ...]:
        """Return each fate with its share, and whether it is over the next time."""
        knobs = self.knobs
        return (
            (Fate.FAILED, knobs.failing, False),
            (Fate.EXPIRED, knobs.expiring, True),
            (Fate.OVERLOADED, knobs.overloaded, True),
            (Fate.REFUSED, knobs.refusing, False),
            *self.other_fates(),
        )

    def other_fates(self) -> tuple[tuple[Fate, float, bool], ...]:
        """Return the fates that only this partner has, up to four."""
        return ()

    def fate(self, job: AcceptedJob, index: int, now: float) -> Fate:
        """Return what has become of row *index* of *job* at *now*."""
        if index < job.processed(now):
            found: Fate = job.rows[index].fate
            return found
        return Fate.CANCELED if job.phase(now) is JobPhase.CANCELLED else Fate.PENDING

    def counts(self, job: AcceptedJob, now: float) -> Counter[Fate]:
        """Return how many rows of *job* have each fate at *now*."""
        done = job.processed(now)
        counts = Counter(row.fate for row in job.rows[:done])
        is_canceled = job.phase(now) is JobPhase.CANCELLED
        counts[Fate.CANCELED if is_canceled else Fate.PENDING] += len(job.rows) - done
        return counts

    # Jobs

    def find_visible(self, job_id: str, now: float) -> AcceptedJob | None:
        """Return the job; None if there is none, or none that is known everywhere yet."""
        job = self.find(job_id, now)
        is_visible = job and now >= job.accepted_at + self.knobs.not_found_seconds
        return job if is_visible else None

    def has_spent_all(self, now: float) -> bool:
        """Whether the limit of the account refuses another job."""
        limit = self.knobs.spend_limit_jobs
        return limit is not None and len(self.jobs(now)) >= limit

    def streamed(
        self, job: AcceptedJob, indexes: Sequence[int], line: Callable[[int], str]
    ) -> Iterator[bytes]:
        """Yield a file with a *line* for each of *indexes*, as the knobs have them."""
        text = bytearray()
        for index in self.given(job, indexes):
            text += line(index).encode() + b"\n"
            if len(text) >= _CHUNK:
                yield bytes(text)
                text.clear()
        yield bytes(text)

    # Requests and replies

    def has_key(self, request: IncomingRequest, *headers: str) -> bool:
        """Whether one of *headers* has the key, after "Bearer " in ``authorization``."""
        given = [
            value.removeprefix("Bearer ").strip() if name == "authorization" else value
            for name in headers
            if (value := request.headers.get(name))
        ]
        key = self.knobs.api_key
        if key is None:
            return any(given)
        expected = key.get_secret_value().encode()
        return any(hmac.compare_digest(each.encode(), expected) for each in given)

    def key(self) -> str:
        """Return a key that is accepted."""
        return self.knobs.api_key.get_secret_value() if self.knobs.api_key else "simulated-key"

    def numbered(self, reply: Reply) -> Reply:
        """Return *reply* with the id of its request, as each reply of these vendors has."""
        self._replies += 1
        number = sha256(f"{self.knobs.seed} {self._replies}".encode()).hexdigest()[:24]
        return replace(reply, headers={self.request_id_header: f"req_{number}", **reply.headers})

    def with_ids(self, routes: Routes) -> Routes:
        """Return *routes* whose replies have the id of their request."""

        def numbered(function: Callable[..., Reply]) -> Callable[..., Reply]:
            return lambda *arguments: self.numbered(function(*arguments))

        return {
            template: {method: numbered(function) for method, function in methods.items()}
            for template, methods in routes.items()
        }

    # What the simulator reads

    def operations(self, now: float) -> list[JSONObject]:
        """Return all jobs at *now*; ``rows`` has the key, payload and fate of each row."""
        return [
            {
                **self.shown(job, now),
                "rows": [
                    {"key": row.key, "payload": row.payload, "fate": str(self.fate(job, at, now))}
                    for at, row in enumerate(job.rows)
                ],
            }
            for job in self.jobs(now)
        ]

    def records(self, now: float) -> dict[str, list[JSONObject]]:
        """Return the answers that were made, and would be billed, in the order of jobs."""
        answers = [
            {"job": job.job_id, "key": row.key, "answer": self.answer_text(job, row)}
            for job in self.jobs(now)
            for row in job.rows[: job.processed(now)]
            if row.fate in ANSWERED
        ]
        return {"answers": answers} if answers else {}


def _text(payload: Any) -> str:
    """Return canonical JSON: one text for equal payloads, since they are many and long."""
    return intern(canonical(payload))
