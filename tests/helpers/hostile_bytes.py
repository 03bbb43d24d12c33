"""Changes to the bytes of a SQLite file, by the name of what they do."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

PAGE = 4096


def _at(offset: int, data: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content[:offset] + data + content[offset + len(data) :]


def _ring(content: bytes) -> bytes:
    """Let the second page be an inner page of a tree whose branches all lead to itself."""
    cells = 300
    header = struct.pack(">BHHHBI", 5, 0, cells, PAGE - cells * 5, 0, 2)
    pointers = b"".join(struct.pack(">H", PAGE - (at + 1) * 5) for at in range(cells))
    body = (struct.pack(">I", 2) + b"\x01") * cells
    page = (header + pointers).ljust(PAGE - len(body), b"\0") + body
    return content[:PAGE] + page + content[2 * PAGE :]


# What is done to the bytes of a file.
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "one byte": lambda content: b"S",
    "the header alone": lambda content: content[:100],
    "half": lambda content: content[: len(content) // 2],
    "a page less": lambda content: content[:-PAGE],
    "a byte less": lambda content: content[:-1],
    "a byte more": lambda content: content + b"x",
    "zeros after it": lambda content: content + b"\0" * 10 * PAGE,
    "zeros": lambda content: b"\0" * len(content),
    "text": lambda content: b"dear diary\n" * 1000,
    "a zip": lambda content: b"PK\x03\x04" + content,
    "page size 0": _at(16, b"\0\0"),
    "page size 1": _at(16, b"\0\1"),
    "page size 512": _at(16, b"\2\0"),
    "page size 3": _at(16, b"\0\3"),
    "a WAL that is not there": _at(18, b"\2\2"),
    "no WAL": _at(18, b"\1\1"),
    "a format of tomorrow": _at(18, b"\x09\x09"),
    "reserved bytes": _at(20, b"\xff"),
    "fractions": _at(21, b"\0\0\0"),
    "more pages than there are": _at(28, b"\x7f\xff\xff\xff"),
    "a list of free pages that is a ring": _at(32, b"\0\0\0\2\0\0\0\x09"),
    "a schema format of tomorrow": _at(44, b"\0\0\0\x09"),
    "a huge cache": _at(48, b"\x7f\xff\xff\xff"),
    "vacuum": _at(52, b"\0\0\0\3\0\0\0\1\0\0\0\1"),
    "UTF-16": _at(56, b"\0\0\0\2"),
    "UTF-16 the other way": _at(56, b"\0\0\0\3"),
    "an encoding of nobody": _at(56, b"\0\0\0\x09"),
    "a ring of pages": _ring,
    "the first page as every page": lambda content: content[:PAGE] * (len(content) // PAGE),
    "pages the other way round": lambda content: (
        content[:PAGE]
        + b"".join(content[at : at + PAGE] for at in range(len(content) - PAGE, PAGE - 1, -PAGE))
    ),
}


def flipped(content: bytes, seed: int) -> bytes:
    """Change some bytes of *content*, few or many, near each other or far."""
    chance = random.Random(seed)
    found = bytearray(content)
    center, span = chance.randrange(len(found)), chance.choice([64, 4096, len(found)])
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        at = (center + chance.randrange(span)) % len(found)
        found[at] = chance.choice(
            [0, 0xFF, found[at] ^ (1 << chance.randrange(8)), chance.randrange(256)]
        )
    return bytes(found)
