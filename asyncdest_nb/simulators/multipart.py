"""The parts of a multipart/form-data body (RFC 7578), by their names."""

from __future__ import annotations

import re
from email.message import Message
from itertools import pairwise


def boundary(content_type: str) -> bytes | None:
    """Return the separator of the parts; None if *content_type* is not multipart/form-data."""
    header = Message()
    header["content-type"] = content_type
    if not content_type or header.get_content_type() != "multipart/form-data":
        return None
    return str(header.get_boundary("")).encode("latin-1", "replace")


def parts(body: bytes, separator: bytes) -> dict[str, bytes]:
    """Return the content of each part, by name. Lines may end with LF, as Salesforce's example."""
    # It begins with the separator itself: large files are searched ten times as fast as with
    # the end of the line before it.
    line = re.compile(b"--" + re.escape(separator) + rb"(?:--)?[ \t]*(?=\r?\n|$)")
    ends = [found.span() for found in line.finditer(body) if _begins_line(body, found.start())]
    found = {}
    for (_, start), (stop, _) in pairwise([*ends, (len(body), 0)]):
        head, blank, content = _split(_without_line_end(body[start:stop]))
        name = re.search(rb"content-disposition:[^\r\n]*?[;\s]name=\"?([^\";\r\n]+)", head, re.I)
        if blank and name:
            found[name[1].decode("latin-1")] = content
    return found


def _begins_line(body: bytes, at: int) -> bool:
    return at == 0 or body[at - 1 : at] == b"\n"


def _without_line_end(part: bytes) -> bytes:
    return part.removesuffix(b"\n").removesuffix(b"\r") if part.endswith(b"\n") else part


def _split(part: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the headers of a part, the empty line after them, and the content."""
    end = re.search(rb"\r?\n\r?\n", part)
    return (part[: end.start()], end[0], part[end.end() :]) if end else (part, b"", b"")
