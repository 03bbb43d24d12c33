"""The parts of a multipart/form-data body (RFC 7578), by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    return {name: content for name, _, content in _named_parts(body, separator)}


def files(body: bytes, separator: bytes) -> dict[str, bytes]:
    """Return the content of each part that is a file, by the name of the file."""
    return {file: content for _, file, content in _named_parts(body, separator) if file}


def _named_parts(body: bytes, separator: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield the name of each part, that of its file, "" = none, and its content."""
    # It begins with the separator itself: large files are searched ten times as fast as with
    # the end of the line before it.
    line = re.compile(b"--" + re.escape(separator) + rb"(?:--)?[ \t]*(?=\r?\n|$)")
    ends = [found.span() for found in line.finditer(body) if _begins_line(body, found.start())]
    for (_, start), (stop, _) in pairwise([*ends, (len(body), 0)]):
        head, blank, content = _split(_without_line_end(body[start:stop]))
        name, file = _parameter(head, b"name"), _parameter(head, b"filename")
        if blank and name:
            yield name, file, content


def _parameter(head: bytes, name: bytes) -> str:
    pattern = rb"content-disposition:[^\r\n]*?[;\s]" + name + rb"=\"?([^\";\r\n]+)"
    found = re.search(pattern, head, re.I)
    return found[1].decode("utf-8", "replace") if found else ""


def _begins_line(body: bytes, at: int) -> bool:
    return at == 0 or body[at - 1 : at] == b"\n"


def _without_line_end(part: bytes) -> bytes:
    return part.removesuffix(b"\n").removesuffix(b"\r") if part.endswith(b"\n") else part


def _split(part: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the headers of a part, the empty line after them, and the content."""
    end = re.search(rb"\r?\n\r?\n", part)
    return (part[: end.start()], end[0], part[end.end() :]) if end else (part, b"", b"")
