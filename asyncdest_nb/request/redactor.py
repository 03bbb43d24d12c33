"""Secrets out of everything that leaves the room.

Two rules, because a text is for people and data is for code. In a text any trace
of a secret goes, also a part of it: destinations like to answer "invalid key
sk_live_…4f2a", and the first and last characters are the leak. In data only a
whole secret of some length goes: the API key "demo" must not destroy the id
"demo-17". The signature of a pre-signed URL goes from texts, and from data once code
has read it.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
RUN = 6  # characters of a secret that are already a leak
WHOLE = 8  # characters from which a secret is unlikely to be part of honest data
WORD = 4  # shorter secrets are masked as whole words only, or every text would be noise

# Who has a signed URL may use it, so its signature is a secret that nobody told us: here
# are the names that S3, Google, CloudFront and Azure give it, also in escaped URLs.
_SIGNATURE = re.compile(
    r"(?:[?&;]|\\u0026|%3F|%26)"
    r"(?:X-(?:Amz|Goog)-(?:Signature|Security-Token)|Signature|sig)(?:=|%3D)"
    r"((?:(?!%26)[^&;\s\"'<>\\#])+)",
    re.IGNORECASE,
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _forms(secret: str) -> Iterator[str]:
    """Yield the ways a secret is written in URLs, JSON and HTML."""
    yield secret
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
    for escaped in (json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        yield escaped[1:-1]
        yield escaped[1:-1].replace("/", "\\/")
    yield html.escape(secret)


def _short_pattern(forms: Iterable[str]) -> re.Pattern[str] | None:
    found = [
        re.escape(form) if len(form) >= WORD else rf"(?<!\w){re.escape(form)}(?!\w)"
        for form in forms
        if len(form) < RUN
    ]
    return re.compile("|".join(found)) if found else None


class Redactor:
    """Mask a set of secrets; empty ones are ignored."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Keys read from files end in a newline; nobody echoes that.
        self._secrets = frozenset(filter(None, map(str.strip, secrets)))
        forms = sorted({form for secret in self._secrets for form in _forms(secret)}, key=len)
        # Longest first: one secret may be a part of another.
        self._whole = [form for form in reversed(forms) if len(form) >= WHOLE]
        self._short = _short_pattern(forms)
        self._runs = {form[at : at + RUN] for form in forms for at in range(len(form) - RUN + 1)}

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"

    def also(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor of these *secrets* too."""
        both = self._secrets.union(filter(None, map(str.strip, secrets)))
        return self if both == self._secrets else Redactor(both)

    def text(self, text: str, *, limit: int | None = None) -> str:
        """Return *text* without secrets, cut after *limit* of its characters.

        Also runs of 6 characters of a secret are masked. Cutting comes after
        masking, so that no part of a secret is left at the end.
        """
        shown = text if limit is None else text[: limit + RUN - 1]
        hidden = self._hidden(shown)
        length = len(text) if limit is None else min(limit, len(text))
        masked = _masked(shown, hidden, length) if hidden else shown[:length]
        return masked + "…" if length < len(text) else masked

    def _hidden(self, text: str) -> list[tuple[int, int]]:
        spans = [found.span(1) for found in _SIGNATURE.finditer(text)]
        spans += [found.span() for found in self._short.finditer(text)] if self._short else []
        if self._runs:
            runs, positions = self._runs, range(len(text) - RUN + 1)
            spans += [(at, at + RUN) for at in positions if text[at : at + RUN] in runs]
        return spans

    def content(self, content: str) -> str:
        """Return *content*, which code will read, without whole secrets of 8 characters or more."""
        for form in self._whole:
            content = content.replace(form, MASK)
        return content

    def data(self, value: Any, *, content: str) -> Any:
        """Return *value*, parsed from *content*, under the rule of :meth:`content`.

        Lone surrogates become U+FFFD: no file and no socket takes them.
        """
        # Without a backslash every text in the data stands in the content as it is.
        if "\\" not in content and not any(form in content for form in self._whole):
            return value
        return self._walk(value, lambda text: _LONE_SURROGATE.sub("\ufffd", self.content(text)))

    def kept(self, value: Any) -> Any:
        """Return JSON *value* as it may be kept and shown: no whole secret, no signature of a URL.

        That is for what code has read already: it may have needed the URL.
        """
        try:
            return self._walk(value, lambda text: _unsigned(self.content(text)))
        except (RecursionError, ValueError) as error:  # Too deep, or a number without end.
            return f"a {type(value).__name__} that cannot be kept: {error}"

    def _walk(self, value: Any, clean: Callable[[str], str]) -> Any:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, dict):
            pairs = value.items()
            return {_name(name, clean): self._walk(each, clean) for name, each in pairs}
        if isinstance(value, list | tuple):
            return [self._walk(each, clean) for each in value]
        if isinstance(value, int) and str(value) in self._whole:
            return MASK
        return value


def _name(name: Any, clean: Callable[[str], str]) -> Any:
    return clean(name) if isinstance(name, str) else name


def _unsigned(text: str) -> str:
    return _SIGNATURE.sub(lambda found: found[0].removesuffix(found[1]) + MASK, text)


def _masked(text: str, hidden: list[tuple[int, int]], length: int) -> str:
    is_hidden = bytearray(len(text))
    for start, end in hidden:
        is_hidden[start:end] = b"\x01" * (end - start)
    runs = itertools.groupby(range(length), key=is_hidden.__getitem__)
    return "".join(MASK if masked else "".join(text[at] for at in run) for masked, run in runs)
