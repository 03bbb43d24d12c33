"""A response whose body is in a temporary file."""

from __future__ import annotations

import weakref
from typing import Any, BinaryIO

from ..errors import ProtocolError
from .redactor import Redactor
from .response import Response, read_body
from .saved_body import SavedBody

MAX_WHOLE_BYTES = 192 * 2**20
SNIFFED_BYTES = 4_096  # of a body, in which a page instead of an answer is recognised


class FileResponse(Response):
    """A response to a request with ``to_file=True``; ``size`` is that of its body in bytes.

    Read it by ``lines()``, ``jsonl()``, ``csv_rows()``, ``files()`` or ``open()``, which need
    little memory. ``content``, ``text`` and ``data`` read all of it each time, and raise
    ProtocolError for more than 192 MiB.

    The file is removed once the function that made the request has ended, by ``close()``, or
    when nothing refers to the response any more.
    """

    __slots__ = ("__weakref__", "_body", "_redactor")
    _body: SavedBody
    _redactor: Redactor

    def __init__(self, body: SavedBody, redactor: Redactor, **fields: Any) -> None:
        fields |= {"_body": body, "_redactor": redactor}
        for name, value in fields.items():
            object.__setattr__(self, name, value)  # The class is frozen.
        weakref.finalize(self, body.close)

    def __repr__(self) -> str:
        shown = f"status={self.status}, size={self.size}, url={self.url!r}"
        return self.mask(f"FileResponse({shown}, problem={self.problem!r})")

    @property
    def size(self) -> int:
        """The bytes of the body, decompressed."""
        return self._body.size

    @property
    def content(self) -> bytes:
        """The body in bytes; raises ProtocolError if that is too large to be held in memory."""
        if self.size > MAX_WHOLE_BYTES:
            raise ProtocolError(
                f"the answer has {self.size // 2**20:,} MiB: read it by lines(), jsonl(), "
                "csv_rows() or files()"
            )
        return self.open().read()

    @property
    def text(self) -> str:
        """The body as text."""
        return self._whole()[0]

    @property
    def data(self) -> Any:
        """The body as a value of JSON, or as text."""
        return self._whole()[1]

    def _whole(self) -> tuple[str, Any, str | None]:
        return read_body(self.content, self.headers.get("content-type", ""), self._redactor)

    def whole(self) -> Response:
        """Return the same response with its body in memory; raises as ``content`` does."""
        text, data, _ = self._whole()
        return Response(
            status=self.status,
            headers=self.headers,
            content=self.content,
            text=text,
            data=data,
            url=self.url,
            problem=self.problem,
            location=self.location,
            mask=self.mask,
        )

    def open(self) -> BinaryIO:
        """Return a file of the bytes; raises UsageError if it was removed."""
        return self._body.open()

    def close(self) -> None:
        """Remove the file."""
        self._body.close()


def problem_of(body: SavedBody, content_type: str, redactor: Redactor) -> str | None:
    """Return what is wrong with a *body* by its beginning: it is a page; None = nothing."""
    begin = body.open().read(SNIFFED_BYTES)
    is_page = begin.lstrip().startswith(b"<")
    return read_body(begin, content_type, redactor)[2] if is_page else None
