"""The files of an account: those that were uploaded, and the results of batches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256

from .. import multipart
from ..exchange import IncomingRequest, JSONObject, Reply
from ..llm.pages import page_after, page_size, query_of
from .error_replies import error_reply, no_such
from .input_file import MAX_BYTES

_PURPOSES = ("assistants", "batch", "evals", "fine-tune", "user_data", "vision")
_PAGE = 10_000
_FILENAME = re.compile(rb'name="?file"?;[^\r\n]*?filename="([^"\r\n]*)"', re.I)


@dataclass
class StoredFile:
    """A file. ``chunks`` makes its content anew each time.

    ``created_at`` and ``expires_at`` are Unix seconds. ``gone_at`` is when it is deleted, in
    seconds of the simulator's clock. None for these = it is kept.
    """

    file_id: str
    filename: str
    purpose: str
    created_at: int
    chunks: Callable[[], Iterator[bytes]]
    expires_at: int | None = None
    gone_at: float | None = None

    @cached_property
    def size(self) -> int:
        """Its length in bytes."""
        return sum(map(len, self.chunks()))

    def shown(self) -> JSONObject:
        """Return it as the API shows it."""
        return {
            "id": self.file_id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class Files:
    """The files of an account, in the order of their creation."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._stored: dict[str, StoredFile] = {}
        self._count = 0

    def add(self, file: StoredFile) -> None:
        """Store *file*."""
        self._stored[file.file_id] = file

    def find(self, file_id: str, now: float) -> StoredFile | None:
        """Return the file; None if there is none, or none any more."""
        self._delete_expired(now)
        return self._stored.get(file_id)

    def _delete_expired(self, now: float) -> None:
        for file in list(self._stored.values()):
            if file.gone_at is not None and now >= file.gone_at:
                del self._stored[file.file_id]

    def upload(self, request: IncomingRequest, now: float) -> Reply:
        """Store the file in *request*."""
        separator = multipart.boundary(request.content_type)
        parts = multipart.parts(request.body, separator) if separator else {}
        purpose, content = parts.get("purpose", b"").decode(), parts.get("file")
        found = _FILENAME.search(request.body)
        filename = found[1].decode() if found else "upload"
        if error := _upload_error(purpose, content, filename):
            return error_reply(400, error)
        file = self._made(filename, purpose, content or b"")
        if seconds := parts.get("expires_after[seconds]"):
            file.expires_at, file.gone_at = file.created_at + int(seconds), now + int(seconds)
        self.add(file)
        return Reply(200, file.shown())

    def _made(self, filename: str, purpose: str, content: bytes) -> StoredFile:
        self._count += 1
        about = f"{self._seed} {self._count} {filename} ".encode()
        file_id = f"file-{sha256(about + sha256(content).digest()).hexdigest()[:22]}"
        created = int(datetime.now(UTC).timestamp())
        return StoredFile(file_id, filename, purpose, created, lambda: iter((content,)))

    def retrieve(self, request: IncomingRequest, now: float, file_id: str) -> Reply:
        """Return what is known of a file."""
        file = self.find(file_id, now)
        return Reply(200, file.shown()) if file else no_such("File", file_id)

    def content(self, request: IncomingRequest, now: float, file_id: str) -> Reply:
        """Return the content of a file."""
        file = self.find(file_id, now)
        if file is None:
            return no_such("File", file_id)
        headers = {"content-type": "application/octet-stream"}
        return Reply(200, headers=headers, chunks=file.chunks())

    def delete(self, request: IncomingRequest, now: float, file_id: str) -> Reply:
        """Delete a file."""
        if self.find(file_id, now) is None:
            return no_such("File", file_id)
        del self._stored[file_id]
        return Reply(200, {"id": file_id, "object": "file", "deleted": True})

    def list_files(self, request: IncomingRequest, now: float) -> Reply:
        """Return a page of the files, the newest first unless the oldest are asked for."""
        self._delete_expired(now)
        asked = query_of(request.query)
        limit = page_size(asked, usual=_PAGE, most=_PAGE)
        if limit is None:
            return error_reply(400, f"Invalid 'limit': expected 1 to {_PAGE}.", param="limit")
        purpose = asked.get("purpose")
        files = [file for file in self._stored.values() if purpose in (None, file.purpose)]
        if asked.get("order", "desc") == "desc":
            files.reverse()
        page, has_more = page_after(files, asked.get("after"), limit, lambda file: file.file_id)
        return Reply(200, listed([file.shown() for file in page], has_more=has_more))


def listed(items: list[JSONObject], *, has_more: bool) -> JSONObject:
    """Return a page as the API shows it."""
    first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
    page = {"object": "list", "data": items, "has_more": has_more}
    return {**page, "first_id": first, "last_id": last}


def _upload_error(purpose: str, content: bytes | None, filename: str) -> str | None:
    if content is None:
        return "Missing required parameter: 'file'."
    if purpose not in _PURPOSES:
        return f"Invalid value for 'purpose': {purpose!r}. Supported are {', '.join(_PURPOSES)}."
    if purpose == "batch" and not filename.endswith(".jsonl"):
        return f"Invalid file format for Batch API: {filename!r}. Must be .jsonl"
    if len(content) > MAX_BYTES:
        return f"The file has {len(content)} bytes; the limit is {MAX_BYTES}"
    return None
