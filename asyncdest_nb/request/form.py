"""Bodies of forms: fields as ``a=1&b=2``, or fields and files as multipart/form-data.

httpx writes the parts (RFC 7578); here they are named, measured, and shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from ..errors import UsageError
from .body import FileContent, RequestBody, content_of
from .credentials import reveal

URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
SHOWN_CHARACTERS = 1_000  # of a field that is no file

_Part = tuple[str | None, bytes | FileContent, str | None, Mapping[str, str]]
_Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]]


def form_body(data: _Pairs | None, files: _Pairs | None) -> tuple[RequestBody, Mapping[str, str]]:
    """Return the body of a form, and its content type; it is multipart if there are *files*.

    *data* are fields, by name or as pairs; a list is a field for each of its values, and a
    field of None is left out. *files* are a content each, or tuples: the name of the file
    (None = a field), the content, its type, its headers. Parts have the order of *data*, then
    of *files*. Raises UsageError for what a form cannot hold.
    """
    fields = list(_fields(data or ()))
    if files is None:
        return RequestBody(urlencode(fields).encode()), URLENCODED
    parts = [(name, _field_part(text)) for name, text in fields]
    parts += [(_name(name), _file_part(_name(name), file)) for name, file in _pairs(files)]
    body = MultipartBody(parts)
    return RequestBody(body), {"content-type": body.content_type}


class MultipartBody:
    """Parts as multipart/form-data, read in pieces."""

    def __init__(self, parts: list[tuple[str, _Part]]) -> None:
        self._parts = parts
        # Nothing is sent by this request: httpx has no other public name for its writer.
        # It adds a content type to the headers that it is given.
        given: Any = [(name, (*part[:3], dict(part[3]))) for name, part in parts]
        self._request = httpx.Request("POST", "http://form", files=given)
        self.content_type = self._request.headers["content-type"]
        self.size = int(self._request.headers["content-length"])

    @property
    def shown(self) -> str:
        """Its fields, and the names, types and sizes of its files."""
        lines = [f"{name}: {_shown(part)}" for name, part in self._parts]
        return "\n".join(["multipart/form-data", *lines])

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._request.stream, httpx.SyncByteStream)
        yield from self._request.stream

    def close(self) -> None:
        """Close the files that were opened to read it."""
        for _, (_, content, *_) in self._parts:
            if isinstance(content, FileContent):
                content.close()


def _pairs(given: _Pairs) -> list[tuple[Any, Any]]:
    pairs = list(given.items() if isinstance(given, Mapping) else given)
    if isinstance(given, str | bytes) or not all(_is_pair(each) for each in pairs):
        raise UsageError(
            "the fields and files of a form are a dict, or pairs of a name and a value; "
            "write content=… for a text"
        )
    return pairs


def _is_pair(given: object) -> bool:
    return isinstance(given, tuple | list) and len(given) == 2


def _name(given: object) -> str:
    if not isinstance(given, str):
        raise UsageError(f"the name of a part is {given!r}; it must be a text")
    return given


def _fields(data: _Pairs) -> Iterator[tuple[str, str]]:
    for name, value in _pairs(data):
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is not None:
                yield _name(name), _text(name, each)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple | bytes):
        raise UsageError(
            f"the field {name!r} is a {type(value).__name__}: a field of a form is a text or a "
            "number; write json=… for JSON, files={'name': (None, content)} for bytes"
        )
    return reveal(value)


def _field_part(text: str) -> _Part:
    return None, text.encode(), None, {}


def _file_part(name: str, file: Any) -> _Part:
    what = f"the file {name!r}"
    if not isinstance(file, tuple):
        content = content_of(file, what=what)
        found = content.name if isinstance(content, FileContent) else ""
        return found or "upload", content, None, {}
    if not 2 <= len(file) <= 4:
        raise UsageError(f"{what} is a tuple of {len(file)}: (filename, content, content_type)")
    filename, content, *rest = file
    kind, headers = [*rest, None, None][:2]
    named = None if filename is None else str(filename)
    return named, content_of(content, what=what), kind, headers or {}


def _shown(part: _Part) -> str:
    filename, content, kind, _ = part
    if filename is None and isinstance(content, bytes):
        return content[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace")[:SHOWN_CHARACTERS]
    size = len(content) if isinstance(content, bytes) else content.size
    return ", ".join(filter(None, [filename, kind, f"{size:,} bytes"]))
