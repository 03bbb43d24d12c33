"""The body of a response in a temporary file, for what does not fit in memory."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile

from ..errors import UsageError
from .spool import IN_MEMORY_BYTES
from .unpacker import Unpacker

MAX_SAVED_BYTES = 4 * 2**30  # decompressed


class SavedBody:
    """The bytes of a body, in a file without a name that the system removes with the process.

    A small one stays in memory. ``size`` is in bytes.
    """

    def __init__(self, file: SpooledTemporaryFile[bytes]) -> None:
        self.size = file.tell()
        self._file = file

    def open(self) -> io.BufferedReader:
        """Return a file that reads it from the beginning; raises UsageError once it is removed."""
        if self._file.closed:
            raise UsageError(
                "the temporary file of this response is removed: read it in the function that "
                "made the request"
            )
        return io.BufferedReader(_SavedReader(self._file))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class _SavedReader(io.RawIOBase):
    """Reads a file from the beginning, however many others read it."""

    def __init__(self, file: SpooledTemporaryFile[bytes]) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        self._file.seek(self._at)
        count = self._file.readinto(buffer)  # type: ignore[arg-type]  # a buffer, as in RawIOBase
        self._at += count
        return count


async def saved(chunks: AsyncIterator[bytes], coding: str) -> SavedBody:
    """Return the body that arrives in *chunks*, decompressed; ``read_coding`` has its *coding*.

    Raises TooLarge, UnreadableContent, and what *chunks* raise; no file is left then.
    """
    file = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
    try:
        unpacker = Unpacker(coding, limit=MAX_SAVED_BYTES)
        async for chunk in chunks:
            for piece in unpacker.feed(chunk):
                file.write(piece)
        unpacker.end()
    except BaseException:
        file.close()
        raise
    return SavedBody(file)
