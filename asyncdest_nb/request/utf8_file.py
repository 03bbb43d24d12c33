"""The bytes of a body as a file of UTF-8: decompressed, and out of other encodings.

A gzip is recognised by its first bytes, and decompressed as it is read. So is UTF-16 by its byte
order mark; another encoding is what the header content-type calls it, unless all of it is UTF-8:
servers name a charset by default.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from .content import MAGIC
from .saved_body import MAX_SAVED_BYTES
from .unpacker import GZIP, PIECE_BYTES, Unpacker

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def utf8_file(open_file: Callable[[], Any], charset: str | None) -> BinaryIO:
    """Return the file of *open_file* in UTF-8, perhaps with its byte order mark.

    It is opened twice if *charset* names another encoding. What cannot be decoded becomes
    U+FFFD. Reading raises UnreadableContent and TooLarge.
    """
    file = unpacked_file(open_file())
    if file.peek(2).startswith(_UTF_16):
        return _recoded(file, "utf-16")
    encoding = _encoding(charset)
    if encoding == "utf-8" or _is_utf8(unpacked_file(open_file())):
        return file
    return _recoded(file, encoding)


def unpacked_file(file: Any) -> io.BufferedReader:
    """Return *file*, decompressed if it is a gzip."""
    buffered = io.BufferedReader(file)
    if not buffered.peek(len(MAGIC)).startswith(MAGIC):
        return buffered
    return io.BufferedReader(_PiecesFile(_unpacked(buffered)), PIECE_BYTES)


class _PiecesFile(io.RawIOBase):
    """A file of the bytes in *pieces*."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece:
            found = next(self._pieces, None)
            if found is None:
                return 0
            self._piece = memoryview(found)
        count = min(len(buffer), len(self._piece))
        buffer[:count], self._piece = self._piece[:count], self._piece[count:]
        return count


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    unpacker = Unpacker(GZIP, limit=MAX_SAVED_BYTES)
    while data := file.read(PIECE_BYTES):
        yield from unpacker.feed(data)
    unpacker.end()


def _recoded(file: BinaryIO, encoding: str) -> BinaryIO:
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    pieces = iter(lambda: text.read(PIECE_BYTES), "")
    return io.BufferedReader(_PiecesFile(each.encode(errors="replace") for each in pieces))


def _encoding(charset: str | None) -> str:
    """Return the name of the encoding *charset*; that of UTF-8 if there is none of that name."""
    try:
        found = codecs.lookup(charset or "utf-8")
        "".encode(found.name)  # Raises LookupError for a codec that is of no texts, such as hex.
    except (LookupError, ValueError):
        return "utf-8"
    return found.name


def _is_utf8(file: BinaryIO) -> bool:
    """Whether all of *file* is UTF-8; UTF-16 of English texts would be, but for the zeros."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while data := file.read(PIECE_BYTES):
            decoder.decode(data)
            if b"\0" in data:
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
