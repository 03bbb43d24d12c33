"""The body of a response, decompressed: completely, or not at all.

httpx's own decoders accept truncated data, and read only the first of several gzip members.
"""

from __future__ import annotations

import zlib

MAGIC = b"\x1f\x8b"  # With which each member of a gzip begins.

_GZIP = 31  # zlib's numbers for the formats
_ZLIB = 15
_DEFLATE = -15
_CODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
# Other codings that IANA has registered. Anything else is no compression, although some APIs
# send it as content-encoding: utf-8, none, aws-chunked.
_UNREADABLE = frozenset("aes128gcm br compress dcb dcz exi pack200-gzip x-compress zstd".split())


class TooLarge(Exception):
    """The body is larger than it may be."""


class UnreadableContent(Exception):
    """The body cannot be decompressed; the text is the reason."""


def read_coding(header: str) -> str:
    """Return the compression in the *header* content-encoding; empty = none.

    Raises UnreadableContent for a coding that needs more packages, and for a body that is
    compressed twice: gzip compresses a thousandfold, and the size of the first layer is
    not bounded.
    """
    if not header:
        return ""
    named = [each.strip().lower() for each in header.split(",")]
    packing = [each for each in named if each in _CODINGS or each in _UNREADABLE]
    if len(packing) > 1:
        raise UnreadableContent(
            f"the answer has more than one content-encoding: {', '.join(packing)}"
        )
    if packing and packing[0] in _UNREADABLE:
        raise UnreadableContent(f"the answer has an unknown content-encoding: {packing[0]}")
    return packing[0] if packing else ""


def coding_of(body: bytes, content_type: str) -> str:
    """Return "gzip" if a *body* is called JSON and is a gzip; empty = it is as it is called.

    Stores of files serve a gzip as it was saved, without a content-encoding. No JSON begins so.
    """
    return "gzip" if body.startswith(MAGIC) and "json" in content_type.lower() else ""


def unpacked(body: bytes, coding: str, *, limit: int) -> bytes:
    """Return *body* decompressed; ``read_coding`` returns its *coding*.

    Raises UnreadableContent if it is damaged or truncated, TooLarge for more than *limit* bytes.
    """
    if not coding:
        return body
    try:
        return _inflated(body, _CODINGS[coding], limit)
    except zlib.error as error:
        problem = str(error)
    if coding == "deflate":  # Some servers send no header and no checksum.
        try:
            return _inflated(body, _DEFLATE, limit)
        except zlib.error:
            pass
    raise UnreadableContent(f"the answer should be {coding} but is not: {problem}")


def _inflated(body: bytes, wbits: int, limit: int) -> bytes:
    parts, left = [], limit
    while body:
        member = zlib.decompressobj(wbits)
        parts.append(member.decompress(body, left + 1))
        left -= len(parts[-1])
        if left < 0:
            raise TooLarge
        if not member.eof:
            raise zlib.error("it is truncated")
        # A gzip may have several members; other bytes after a member are ignored.
        body = member.unused_data if member.unused_data.startswith(MAGIC) else b""
    return b"".join(parts)
