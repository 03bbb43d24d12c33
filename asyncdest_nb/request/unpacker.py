"""The same decompression as in ``content``, in pieces, for what does not fit in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from .content import MAGIC, TooLarge, UnreadableContent

PIECE_BYTES = 2**18  # A few bytes may become a thousand times as many.

GZIP = "gzip"
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's numbers for the formats
_RAW_DEFLATE = -15


class Unpacker:
    """Decompresses a body of that *coding* ("" = none) as it arrives, up to *limit* bytes.

    Raises as ``content.unpacked`` does; by then it has yielded what came before the damage.
    """

    def __init__(self, coding: str, *, limit: int) -> None:
        self._coding = coding
        self._left = limit
        self._member: Any = None  # zlib has no public name for its type.
        self._kept = b""  # Too little to recognise a member by it.
        self._members = 0
        self._is_over = False  # What follows is no member, and is ignored.

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* contains, in pieces of at most 256 KiB."""
        if not self._coding:
            yield self._counted(data)
            return
        try:
            while data and not self._is_over:
                data = self._begun(data) if self._member is None else data
                if self._member is not None:
                    yield from self._pieces(self._member, data)
                    data = self._member.unused_data
                    self._member = None if self._member.eof else self._member
        except zlib.error as error:
            raise self._unreadable(str(error)) from None

    def end(self) -> None:
        """Raise UnreadableContent if the body is truncated."""
        if self._member is not None or (self._kept and not self._members):
            raise self._unreadable("it is truncated")

    def _begun(self, data: bytes) -> bytes:
        """Begin a member, and return its bytes so far; it is kept if there are too few."""
        data, self._kept = self._kept + data, b""
        if len(data) < len(MAGIC):
            self._kept = data
            return b""
        if self._members and not data.startswith(MAGIC):
            self._is_over = True
            return b""
        wbits = _WBITS[self._coding]
        # Some servers send no header and no checksum (RFC 1950 has the rule for the header).
        if wbits == _WBITS["deflate"] and (data[0] & 15 != 8 or (data[0] * 256 + data[1]) % 31):
            wbits = _RAW_DEFLATE
        self._member = zlib.decompressobj(wbits)
        self._members += 1
        return data

    def _pieces(self, member: Any, data: bytes) -> Iterator[bytes]:
        while True:
            piece = member.decompress(data, PIECE_BYTES)
            data = member.unconsumed_tail
            yield self._counted(piece)
            # zlib may hold back output though it has read all of its input.
            if member.eof or (not data and len(piece) < PIECE_BYTES):
                return

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge
        return piece

    def _unreadable(self, problem: str) -> UnreadableContent:
        return UnreadableContent(f"the answer should be {self._coding} but is not: {problem}")
