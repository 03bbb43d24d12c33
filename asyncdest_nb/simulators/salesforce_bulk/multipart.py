"""The parts of a multipart/form-data body (RFC 7578), by their names."""

from __future__ import annotations

import re
from email.message import Message


def boundary(content_type: str) -> bytes | None:
    """Return the separator of the parts; None if *content_type* is not multipart/form-data."""
    header = Message()
    header["content-type"] = content_type
    if not content_type or header.get_content_type() != "multipart/form-data":
        return None
    return str(header.get_boundary("")).encode("latin-1", "replace")


def parts(body: bytes, separator: bytes) -> dict[str, bytes]:
    """Return the content of each part, by name. Lines may end with LF, as Salesforce's example."""
    line = rb"(?:^|\r?\n)--" + re.escape(separator) + rb"(?:--)?[ \t]*(?=\r?\n|$)"
    found = {}
    for part in re.split(line, body)[1:]:
        head, blank, content = _split(part)
        name = re.search(rb"content-disposition:[^\r\n]*?[;\s]name=\"?([^\";\r\n]+)", head, re.I)
        if blank and name:
            found[name[1].decode("latin-1")] = content
    return found


def _split(part: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the headers of a part, the empty line after them, and the content."""
    end = re.search(rb"\r?\n\r?\n", part)
    return (part[: end.start()], end[0], part[end.end() :]) if end else (part, b"", b"")
