"""The simulated Batch API of OpenAI: its endpoints, and the answer to each request.

    POST   /v1/files                   multipart: purpose, expires_after, file
    GET    /v1/files                   all files; purpose, order, limit and after select
    GET    /v1/files/{id}              what is known of a file
    GET    /v1/files/{id}/content      its content
    DELETE /v1/files/{id}              deletes it
    POST   /v1/batches                 a batch of the rows in a file
    GET    /v1/batches                 all batches, the newest first, a page at a time
    GET    /v1/batches/{id}            its status, its counts, and the files of its results
    POST   /v1/batches/{id}/cancel     stops it: what is done stays

Batches are for /v1/chat/completions, /v1/responses and /v1/embeddings. A file with an error
is accepted, and its batch fails. The answer to a row follows from the seed and its body.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from typing import Any

from .. import multipart
from ..exchange import IncomingRequest, JSONObject, Reply, Routes
from ..jobs import AcceptedJob
from ..llm import Fate, LLMPartner, SentRow
from ..llm.pages import page_after, page_size, query_of
from . import batches, input_file
from .batch_request import batch_error
from .bodies import answer_of, prompt_tokens
from .error_replies import error_reply, no_such
from .files import Files, StoredFile, listed
from .knobs import OpenAIBatchKnobs
from .output import IN_OUTPUT, line_of, usage_of
from .validity import body_error

_PAGE, _LONGEST_PAGE = 20, 100
_EMBEDDINGS = "/v1/embeddings"


class OpenAIBatch(LLMPartner):
    """The simulated partner: its files and batches, and its answer to each request."""

    Knobs = OpenAIBatchKnobs

    def __init__(self, knobs: OpenAIBatchKnobs) -> None:
        super().__init__(knobs)
        self._knobs = knobs
        self._files = Files(knobs.seed)
        self._closed: set[str] = set()
        self.routes: Routes = self.with_ids({**self._file_routes(), **self._batch_routes()})

    def _file_routes(self) -> Routes:
        files, one = self._files, "/v1/files/{id}"
        return {
            "/v1/files": {"POST": files.upload, "GET": self._with_results(files.list_files)},
            one: {
                "GET": self._with_results(files.retrieve),
                "DELETE": self._with_results(files.delete),
            },
            f"{one}/content": {"GET": self._with_results(files.content)},
        }

    def _batch_routes(self) -> Routes:
        one = "/v1/batches/{id}"
        return {
            "/v1/batches": {"POST": self.create, "GET": self.list_batches},
            one: {"GET": self.poll},
            f"{one}/cancel": {"POST": self.cancel},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the address with /v1, and the key."""
        return {"api_key": self.key(), "base_url": f"{endpoint}/v1"}

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in OpenAI's format."""
        return self.numbered(error_reply(status, message, **headers))

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without the key."""
        if self.has_key(request, "authorization"):
            return None
        return self.error_reply(401, "Incorrect API key provided.")

    def keyed_rows(self, request: IncomingRequest) -> Iterable[tuple[str, Any]]:
        """Return the custom_id and the body of each row in a file for a batch."""
        if request.method != "POST" or request.path != "/v1/files":
            return ()
        separator = multipart.boundary(request.content_type)
        parts = multipart.parts(request.body, separator) if separator else {}
        is_batch = parts.get("purpose") == b"batch"
        return input_file.rows(parts.get("file", b"")) if is_batch else ()

    def other_fates(self) -> tuple[tuple[Fate, float, bool], ...]:
        """Return the fate of the rows that have no status."""
        return ((Fate.NO_STATUS, self._knobs.without_status, True),)

    # Batches

    def create(self, request: IncomingRequest, now: float) -> Reply:
        """Make a batch, whose file is validated later."""
        wanted = request.document
        if error := batch_error(wanted):
            return error_reply(400, error[1], param=error[0])
        file = self._files.find(wanted["input_file_id"], now)
        if file is None or file.purpose != "batch":
            text = f"Invalid value for 'input_file_id': {wanted['input_file_id']!r}."
            return error_reply(400, text, param="input_file_id")
        if self.has_spent_all(now):
            text = "You exceeded your current quota, please check your plan and billing details."
            return error_reply(429, text, code="insufficient_quota")
        job = self._accepted_job(wanted, b"".join(file.chunks()), request.body, now)
        return Reply(200, self.shown(job, now))

    def _accepted_job(
        self, wanted: JSONObject, content: bytes, request: bytes, now: float
    ) -> AcceptedJob:
        endpoint = wanted["endpoint"]
        sent = list(input_file.rows(content))
        errors = input_file.errors(content, endpoint) or self._queue_errors(sent, now)
        rows = [] if errors else self.fated(sent, lambda body: body_error(endpoint, body))
        model = sent[0][1].get("model") if sent else None
        properties = {"wanted": wanted, "errors": errors, "model": model}
        if self._knobs.queued_tokens is not None and not errors:
            properties["tokens"] = sum(prompt_tokens(each) for _, each in sent)
        job = self.accept(rows, now, content=request, form="batch_{}", properties=properties)
        if errors:
            # Its validation ends it.
            job.ends_at = job.starts_at
        return job

    def _queue_errors(self, sent: list[tuple[str, Any]], now: float) -> list[JSONObject]:
        """Return the error if the open batches of the model would have too many tokens."""
        limit = self._knobs.queued_tokens
        if limit is None:
            return []
        model = sent[0][1]["model"]
        queued = sum(
            job.properties.get("tokens", 0)
            for job in self.jobs(now)
            if job.ended_at(now) is None and job.properties["model"] == model
        )
        if queued + sum(prompt_tokens(body) for _, body in sent) <= limit:
            return []
        text = f"Enqueued token limit reached for {model}. Limit: {limit:,} enqueued tokens. "
        text += "Please try again once some in_progress batches have been completed."
        return [{"code": "token_limit_exceeded", "line": None, "message": text, "param": None}]

    def poll(self, request: IncomingRequest, now: float, batch_id: str) -> Reply:
        """Return a batch."""
        job = self.find_visible(batch_id, now)
        return Reply(200, self.shown(job, now)) if job else no_such("Batch", batch_id)

    def cancel(self, request: IncomingRequest, now: float, batch_id: str) -> Reply:
        """Stop a batch after the time that it waited for its start. It may be repeated."""
        job = self.find_visible(batch_id, now)
        if job is None:
            return no_such("Batch", batch_id)
        if job.cancel_asked_at is None and job.ended_at(now) is not None:
            word = batches.status(job, now, "in_progress")
            return error_reply(409, f"Cannot cancel a batch with status '{word}'.")
        job.cancel(now, takes_seconds=job.starts_at - job.accepted_at)
        return Reply(200, self.shown(job, now))

    def list_batches(self, request: IncomingRequest, now: float) -> Reply:
        """Return a page of all batches, the newest first."""
        asked = query_of(request.query)
        limit = page_size(asked, usual=_PAGE, most=_LONGEST_PAGE)
        if limit is None:
            text = f"Invalid 'limit': expected 1 to {_LONGEST_PAGE}."
            return error_reply(400, text, param="limit")
        jobs = [job for job in reversed(self.jobs(now)) if self.find_visible(job.job_id, now)]
        page, has_more = page_after(jobs, asked.get("after"), limit, lambda job: job.job_id)
        return Reply(200, listed([self.shown(job, now) for job in page], has_more=has_more))

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return the batch as the API shows it."""
        wanted, errors = job.properties["wanted"], job.properties["errors"]
        has_failed = errors and job.ended_at(now) is not None
        return {
            "id": job.job_id,
            "object": "batch",
            "endpoint": wanted["endpoint"],
            "model": job.properties["model"],
            "errors": {"object": "list", "data": errors} if has_failed else None,
            "input_file_id": wanted["input_file_id"],
            "completion_window": wanted["completion_window"],
            "status": batches.status(job, now, self.knobs.unknown_status or "in_progress"),
            **self._file_ids(job, now),
            **batches.times(job, now),
            "request_counts": batches.counts_shown(job, self.counts(job, now), now),
            "usage": self._usage(job, now),
            "metadata": wanted.get("metadata"),
        }

    def _usage(self, job: AcceptedJob, now: float) -> JSONObject | None:
        if job.ended_at(now) is None or job.properties["errors"]:
            return None
        if "usage" not in job.properties:
            endpoint = job.properties["wanted"]["endpoint"]
            answered = (job.rows[index] for index in self._indexes(job)[0])
            job.properties["usage"] = usage_of(answered, endpoint, self.model)
        usage: JSONObject = job.properties["usage"]
        return usage

    def answer_text(self, job: AcceptedJob, row: SentRow) -> str:
        """Return what the model answers to *row*; "" for an embedding."""
        if job.properties["wanted"]["endpoint"] == _EMBEDDINGS:
            return ""
        return answer_of(json.loads(row.payload), self.model)

    # The files of results

    def _with_results(self, function: Callable[..., Reply]) -> Callable[..., Reply]:
        """Return *function*, before which the results of the batches that ended become files."""

        def answer(request: IncomingRequest, now: float, *parts: str) -> Reply:
            for job in self.jobs(now):
                if job.ended_at(now) is not None and job.job_id not in self._closed:
                    self._closed.add(job.job_id)
                    self._store_results(job, now)
            return function(request, now, *parts)

        return answer

    def _store_results(self, job: AcceptedJob, now: float) -> None:
        ended_at = job.ended_at(now) or now
        keeps = self.knobs.results_expire_seconds
        asked = (job.properties["wanted"].get("output_expires_after") or {}).get("seconds")
        kept = keeps if keeps is not None else asked
        for name, indexes in zip(("output", "error"), self._indexes(job), strict=True):
            if indexes:
                created = batches.unix(job, ended_at)
                file = StoredFile(
                    _result_id(job, name),
                    f"{job.job_id}_{name}.jsonl",
                    "batch_output",
                    created,
                    partial(self.streamed, job, indexes, partial(self._line, job)),
                    None if kept is None else created + int(kept),
                    None if kept is None else ended_at + kept,
                )
                self._files.add(file)

    def _line(self, job: AcceptedJob, index: int) -> str:
        row, endpoint = job.rows[index], job.properties["wanted"]["endpoint"]
        fate = self.fate(job, index, math.inf)
        created = batches.unix(job, job.starts_at)
        return line_of(row, fate, endpoint, self.model, created=created)

    def _indexes(self, job: AcceptedJob) -> tuple[list[int], list[int]]:
        """Return which rows of an ended batch are in its output file, and in its error file."""
        if "indexes" not in job.properties:
            found: tuple[list[int], list[int]] = [], []
            for index in range(len(job.rows)):
                found[self.fate(job, index, math.inf) not in IN_OUTPUT].append(index)
            job.properties["indexes"] = found
        indexes: tuple[list[int], list[int]] = job.properties["indexes"]
        return indexes

    def _file_ids(self, job: AcceptedJob, now: float) -> JSONObject:
        ids: JSONObject = {"output_file_id": None, "error_file_id": None}
        if job.ended_at(now) is None or job.properties["errors"]:
            return ids
        for name, indexes in zip(("output", "error"), self._indexes(job), strict=True):
            if indexes:
                ids[f"{name}_file_id"] = _result_id(job, name)
        if self._knobs.empty_error_file_id and ids["error_file_id"] is None:
            ids["error_file_id"] = ""
        return ids


def _result_id(job: AcceptedJob, name: str) -> str:
    return f"file-{sha256(f'{job.job_id} {name}'.encode()).hexdigest()[:22]}"
