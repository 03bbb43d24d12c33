"""A description proposed from an OpenAPI document: what it states, and what it leaves open."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from .openapi_account import authorization
from .openapi_document import ApiOperation, OpenApiDocument
from .openapi_fields import action_fields, body_template, row_template, rows_in, values_in

# Words that mean the same wherever they are used. Others are for the author to place.
_WORDS = {
    "pending": "accepted created enqueued importing in_progress inprogress new open pending "
    "preprocessing processing queued running started submitted validating waiting".split(),
    "completed": "complete completed done finished success succeeded successful".split(),
    "partial": "completed_with_errors partial partial_success partially_succeeded".split(),
    "failed": "error errored expired failed failure invalid rejected".split(),
    "canceled": "aborted canceled cancelled stopped".split(),
}
_IDS = ("id", "job_id", "jobId", "batch_id", "batchId", "operation_id", "operationId", "name")
_STATUSES = ("status", "state", "processing_status", "overallStatus", "stage")


_NAME = re.compile(r"\{[^}]*\}")  # Of a parameter, which may differ from path to path.


@dataclass(frozen=True)
class DescriptionProposal:
    """A description to be completed: ``description`` is a dict, ``missing`` says what it lacks.

    Print it to see both. Complete the dict, and give it to ``http_destination``, which names
    what is still missing or wrong.
    """

    description: dict[str, Any]
    missing: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        lines = [f"# {each}" for each in self.missing]
        head = [f"# To be completed ({len(lines)}):"] if lines else []
        return "\n".join([*head, *lines, json.dumps(self.description, indent=2)])


def proposed(
    document: Any,
    *,
    submit: str | None = None,
    poll: str | None = None,
    results: str | None = None,
    cancel: str | None = None,
) -> DescriptionProposal:
    """Return the proposal for one action; see ``http_destination.from_openapi``."""
    found = OpenApiDocument(document)
    begun = found.operation(submit) if submit else _only_submit(found)
    proposal = DescriptionProposal(_head(found))
    writer = _ActionWriter(found, proposal, begun)
    action = writer.action(
        poll=found.operation(poll) if poll else _under(found, begun, "GET"),
        results=found.operation(results) if results else None,
        cancel=found.operation(cancel) if cancel else None,
    )
    slug = str(begun.given.get("operationId") or begun.path.strip("/").split("/")[-1])
    proposal.description["actions"] = {slug: action}
    return proposal


def _only_submit(document: OpenApiDocument) -> ApiOperation:
    """Return the operation that accepts rows, if there is only one that may be."""
    posts = [each for each in document.operations if each.method == "POST"]
    found = [each for each in posts if document.answer(each)[2] == 202] or posts
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(str, found[:20])) or "none"
    raise UsageError(f"write submit=…, the operation that sends rows; the document has {names}")


def _under(document: OpenApiDocument, begun: ApiOperation, method: str) -> ApiOperation | None:
    """Return the operation on one of what *begun* makes: its path and one parameter."""
    stem = begun.path.rstrip("/")
    for each in document.operations:
        rest = each.path.rstrip("/").removeprefix(f"{stem}/")
        is_one = each.path.startswith(f"{stem}/{{") and "/" not in rest
        if each.method == method and is_one:
            return each
    return None


def _head(document: OpenApiDocument) -> dict[str, Any]:
    about = document.resolved(document.given.get("info"))
    servers = document.given.get("servers") or [{}]
    url = str(document.resolved(servers[0]).get("url") or "")
    base = {"label": "Base URL", "type": "string", "required": True}
    settings: dict[str, Any] = {"base_url": {**base, "default": url} if url else base}
    head = {"name": str(about.get("title") or "API"), "base_url": "{{ settings.base_url }}"}
    auth = authorization(document, settings)
    return {**head, "settings": settings, **({"auth": auth} if auth else {})}


class _ActionWriter:
    """Writes one action of a proposal, and notes what the document does not say."""

    def __init__(
        self, document: OpenApiDocument, proposal: DescriptionProposal, begun: ApiOperation
    ) -> None:
        self._document, self._begun, self._missing = document, begun, proposal.missing
        self._handle = "job_id"

    def action(
        self,
        *,
        poll: ApiOperation | None,
        results: ApiOperation | None,
        cancel: ApiOperation | None,
    ) -> dict[str, Any]:
        kind, schema = self._document.body(self._begun)
        rows = rows_in(schema, self._document)
        title = str(self._begun.given.get("summary") or self._begun)
        fields = action_fields(rows.item if rows else schema, self._document)
        if not fields:
            self._missing.append("fields: the document does not say what a row has")
        limits = {"rows": rows.limit or 1000} if rows else {"rows": 1}
        if rows is None or rows.limit is None:
            self._missing.append("limits: how many rows and bytes may one request have?")
        found: dict[str, Any] = {"title": title, "fields": fields, "limits": limits}
        row = row_template(rows.item if rows else schema, self._document, self._missing)
        if row != "{{ row }}":
            found["row"] = row
        found["handle"] = self._handle
        found["submit"] = [self._submit(kind, schema)]
        return found | self._later(poll, results, cancel)

    def _submit(self, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
        begun = self._begun
        step: dict[str, Any] = {"method": begun.method, "url": self._url(begun, "submit[0]")}
        if kind == "multipart/form-data":
            step["multipart"] = self._parts(schema)
        else:
            step["json"] = body_template(schema, self._document, self._missing)
        answer, headers, status = self._document.answer(begun)
        step["expect"] = status
        step["extract"] = {self._handle: self._id(answer, headers)}
        return step

    def _parts(self, schema: dict[str, Any]) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        for name, each in self._document.resolved(schema.get("properties")).items():
            is_file = self._document.schema(each).get("format") in ("binary", "byte")
            parts[name] = {"csv": {}} if is_file else ""
            if not is_file:
                self._missing.append(f"submit[0].multipart.{name}: what is its value?")
        return parts

    def _id(self, answer: dict[str, Any], headers: Mapping[str, Any]) -> Any:
        paths = dict(values_in(answer, self._document))
        for name in _IDS:
            for path in paths:
                if path.split(".")[-1] == name and "[" not in path:
                    return f"$.{path}"
        for name in headers:
            if str(name).lower().endswith("location"):
                return {"header": str(name)}
        self._missing.append(f"submit[0].extract.{self._handle}: where is the id of the job?")
        return "$.id"

    def _later(
        self,
        poll: ApiOperation | None,
        results: ApiOperation | None,
        cancel: ApiOperation | None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if poll is None:
            self._missing.append("poll: which request asks how far a job is?")
        else:
            found["poll"] = self._poll(poll)
            results = results or self._results_under(poll)
        if results is not None:
            found["results"] = {"sources": [self._source(results)]}
        else:
            self._missing.append("results: where is the outcome of each row?")
        if cancel is not None:
            url = self._url(cancel, "cancel")
            found["cancel"] = {"method": cancel.method, "url": url}
        return found

    def _poll(self, poll: ApiOperation) -> dict[str, Any]:
        answer, _, _ = self._document.answer(poll)
        paths = dict(values_in(answer, self._document))
        path = next(
            (each for name in _STATUSES for each in paths if each.split(".")[-1] == name), None
        )
        found: dict[str, Any] = {"url": self._url(poll, "poll")}
        if path is None:
            self._missing.append("poll.status: where is the status of a job, and which has it?")
            return found
        found["status"] = {"path": f"$.{path}", "words": self._words(paths[path].get("enum"))}
        counts = [each for each in paths if "fail" in each.lower() and "count" in each.lower()]
        if counts:
            found["counts"] = {"failed": f"$.{counts[0]}"}
        return found

    def _words(self, words: Any) -> dict[str, list[str]]:
        known = {word: state for state, each in _WORDS.items() for word in each}
        placed: dict[str, list[str]] = {}
        for word in words or ():
            state = known.get(str(word).lower().replace("-", "_"))
            if state is None:
                self._missing.append(f"poll.status.words: what does {word!r} mean?")
            else:
                placed.setdefault(state, []).append(word)
        if not words:
            self._missing.append("poll.status.words: which statuses may a job have?")
        return placed

    def _results_under(self, poll: ApiOperation) -> ApiOperation | None:
        words = ("error", "result", "failure", "record")
        for each in self._document.operations:
            path, stem = (_NAME.sub("{}", one.path) for one in (each, poll))
            rest = path.removeprefix(f"{stem.rstrip('/')}/")
            is_list = rest != path and any(word in rest.lower() for word in words)
            if each.method == "GET" and is_list:
                return each
        return None

    def _source(self, results: ApiOperation) -> dict[str, Any]:
        place = "results.sources[0]"
        answer, _, _ = self._document.answer(results)
        rows = rows_in(answer, self._document)
        source: dict[str, Any] = {"url": self._url(results, place)}
        source["items"] = f"$.{rows.path}" if rows and rows.path else "$"
        self._missing.append(f"{place}.match: how does an entry name its row? {_entry(rows)}")
        self._missing.append(f"{place}.outcome: completed or failed, or by which word?")
        next_urls = [path for path in dict(values_in(answer, self._document)) if _is_next(path)]
        if next_urls:
            source["pages"] = {"next_url": f"$.{next_urls[0]}"}
        return source

    def _url(self, operation: ApiOperation, place: str) -> str:
        """Return the path; its last parameter is the id of the job, the others are to be given."""
        head, brace, tail = operation.path.rpartition("{")
        if brace and place != "submit[0]":
            tail = f"{{{{ {self._handle} }}}}{tail.partition('}')[2]}"
        else:
            head, tail = operation.path, ""
        if "{" in head:
            self._missing.append(f"{place}.url: what are the parameters of {operation.path}?")
        return head + tail


def _is_next(path: str) -> bool:
    return path.split(".")[-1].lower() in ("next", "next_url", "nexturl", "nextlink")


def _entry(rows: Any) -> str:
    names = ", ".join(rows.names) if rows else ""
    return f"It has {names}" if names else "The document does not say what it has"
