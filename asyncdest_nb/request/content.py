"""The body of an answer, unpacked: whole, or not at all.

httpx's own decoders take what breaks off for whole, and the first of several gzip members
for all of them.
"""

from __future__ import annotations

import zlib

_GZIP = 31  # zlib's numbers for the formats
_ZLIB = 15
_DEFLATE = -15
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
# The others that IANA has registered. What is none of them packs nothing, whatever an API
# calls its content-encoding: utf-8, none, aws-chunked.
_UNREADABLE = frozenset("aes128gcm br compress dcb dcz exi pack200-gzip x-compress zstd".split())


class TooLarge(Exception):
    """The body is larger than it may be."""


class OddlyPacked(Exception):
    """The body cannot be unpacked, and why."""


def read_coding(header: str) -> str:
    """Return how a body is packed, as its *header* content-encoding says; empty = it is not.

    Raises OddlyPacked for what cannot be read without more packages, and for a body packed
    twice: gzip packs a thousandfold, and its first layer is bounded by nobody.
    """
    named = [each.strip().lower() for each in header.split(",")]
    packing = [each for each in named if each in _CODINGS or each in _UNREADABLE]
    if len(packing) > 1:
        raise OddlyPacked(f"the answer has more than one content-encoding: {', '.join(packing)}")
    if packing and packing[0] in _UNREADABLE:
        raise OddlyPacked(f"the answer has an unknown content-encoding: {packing[0]}")
    return packing[0] if packing else ""


def unpacked(body: bytes, coding: str, *, limit: int) -> bytes:
    """Return what is in *body*, as ``read_coding`` has read its *coding*.

    Raises OddlyPacked if it is damaged or breaks off, TooLarge for more than *limit* bytes.
    """
    if not coding:
        return body
    try:
        return _inflated(body, _CODINGS[coding], limit)
    except zlib.error as error:
        problem = str(error)
    if coding == "deflate":  # Some servers leave out the header and the checksum.
        try:
            return _inflated(body, _DEFLATE, limit)
        except zlib.error:
            pass
    raise OddlyPacked(f"the answer is not the {coding} that it says it is: {problem}")


def _inflated(body: bytes, wbits: int, limit: int) -> bytes:
    parts, left = [], limit
    while body:
        member = zlib.decompressobj(wbits)
        parts.append(member.decompress(body, left + 1))
        left -= len(parts[-1])
        if left < 0:
            raise TooLarge
        if not member.eof:
            raise zlib.error("it breaks off")
        # A gzip may have several members; other bytes after one are of no meaning.
        body = member.unused_data if member.unused_data.startswith(b"\x1f\x8b") else b""
    return b"".join(parts)
