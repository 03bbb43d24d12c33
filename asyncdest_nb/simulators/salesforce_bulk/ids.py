"""Salesforce's Ids: 15 case-sensitive characters, and 3 that encode their case."""

from __future__ import annotations

import re
from hashlib import sha256

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", re.ASCII)


def _check(short: str) -> str:
    """Return three characters. Each is a bit field of the capitals among five characters."""
    return "".join(
        _ALPHABET[sum(1 << place for place in range(5) if short[start + place].isupper())]
        for start in (0, 5, 10)
    )


def made(prefix: str, about: str) -> str:
    """Return the Id of 18 characters that follows from *prefix* and *about*."""
    # Nine bytes are enough for the twelve characters after the prefix.
    number = int.from_bytes(sha256(f"{prefix} {about}".encode()).digest()[:9])
    short = prefix
    while len(short) < 15:
        number, place = divmod(number, len(_LETTERS))
        short += _LETTERS[place]
    return short + _check(short)


def read(text: str, prefixes: tuple[str, ...]) -> str | None:
    """Return *text* as an Id of 18 characters; None if it is no Id with one of *prefixes*."""
    if not _ID.fullmatch(text) or not text.startswith(prefixes):
        return None
    whole = text[:15] + _check(text[:15])
    return whole if whole.startswith(text) else None
