"""The spellings of a secret: escapes are decoded, encodings of the whole secret are listed.

An escape (``%2F``, ``&#47;``, ``\\u002f``) is decoded anywhere, so that a secret with a single
escaped character is found too. Upper and lower case are not distinguished.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LAYERS = 3  # How often a text is decoded: escapes may be escaped again.

_ESCAPE = re.compile(
    r"(?P<percent>(?:%[0-9a-f]{2})+)"
    r"|(?P<unicode>(?:\\u[0-9a-f]{4})+)"
    r"|\\x(?P<byte>[0-9a-f]{2})"
    r"|(?P<entity>&(?:\#x[0-9a-f]{1,6}|\#[0-9]{1,7}|[a-z][a-z0-9]{1,30});)"
    r"""|\\(?P<quoted>["'/\\])""",
    re.IGNORECASE,
)

# How keys begin by the documentation of their vendors. An answer of a language model may say so.
_PUBLIC = re.compile(
    r"(?:(?:sk|pk|rk|pat|ghp|github|xox[a-z]|ant|proj|svcacct|admin|live|test|or|v\d"
    r"|api\d\d|na\d|eu\d)[-_])+|aizasy"
)
_AFTER_PUBLIC = 16  # characters of a key that have to follow, or else its beginning is a part.

Kind = Literal["plain", "base64", "hex"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A decoded text in lower case, and where each of its characters was in the original.

    ``spans`` None = at the same position.
    """

    text: str
    spans: list[tuple[int, int]] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original the characters from *start* to *end* are."""
        return (
            (start, end) if self.spans is None else (self.spans[start][0], self.spans[end - 1][1])
        )


def layers(text: str) -> Iterator[Layer]:
    """Yield *text* undecoded, then decoded once, twice and so on, while that changes it."""
    yield Layer(lower(text))
    if not may_escape(text):
        return
    spans: list[tuple[int, int]] | None = None
    for _ in range(LAYERS):
        found = _decoded(text, spans)
        if found is None:
            return
        text, spans = found
        yield Layer(lower(text), spans)


def may_escape(text: str) -> bool:
    """Whether *text* may have escapes."""
    return "%" in text or "&" in text or "\\" in text


def lower(text: str) -> str:
    """Return *text* in lower case with the same length: a few letters would become two."""
    found = text.lower()
    if len(found) == len(text):
        return found
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)


def public_beginning(secret: str) -> int:
    """Return how many characters at the beginning of *secret*, in lower case, are public."""
    found = _PUBLIC.match(secret)
    return found.end() if found and len(secret) - found.end() >= _AFTER_PUBLIC else 0


def spellings(secret: str) -> Iterator[tuple[str, Kind]]:
    """Yield the lower-case spellings of *secret*, without escapes."""
    yield lower(secret), "plain"
    if " " in secret:
        yield lower(secret.replace(" ", "+")), "plain"
    encoded = secret.encode("utf-8", "surrogatepass")
    yield encoded.hex(), "hex"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(encoded).decode().rstrip("=").lower(), "base64"
        for before in (
            1,
            2,
        ):  # Its base64 depends on the length of the text before it, as in "user:secret".
            inside = encode(bytes(before) + encoded).decode()
            whole = (before + len(encoded)) * 8 // 6
            yield inside[before + 1 : whole].lower(), "base64"


def _decoded(
    text: str, spans: list[tuple[int, int]] | None
) -> tuple[str, list[tuple[int, int]]] | None:
    """Return *text* decoded and where its characters were, None = it has no escapes."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    before = 0
    for found in _ESCAPE.finditer(text):
        start, end = found.span()
        characters = _characters(found)
        parts += [text[before:start], characters]
        places += [(at, at + 1) for at in range(before, start)]
        if len(characters) * (each := (end - start) // max(1, len(characters))) == end - start:
            places += [
                (start + at * each, start + at * each + each) for at in range(len(characters))
            ]
        else:
            places += [(start, end)] * len(characters)
        before = end
    if not before:
        return None
    parts.append(text[before:])
    places += [(at, at + 1) for at in range(before, len(text))]
    if spans is not None:
        places = [(spans[start][0], spans[end - 1][1]) for start, end in places]
    return "".join(parts), places


def _characters(escape: re.Match[str]) -> str:
    text = escape[escape.lastgroup or 0]
    match escape.lastgroup:
        case "percent":
            return bytes.fromhex(text.replace("%", "")).decode("utf-8", "replace")
        case "unicode":
            return bytes.fromhex(text[2:].replace("\\u", "").replace("\\U", "")).decode(
                "utf-16-be", "replace"
            )
        case "byte":
            return chr(int(text, 16))
        case "entity":
            return html.unescape(text)
        case _:
            return text
