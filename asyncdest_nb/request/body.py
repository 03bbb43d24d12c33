"""The body of a request: bytes in memory, or pieces that are read while they are sent."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any, BinaryIO, Protocol

import httpx

from ..errors import UsageError

PIECE_BYTES = 2**16

_BYTES = (bytes, bytearray, memoryview)


class Pieces(Protocol):
    """A body of ``size`` bytes, read in pieces, and again from its beginning when it is repeated.

    ``shown`` is what people see of it.
    """

    @property
    def size(self) -> int: ...

    @property
    def shown(self) -> str: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class FileContent:
    """The bytes of a file from where it stands to its end, readable any number of times.

    A *file* that is a path is opened when it is read. Raises UsageError for one that cannot be
    read, and OSError if it has become shorter when it is sent.
    """

    def __init__(self, file: os.PathLike[str] | BinaryIO) -> None:
        self._file = file
        self._opened: BinaryIO | None = None
        self._at = 0
        try:
            self._start, self.size = _measured(file)
        except (OSError, ValueError) as error:
            raise UsageError(f"the file to be sent cannot be read: {error}") from None
        # That of a temporary file may be a number, or None.
        name = file if isinstance(file, os.PathLike) else getattr(file, "name", None)
        self.name = os.path.basename(name) if isinstance(name, str | os.PathLike) else ""

    @property
    def shown(self) -> str:
        """Its name and size."""
        return f"({self.size:,} bytes of a file{f' {self.name}' if self.name else ''})"

    def __iter__(self) -> Iterator[bytes]:
        self.seek(0)
        while piece := self.read(PIECE_BYTES):
            yield piece

    # The methods of files by which httpx measures and reads a part of a form.

    def tell(self) -> int:
        """Return the position, in bytes from where the file stood."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to *offset*, and return the position."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def read(self, count: int) -> bytes:
        """Return up to *count* bytes; empty at the end. Local files are quick, so nothing waits."""
        if self._at >= self.size:
            return b""
        file = self._open()
        # Two requests may send the same file at once.
        file.seek(self._start + self._at)
        piece = file.read(min(count, self.size - self._at))
        if not piece:
            raise OSError(f"{self.shown} has become shorter while it was sent")
        self._at += len(piece)
        return piece

    def _open(self) -> BinaryIO:
        if not isinstance(self._file, os.PathLike):
            return self._file
        if self._opened is None:
            self._opened = open(self._file, "rb")
        return self._opened

    def close(self) -> None:
        """Close what was opened here; a file that was given is where it stood, to be sent again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
        if not isinstance(self._file, os.PathLike) and not self._file.closed:
            self._file.seek(self._start)


def _measured(file: os.PathLike[str] | BinaryIO) -> tuple[int, int]:
    """Return the position of *file*, and how many bytes are left from there on."""
    if isinstance(file, os.PathLike):
        with open(file, "rb") as opened:  # So that it is refused before anything is sent.
            return 0, opened.seek(0, os.SEEK_END)
    start = file.tell()
    size = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    return start, size


class RequestBody(httpx.AsyncByteStream):
    """The body of a request, which can be read once, and whether it was read.

    aiohttp repeats PUT, DELETE and GET if a kept-alive connection turns out to be closed;
    a body that cannot be read again prevents that. A GET without a body may still be
    repeated, which is harmless.
    """

    def __init__(self, content: bytes | Pieces = b"") -> None:
        self.content = content
        self.size = len(content) if isinstance(content, bytes) else content.size
        self.is_taken = False

    @property
    def is_untouched(self) -> bool:
        """Whether there is a body and the transport has not begun to read it."""
        return bool(self.size) and not self.is_taken

    @property
    def in_memory(self) -> bytes | None:
        """All of its bytes; None = they are read in pieces."""
        return self.content if isinstance(self.content, bytes) else None

    def shown(self, characters: int) -> str:
        """Return its first *characters*, at least, or what it is if it is read in pieces."""
        if not isinstance(self.content, bytes):
            return self.content.shown
        # Only the part of a large upload that is shown is decoded; a character has at most 4 bytes.
        return self.content[: 4 * characters].decode("utf-8", "replace")

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self.is_taken:
            raise httpx.StreamConsumed
        return self._take()

    async def _take(self) -> AsyncIterator[bytes]:
        content = await self.take()
        if not isinstance(content, bytes):
            for piece in content:
                yield piece
        elif content:
            yield content

    async def take(self) -> bytes | Pieces:
        """Return the bytes or pieces, which are sent now."""
        self.is_taken = True
        return self.content

    def close(self) -> None:
        """Close the files that were opened to read it."""
        if not isinstance(self.content, bytes):
            self.content.close()


def content_of(given: Any, *, what: str = "content") -> bytes | FileContent:
    """Return the bytes of *given*: text, bytes, a path, or a file in binary mode.

    Raises UsageError for anything else. Iterables were written to a file before, see ``spool``.
    """
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, _BYTES):
        return bytes(given)
    if isinstance(given, FileContent):
        return given
    if isinstance(given, io.TextIOBase):
        raise UsageError(f"{what} is a file in text mode: open it with mode 'rb'")
    if isinstance(given, os.PathLike) or is_file(given):
        return FileContent(given)
    raise UsageError(
        f"{what} is a {type(given).__name__}: give text, bytes, a path, a file in binary mode, "
        "or an iterable of texts or bytes"
    )


def is_file(given: object) -> bool:
    """Whether *given* is a file that can be read again."""
    is_seekable = getattr(given, "seekable", None)
    return hasattr(given, "read") and callable(is_seekable) and bool(is_seekable())
