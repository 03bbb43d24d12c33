"""The simulated batch mode of the Gemini Developer API: its endpoints, and the answers.

    POST   /{version}/models/{model}:batchGenerateContent    a job, of inline rows or of a file
    POST   /{version}/models/{model}:asyncBatchEmbedContent  the same for embeddings
    POST   /{version}/models/{model}:countTokens             how many tokens a prompt is
    GET    /{version}/batches              all jobs, the newest first, a page at a time
    GET    /{version}/batches/{id}         its state, and in the end its results, twice
    POST   /{version}/batches/{id}:cancel  stops it; it has no results
    DELETE /{version}/batches/{id}         forgets it
    POST   /upload/{version}/files         starts a resumable upload, and takes its parts
    GET    /{version}/files                all files; /{version}/files/{name} is one of them
    GET    /{version}/files/{name}:download  the results of a job whose rows came in a file

A version is v1 or v1beta. A job is seen with the key that made it alone. The answer to a row
follows from the seed and its request.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ..exchange import IncomingRequest, JSONObject, Reply, Routes
from ..jobs import AcceptedJob
from ..llm import Fate, LLMPartner, SentRow
from ..llm.pages import page_after, page_size, query_of
from . import input_rows, operation
from .error_replies import error_reply
from .input_rows import RequestedRows
from .knobs import GeminiBatchesKnobs
from .responses import answer_of, embedded, generated, refused, request_error, row_error, tokens_of
from .uploads import ProjectFile, ProjectFiles

_VERSIONS = ("v1", "v1beta")
_PAGE, _LONGEST_PAGE = 20, 100
_GENERATE, _EMBED = "batchGenerateContent", "asyncBatchEmbedContent"


class GeminiBatches(LLMPartner):
    """The simulated partner: its files and jobs, and its answer to each request."""

    Knobs = GeminiBatchesKnobs

    def __init__(self, knobs: GeminiBatchesKnobs) -> None:
        super().__init__(knobs)
        self._knobs = knobs
        self._files = ProjectFiles(knobs.seed)
        routes = {**self._job_routes(), **self._file_routes()}
        self.routes: Routes = {
            template: {method: _versioned(function) for method, function in methods.items()}
            for template, methods in routes.items()
        }

    def _job_routes(self) -> Routes:
        model, one = "/{version}/models/{model}", "/{version}/batches/{id}"
        return {
            f"{model}:{_GENERATE}": {"POST": partial(self.create, embeds=False)},
            f"{model}:{_EMBED}": {"POST": partial(self.create, embeds=True)},
            f"{model}:countTokens": {"POST": self.count_tokens},
            "/{version}/batches": {"GET": self.list_jobs},
            f"{one}:cancel": {"POST": self.cancel},
            one: {"GET": self.poll, "DELETE": self.delete},
        }

    def _file_routes(self) -> Routes:
        files, one = self._files, "/{version}/files/{name}"
        download = {"GET": files.download}
        return {
            "/upload/{version}/files": {"POST": files.upload},
            f"/download{one}:download": download,
            f"{one}:download": download,
            "/{version}/files": {"GET": files.list_files},
            one: {"GET": files.retrieve, "DELETE": files.delete},
        }

    def settings(self, endpoint: str) -> dict[str, Any]:
        """Return the settings of a connection: the address without a version, and the key."""
        return {"api_key": self.key(), "base_url": endpoint}

    def error_reply(self, status: int, message: str, **headers: str) -> Reply:
        """Return an error in Google's format."""
        return error_reply(status, message, **headers)

    def unauthorized(self, request: IncomingRequest, now: float) -> Reply | None:
        """Return the error for a request without the key. The parts of an upload need none."""
        is_part = request.path.startswith("/upload/") and "upload_id=" in request.query
        if is_part or self.has_key(request, "x-goog-api-key"):
            return None
        if "x-goog-api-key" in request.headers:
            return error_reply(400, "API key not valid. Please pass a valid API key.")
        return error_reply(403, "Method doesn't allow unregistered callers.")

    def keyed_rows(self, request: IncomingRequest) -> Iterable[tuple[str, Any]]:
        """Return the key and the request of each row of the job that *request* makes."""
        is_job = request.path.endswith((f":{_GENERATE}", f":{_EMBED}"))
        if not is_job or input_rows.source_error(request.document, 0):
            return ()
        return self._job_rows(request.document, -math.inf).rows

    def _job_rows(self, document: Any, now: float) -> RequestedRows:
        name = input_rows.file_name(document)
        if not name:
            return input_rows.inline_rows(document)
        file = self._files.find(name, now)
        return input_rows.file_rows(b"".join(file.chunks())) if file else RequestedRows()

    # Jobs

    def create(
        self, request: IncomingRequest, now: float, version: str, model: str, *, embeds: bool
    ) -> Reply:
        """Make a job; the lines of its file are read later."""
        document = request.document
        if error := input_rows.source_error(document, len(request.body)):
            return error_reply(400, error)
        name = input_rows.file_name(document)
        if name and self._files.find(name, now) is None:
            return error_reply(404, f"Input file {name} not found.")
        found = self._job_rows(document, now)
        if self.has_spent_all(now) or self._has_too_many_tokens(found, now):
            return error_reply(429, "You exceeded your current quota, please check your plan.")
        job = self._accepted_job(found, request, now)
        job.properties |= {"model": f"models/{model}", "embeds": embeds, "in_file": bool(name)}
        return Reply(200, self._shown(job, now))

    def _accepted_job(
        self, found: RequestedRows, request: IncomingRequest, now: float
    ) -> AcceptedJob:
        job = self.accept([], now, content=request.body, form="batches/{}")
        dice = random.Random(f"{self.knobs.seed} {job.job_id}")
        error = "Internal error occurred." if dice.random() < self._knobs.failing_jobs else None
        job.properties |= {
            "batch": request.document["batch"],
            "key": request.headers.get("x-goog-api-key"),
            "metadata": found.metadata,
            "error": found.error or error,
            "tokens": self._tokens(found),
        }
        if job.properties["error"] is None:
            job.rows = self.fated(found.rows, request_error)
            job.reach = len(job.rows)
        return job

    def _tokens(self, found: RequestedRows) -> int:
        if self._knobs.queued_tokens is None:
            return 0
        return sum(tokens_of(each) for _, each in found.rows if isinstance(each, dict))

    def _has_too_many_tokens(self, found: RequestedRows, now: float) -> bool:
        limit = self._knobs.queued_tokens
        opened = [job for job in self.jobs(now) if job.ended_at(now) is None]
        queued = sum(job.properties["tokens"] for job in opened)
        return limit is not None and queued + self._tokens(found) > limit

    def _find(self, request: IncomingRequest, job_id: str, now: float) -> AcceptedJob | None:
        job = self.find_visible(f"batches/{job_id}", now)
        if job and job.properties["key"] == request.headers.get("x-goog-api-key"):
            return job
        return None

    def poll(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Return a job, with its results once it has ended."""
        job = self._find(request, job_id, now)
        if job is None:
            return _no_job()
        return Reply(200, self._shown(job, now, with_output=True))

    def cancel(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Stop a job after the time that it waited for its start. It may be repeated."""
        job = self._find(request, job_id, now)
        if job is None:
            return _no_job()
        job.cancel(now, takes_seconds=job.starts_at - job.accepted_at)
        return Reply(200, {})

    def delete(self, request: IncomingRequest, now: float, version: str, job_id: str) -> Reply:
        """Forget a job."""
        job = self._find(request, job_id, now)
        if job is None:
            return _no_job()
        self.forget(job)
        return Reply(200, {})

    def list_jobs(self, request: IncomingRequest, now: float, version: str) -> Reply:
        """Return a page of the jobs of the key, the newest first, without their results."""
        asked = query_of(request.query)
        size = page_size(asked, "pageSize", usual=_PAGE, most=_LONGEST_PAGE)
        if size is None:
            return error_reply(400, f"page_size must be from 1 to {_LONGEST_PAGE}")
        ids = [job.job_id.removeprefix("batches/") for job in reversed(self.jobs(now))]
        jobs = [job for each in ids if (job := self._find(request, each, now))]
        page, has_more = page_after(jobs, asked.get("pageToken"), size, lambda job: job.job_id)
        more = {"nextPageToken": page[-1].job_id} if has_more else {}
        return Reply(200, {"operations": [self._shown(job, now) for job in page], **more})

    def count_tokens(self, request: IncomingRequest, now: float, version: str, model: str) -> Reply:
        """Return how many tokens a prompt is."""
        asked = request.document
        asked = asked.get("generateContentRequest", asked) if isinstance(asked, dict) else None
        if error := request_error(asked):
            return error_reply(400, error)
        return Reply(200, {"totalTokens": tokens_of(asked)})

    # A job as it is shown, and its results

    def shown(self, job: AcceptedJob, now: float) -> JSONObject:
        """Return the job without its results."""
        return self._shown(job, now)

    def _shown(self, job: AcceptedJob, now: float, *, with_output: bool = False) -> JSONObject:
        output = self._output(job, now) if with_output else None
        return operation.shown(job, self.counts(job, now), now, knobs=self._knobs, output=output)

    def _output(self, job: AcceptedJob, now: float) -> JSONObject | None:
        if not operation.has_results(job, now) or self.has_expired_results(job, now):
            return None
        if job.properties["in_file"]:
            return {"responsesFile": self._results_file(job, now)}
        indexes = range(len(job.rows))
        # Inline embeddings have no key: in another order, nobody could match them.
        order = indexes if job.properties["embeds"] else self.given(job, indexes)
        rows = [self._inline_result(job, index) for index in order]
        return {"inlinedResponses": {"inlinedResponses": rows}}

    def _results_file(self, job: AcceptedJob, now: float) -> str:
        # Longer than the 40 characters of a name that may be asked for.
        name = f"files/batch-{job.job_id.removeprefix('batches/') * 2}"
        if self._files.find(name, now) is None:
            ended_at, keeps = job.ended_at(now) or now, self.knobs.results_expire_seconds
            lines = partial(self.streamed, job, range(len(job.rows)), partial(self._line, job))
            gone_at = None if keeps is None else ended_at + keeps
            described = {"mimeType": "application/jsonl"}
            created = job.date(ended_at)
            self._files.add(ProjectFile(name, described, created, lines, True, gone_at))
        return name

    def _inline_result(self, job: AcceptedJob, index: int) -> JSONObject:
        metadata = job.properties["metadata"][index]
        return {**self._result(job, index), **({"metadata": metadata} if metadata else {})}

    def _line(self, job: AcceptedJob, index: int) -> str:
        result = {"key": job.rows[index].key, **self._result(job, index)}
        return json.dumps(result, ensure_ascii=False)

    def _result(self, job: AcceptedJob, index: int) -> JSONObject:
        row: SentRow = job.rows[index]
        model_name = job.properties["model"].removeprefix("models/")
        request = json.loads(row.payload)
        if row.fate not in (Fate.SUCCEEDED, Fate.REFUSED):
            return {"error": row_error(row, row.fate)}
        if job.properties["embeds"]:
            return {"response": embedded(request, model_name)}
        if row.fate is Fate.REFUSED:
            return {"response": refused(request, model_name)}
        return {"response": generated(request, self.answer_text(job, row), model_name)}

    def answer_text(self, job: AcceptedJob, row: SentRow) -> str:
        """Return what the model answers to *row*; "" for an embedding."""
        if job.properties["embeds"]:
            return ""
        breaks = self._knobs.broken_json_schema
        return answer_of(json.loads(row.payload), self.model, breaks_json=breaks)


def _versioned(function: Callable[..., Reply]) -> Callable[..., Reply]:
    """Return *function* with a check of the version in the path."""

    def answer(request: IncomingRequest, now: float, version: str, *parts: str) -> Reply:
        if version not in _VERSIONS:
            return error_reply(404, f"Version {version} is not known; known: v1, v1beta")
        return function(request, now, version, *parts)

    return answer


def _no_job() -> Reply:
    return error_reply(404, "Requested entity was not found.")
