"""The rows of a job: inline in its request, or the lines of a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

MAX_INLINE_BYTES = 20_971_520


@dataclass
class RequestedRows:
    """The rows of a job: (key, request) each, and the metadata of each inline one.

    ``error`` is what makes the whole job fail.
    """

    rows: list[tuple[str, Any]] = field(default_factory=list)
    metadata: list[Any] = field(default_factory=list)
    error: str | None = None


def source_error(document: Any, body_bytes: int) -> str | None:
    """Return why no job is made of *document*; None if one is."""
    batch = document.get("batch") if isinstance(document, dict) else None
    config = batch.get("inputConfig") if isinstance(batch, dict) else None
    if not isinstance(config, dict):
        return "* BatchGenerateContentRequest.batch.input_config: input_config is not specified"
    if _file_name(config):
        return None
    rows = _inline(config)
    if not isinstance(rows, list) or not rows:
        return "* BatchGenerateContentRequest.batch.input_config.requests: must not be empty"
    if body_bytes > MAX_INLINE_BYTES:
        return f"Request payload size exceeds the limit: {MAX_INLINE_BYTES} bytes."
    return next(filter(None, map(_metadata_error, rows)), None)


def _metadata_error(row: Any) -> str | None:
    if not isinstance(row, dict) or not isinstance(row.get("metadata", {}), dict):
        return "Invalid value at 'batch.input_config.requests.requests' (type.googleapis.com)"
    return None


def file_name(document: Any) -> str:
    """Return the name of the file with the rows; "" = they are inline."""
    return _file_name(document["batch"]["inputConfig"])


def _file_name(config: Any) -> str:
    # google-genai writes it in snake case for embeddings; Google takes both.
    return str(config.get("fileName") or config.get("file_name") or "")


def _inline(config: Any) -> Any:
    requests = config.get("requests")
    return requests.get("requests") if isinstance(requests, dict) else None


def inline_rows(document: Any) -> RequestedRows:
    """Return the rows in *document*. The key of one is in its metadata, else its number."""
    found = RequestedRows()
    for number, row in enumerate(_inline(document["batch"]["inputConfig"])):
        metadata = row.get("metadata") or {}
        key = metadata.get("key", next(iter(metadata.values()), number))
        found.rows.append((str(key), row.get("request")))
        found.metadata.append(metadata)
    return found


def file_rows(content: bytes) -> RequestedRows:
    """Return the rows in the lines of *content*."""
    found = RequestedRows()
    for number, line in enumerate(BytesIO(content), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_refused)
            found.rows.append((str(row["key"]), row["request"]))
        except (ValueError, KeyError, TypeError):
            found.error = f"Line {number} of the input file is not a request with a key."
            return found
    if not found.rows:
        found.error = "The input file is empty."
    return found


def _refused(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
