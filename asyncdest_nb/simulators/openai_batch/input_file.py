"""The input file of a batch, and why OpenAI's validation fails it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from ..exchange import JSONObject

MAX_ROWS = 50_000
MAX_BYTES = 200_000_000
_MOST_ERRORS = 100


@dataclass(frozen=True, slots=True)
class InputLine:
    """A line that was read. ``number`` counts from 1; ``document`` None = it is not JSON."""

    number: int
    document: Any


@dataclass(slots=True)
class InputErrors:
    """What is wrong with a file."""

    found: list[JSONObject] = field(default_factory=list)

    def add(
        self, code: str, message: str, line: int | None = None, param: str | None = None
    ) -> None:
        """Add an error; *line* None = it is about the file."""
        self.found.append({"code": code, "line": line, "message": message, "param": param})


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse).decode


def lines(content: bytes) -> Iterator[InputLine]:
    """Yield the lines of *content*, without those that are empty."""
    # It shares the bytes, where a split would copy all of them.
    for number, line in enumerate(BytesIO(content), start=1):
        if line.strip():
            yield InputLine(number, _read(line))


def _read(line: bytes) -> Any:
    try:
        return _decode(line.decode())
    except ValueError:
        return None


def rows(content: bytes) -> Iterator[tuple[str, Any]]:
    """Yield (custom_id, body) of each line that has a body."""
    for line in lines(content):
        request = line.document
        if isinstance(request, dict) and isinstance(request.get("body"), dict):
            yield str(request.get("custom_id")), request["body"]


def errors(content: bytes, endpoint: str) -> list[JSONObject]:
    """Return why no batch for *endpoint* is made of *content*; empty if one is."""
    found, seen, model, count = InputErrors(), set[str](), None, 0
    for line in lines(content):
        count += 1
        if _fails(line, endpoint, found):
            continue
        custom_id, named = line.document["custom_id"], line.document["body"]["model"]
        if custom_id in seen:
            text = (
                f"The custom_id '{custom_id}' for this request is a duplicate of another request. "
            )
            text += "The custom_id parameter must be unique for each request in a batch."
            found.add("duplicate_custom_id", text, line.number, "custom_id")
        seen.add(custom_id)
        model = model or named
        if named != model:
            text = f"The model for this request ({named}) does not match the rest of the batch "
            text += f"({model}). Each batch must contain requests for a single model."
            found.add("model_mismatch", text, line.number, "body.model")
    if count == 0:
        found.add("empty_file", "The input file is empty")
    if count > MAX_ROWS:
        text = f"The batch has {count} requests; the limit is {MAX_ROWS}"
        found.add("too_many_tasks", text)
    return found.found[:_MOST_ERRORS]


def _fails(line: InputLine, endpoint: str, found: InputErrors) -> bool:
    """Whether *line* cannot be read as a request; then *found* has why."""
    request = line.document
    before = len(found.found)
    if not isinstance(request, dict):
        text = "This line is not parseable as valid JSON."
        found.add("invalid_json_line", text, line.number)
    elif not isinstance(request.get("custom_id"), str) or not request["custom_id"]:
        text = "Missing required parameter: 'custom_id'."
        found.add("missing_required_parameter", text, line.number, "custom_id")
    elif request.get("method") != "POST":
        text = "Invalid method; only POST is supported."
        found.add("invalid_method", text, line.number, "method")
    elif request.get("url") != endpoint:
        text = f"The URL provided for this request does not match the batch endpoint ({endpoint})."
        found.add("url_mismatch", text, line.number, "url")
    elif not isinstance(request.get("body"), dict) or not isinstance(
        request["body"].get("model"), str
    ):
        text = "Missing required parameter: 'model'."
        found.add("missing_required_parameter", text, line.number, "body.model")
    return len(found.found) > before


def _has_model(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("model"), str)
