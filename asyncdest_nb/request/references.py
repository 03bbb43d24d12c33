"""References on disk in place of secrets: the names of their settings.

Some destinations put keys into ids and URLs, and polling after a restart needs these.
``job-KEY-7`` is stored as ``job-{secret:api_key}-7``; once the setting is given again it
is ``job-KEY-7`` again. A reference to a part of a secret, or to another spelling, has
both: ``{secret:api_key:base64:0-12}``. Other text that looks like a reference is escaped.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache, partial
from itertools import product
from typing import Any
from urllib.parse import quote, quote_plus

from .mapped import mapped_texts
from .redactor import Redactor
from .short_texts import ShortTexts
from .signatures import MASK, Span, signatures

CACHED_PARTS = 1_000  # parts of secrets whose references are remembered

_OPENING = "{secret:"
_LITERAL = "{secret:}"  # The opening, escaped.
_REFERENCE = re.compile(r"\{secret:([^{}:]*)(?::([a-z0-9.]+):(\d+)-(\d+))?\}")

# By their names in references; files may contain any of them.
_ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "lower": str.lower,
    "upper": str.upper,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64url": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
    "hex": lambda secret: secret.encode().hex(),
    "html": html.escape,
}
_ESCAPES: dict[str, Callable[[str], str]] = {
    "url": lambda text: quote(text, safe=""),
    "path": quote,
    "query": quote_plus,
}
_CODES = _ENCODINGS | _ESCAPES
# "upper", "upper.url", "upper.path.url": an id may be quoted a second time in a URL.
_SPELLINGS = [
    ".".join((encoding, *escapes))
    for count in range(3)
    for escapes in product(_ESCAPES, repeat=count)
    for encoding in _ENCODINGS
]


def _spelled(secret: str, spelling: str) -> str:
    """Return *secret* in one of _SPELLINGS."""
    for code in spelling.split("."):
        secret = _CODES[code](secret)
    return secret


def _each_spelling(secret: str) -> dict[str, str]:
    """Return *secret* in each of _SPELLINGS, with the first spelling of each text."""
    found: dict[str, str] = {}
    for spelling in _SPELLINGS:
        found.setdefault(_spelled(secret, spelling), spelling)
    return found


class References:
    """References to *secrets*, given by name."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = {quote(name, safe=""): each.strip() for name, each in secrets.items()}
        self._reference = lru_cache(CACHED_PARTS)(
            self._find_reference
        )  # A response may repeat one many times.
        self._redactor = Redactor()
        self._replacement = self._with(self._redactor)

    def _with(self, redactor: Redactor) -> ShortTexts[str]:
        return ShortTexts(partial(self._replaced, redactor=redactor))

    def replace_secrets(self, value: Any, redactor: Redactor) -> Any:
        """Return JSON *value* with a reference for each secret that *redactor* finds in it.

        Where no reference is possible there is a mask: for a secret without a name, an
        unknown spelling, the signature of a URL.
        """
        if value is None:
            return None
        if redactor is not self._redactor:
            self._redactor, self._replacement = redactor, self._with(redactor)
        if type(value) is str:
            return self._replacement[value]
        return mapped_texts(value, self._replacement.__getitem__)

    def restore_secrets(self, value: Any) -> Any:
        """Return *value* with secrets for its references, and masks for those that are unknown."""
        return mapped_texts(value, self._restored)

    def _replaced(self, text: str, *, redactor: Redactor) -> str:
        parts: list[str] = []
        before = 0
        hidden = redactor.in_data(text) + signatures(text)
        if not hidden:
            return _escaped(text)
        for start, end in _apart(hidden):
            parts += [_escaped(text[before:start]), self._reference(text[start:end])]
            before = end
        return "".join([*parts, _escaped(text[before:])])

    @cached_property
    def _written(self) -> dict[str, dict[str, str]]:
        """The secrets by name in every spelling."""
        return {name: _each_spelling(secret) for name, secret in self._secrets.items()}

    def _find_reference(self, part: str) -> str:
        for name, secret in self._secrets.items():
            if part == secret:
                return f"{_OPENING}{name}}}"
            for text, spelling in self._written[name].items():
                if (at := text.find(part)) >= 0:
                    return f"{_OPENING}{name}:{spelling}:{at}-{at + len(part)}}}"
        return MASK

    def _restored(self, text: str) -> str:
        return _REFERENCE.sub(self._secret_of, text) if _OPENING in text else text

    def _secret_of(self, reference: re.Match[str]) -> str:
        name, spelling, start, end = reference.groups()
        if reference[0] == _LITERAL:
            return _OPENING
        secret = self._secrets.get(name)
        if secret is None or spelling not in (None, *_SPELLINGS):
            return MASK
        return secret if spelling is None else _spelled(secret, spelling)[int(start) : int(end)]


def without_references(value: Any) -> Any:
    """Return *value* from disk as it may be shown: with a mask for each reference."""
    return References({}).restore_secrets(value)


def _escaped(text: str) -> str:
    return text.replace(_OPENING, _LITERAL)


def _apart(spans: list[Span]) -> list[Span]:
    """Return *spans* in order, each without the part that overlaps the one before."""
    found: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not found or start >= found[-1][1]:
            found.append((start, end))
        elif end > found[-1][1]:
            found.append((found[-1][1], end))
    return found
