"""The simulated Message Batches API of Anthropic: its endpoints, and the answer to each request.

    POST   /v1/messages/batches               {"requests": [{custom_id, params}]}  a batch
    GET    /v1/messages/batches               all batches, the newest first, a page at a time
    GET    /v1/messages/batches/{id}          its status; counts once it has ended
    POST   /v1/messages/batches/{id}/cancel   stops it: it ends with what is done
    GET    /v1/messages/batches/{id}/results  a line of JSON for each row, in no order
    DELETE /v1/messages/batches/{id}          deletes one that has ended
    POST   /v1/messages/count_tokens          how many tokens a prompt is

A key comes as ``x-api-key`` or as a bearer token. The answer to a row follows from the seed
and its params. An errored row is one that Anthropic would refuse, or that fails by a knob.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ..exchange import IncomingRequest, JSONObject, Reply, Routes
from ..jobs import AcceptedJob, JobPhase
from ..llm import Fate, LLMPartner, SentRow
from ..llm.pages import page_after, page_before, page_size, query_of
from . import validity
from .error_replies import error_reply
from .knobs import AnthropicBatchesKnobs
from .messages import answer_of, tokens_of
from .results import COUNTED_AS, result_line
from .validity import VERSIONS, batch_error, params_error

_BATCHES = "/v1/messages/batches"
_PAGE = 20
_LONGEST_PAGE = 1_000
_CANCELED = (JobPhase.CANCELLING, JobPhase.CANCELLED)


class AnthropicBatches(LLMPartner):
    """The simulated partner: its batches, and its answer to each request."""

    Knobs = AnthropicBatchesKnobs
    request_id_header = "request-id"

    def __init__(self, knobs: AnthropicBatchesKnobs) -> None:
        super().__init__(knobs)
        self._elsewhere = knobs.results_elsewhere
        self._unknown = knobs.unknown_results, knobs.unknown_errors
        one = f"{_BATCHES}/{{id}}"
        self.routes: Routes = self.with_ids(
            {
                _BATCHES: {"POST": self.create, "GET": self.list_batches},
                one: {"GET": self.poll, "DELETE": self.delete},
                f"{one}/cancel": {"POST": self.cancel},
                f"{one}/results": {"GET": self.results},
                "/v1/messages/count_tokens": {"POST": self.count_tokens},
            }
        )

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the address without /v1, and the key."""
        return {"api_key": self.key(), "base_url": endpoint}

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in Anthropic's format."""
        return self.numbered(error_reply(status, message, **headers))

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without the key, or without a version."""
        if not self.has_key(request, "x-api-key", "authorization"):
            return self.error_reply(401, "invalid x-api-key")
        version = request.headers.get("anthropic-version")
        if version is None:
            return self.error_reply(400, "anthropic-version: header is required")
        if version not in VERSIONS:
            return self.error_reply(400, f"anthropic-version: {version!r} is not a valid version")
        return None

    def keyed_rows(self, request: IncomingRequest) -> Iterable[tuple[str, Any]]:
        """Return the custom_id and the params of each row that *request* carries."""
        if request.method != "POST" or request.path != _BATCHES:
            return
        sent = request.document
        rows = sent.get("requests") if isinstance(sent, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                yield str(row.get("custom_id")), row.get("params")

    def other_fates(self) -> tuple[tuple[Fate, float, bool], ...]:
        """Return the fates that no documentation lists."""
        results, errors = self._unknown
        return (Fate.UNKNOWN_RESULT, results, False), (Fate.UNKNOWN_ERROR, errors, False)

    def create(self, request: IncomingRequest, now: float) -> Reply:
        """Make a batch, whose rows are validated later."""
        if len(request.body) > validity.MAX_BYTES:
            return error_reply(413, "Request exceeds the maximum size")
        if error := batch_error(request.document):
            return error_reply(400, error)
        if self.has_spent_all(now):
            code = "enforced_spend_limit_reached"
            return error_reply(429, "You have reached your monthly spend limit", code=code)
        version = request.headers["anthropic-version"]
        rows = self.fated(self.keyed_rows(request), lambda params: params_error(params, version))
        job = self.accept(rows, now, content=request.body, form="msgbatch_{}")
        return Reply(200, self._shown(job, now, request.host))

    def poll(self, request: IncomingRequest, now: float, batch_id: str) -> Reply:
        """Return a batch."""
        job = self.find_visible(batch_id, now)
        return Reply(200, self._shown(job, now, request.host)) if job else _no_batch(batch_id)

    def cancel(self, request: IncomingRequest, now: float, batch_id: str) -> Reply:
        """Stop a batch after the time that it waited for its start. It may be repeated."""
        job = self.find_visible(batch_id, now)
        if job is None:
            return _no_batch(batch_id)
        job.cancel(now, takes_seconds=job.starts_at - job.accepted_at)
        return Reply(200, self._shown(job, now, request.host))

    def delete(self, request: IncomingRequest, now: float, batch_id: str) -> Reply:
        """Delete a batch that has ended."""
        job = self.find_visible(batch_id, now)
        if job is None:
            return _no_batch(batch_id)
        if job.ended_at(now) is None:
            return error_reply(400, f"Message Batch {batch_id} is in progress; cancel it first")
        self.forget(job)
        return Reply(200, {"id": batch_id, "type": "message_batch_deleted"})

    def results(self, request: IncomingRequest, now: float, batch_id: str) -> Reply:
        """Return the results of a batch that has ended, a line for each row."""
        job = self.find_visible(batch_id, now)
        if job is None:
            return _no_batch(batch_id)
        if self._elsewhere and request.host == _other(job.properties.get("host", "")):
            job.properties["key_sent_elsewhere"] = True
        if job.ended_at(now) is None or self._archived_at(job, now) is not None:
            return error_reply(404, f"Message Batch {batch_id} has no available results")
        lines = self.streamed(job, range(len(job.rows)), lambda at: self._line(job, at, now))
        return Reply(200, headers={"content-type": "application/x-jsonl"}, chunks=lines)

    def _line(self, job: AcceptedJob, index: int, now: float) -> str:
        return result_line(job.rows[index], self.fate(job, index, now), self.model)

    def list_batches(self, request: IncomingRequest, now: float) -> Reply:
        """Return a page of all batches, the newest first."""
        asked = query_of(request.query)
        limit = page_size(asked, usual=_PAGE, most=_LONGEST_PAGE)
        if limit is None:
            return error_reply(400, f"limit: Input should be from 1 to {_LONGEST_PAGE}")
        jobs = [job for job in reversed(self.jobs(now)) if self.find_visible(job.job_id, now)]
        if "before_id" in asked:
            page, has_more = page_before(jobs, asked["before_id"], limit, lambda job: job.job_id)
        else:
            page, has_more = page_after(jobs, asked.get("after_id"), limit, lambda job: job.job_id)
        shown = [self._shown(job, now, request.host) for job in page]
        ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}
        nothing = {"first_id": None, "last_id": None}
        return Reply(200, {"data": shown, "has_more": has_more, **nothing, **ends})

    def count_tokens(self, request: IncomingRequest, now: float) -> Reply:
        """Return how many tokens a prompt is."""
        params = request.document
        if not isinstance(params, dict):
            return error_reply(400, "messages: Field required")
        version = request.headers["anthropic-version"]
        if error := params_error({"max_tokens": 1, **params}, version):
            return error_reply(400, error)
        return Reply(200, {"input_tokens": tokens_of(params)})

    # A batch as it is shown

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return the batch, and whether a key was sent to another host for its results."""
        sent = job.properties.get("key_sent_elsewhere", False)
        shown = self._shown(job, now, job.properties.get("host", ""))
        return {**shown, "key_sent_elsewhere": sent}

    def _shown(self, job: AcceptedJob, now: float, host: str) -> JSONObject:
        job.properties["host"] = host
        ended_at, archived_at = job.ended_at(now), self._archived_at(job, now)
        is_open = ended_at is None or archived_at is not None
        place = _other(host) if self._elsewhere else host
        url = f"http://{place}{_BATCHES}/{job.job_id}/results"
        return {
            "id": job.job_id,
            "type": "message_batch",
            "processing_status": self._status(job, now),
            "request_counts": self._request_counts(job, now),
            "created_at": _stamp(job.accepted_date),
            "expires_at": _stamp(job.accepted_date + timedelta(hours=24)),
            "ended_at": _stamped(job, ended_at),
            "cancel_initiated_at": _stamped(job, job.cancel_asked_at),
            "archived_at": _stamped(job, archived_at),
            "results_url": None if is_open else url,
        }

    def _status(self, job: AcceptedJob, now: float) -> str:
        if job.ended_at(now) is not None:
            return "ended"
        if job.phase(now) in _CANCELED:
            return "canceling"
        return self.knobs.unknown_status or "in_progress"

    def _request_counts(self, job: AcceptedJob, now: float) -> dict[str, int]:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if job.ended_at(now) is None:
            return {**counts, "processing": len(job.rows)}
        for fate, count in self.counts(job, now).items():
            counts[COUNTED_AS[fate]] += count
        return counts

    def _archived_at(self, job: AcceptedJob, now: float) -> float | None:
        """Return when its results were removed; None if they were not. It counts from creation."""
        keeps, ended_at = self.knobs.results_expire_seconds, job.ended_at(now)
        if keeps is None or ended_at is None or now < job.accepted_at + keeps:
            return None
        return max(ended_at, job.accepted_at + keeps)

    def answer_text(self, job: AcceptedJob, row: SentRow) -> str:
        """Return what the model answers to *row*."""
        return answer_of(json.loads(row.payload), self.model)


def _no_batch(batch_id: str) -> Reply:
    return error_reply(404, f"Message Batch {batch_id} not found")


def _other(host: str) -> str:
    """Return another name of *host*: for a client, another origin."""
    name, _, port = host.partition(":")
    return f"{'localhost' if name == '127.0.0.1' else '127.0.0.1'}:{port}"


def _stamped(job: AcceptedJob, at: float | None) -> str | None:
    return None if at is None else _stamp(job.date(at))


def _stamp(date: datetime) -> str:
    return date.isoformat().replace("+00:00", "Z")
