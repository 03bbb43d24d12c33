"""Secrets out of everything that is shown or stored.

Code gets its data as they are; what is here is for a screen, a log and a file. Two
rules, because a text is for people and data are for code too. In a text any trace of
a secret goes, also a part of it: destinations like to answer "invalid key
sk_live_…4f2a", and the first and last characters are the leak. In data only what is
unlikely to be anything else goes: the API key "demo" must not destroy the id
"demo-17". The signature of a pre-signed URL goes from both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .spellings import Kind, Layer, layers, lower, spellings

MASK = "•••"
SHORTEST = 3  # Nobody can keep a secret of one or two characters out of a text.
RUN = 6  # characters of a secret that are already a leak in a text
WHOLE = 8  # characters from which a secret is unlikely to be part of honest data
WORD = 4  # shorter secrets are masked as whole words only, or every text would be noise
LOOK_AHEAD = 100  # characters past a limit that may belong to what is cut there

_STEP = 3  # Every third place is looked at: no run of 6 fits between two grams of 4.
_GRAM = RUN - _STEP + 1
# How long a run of a spelling must be to be a leak, by the kind: each is 6 bytes in a text.
_IN_TEXTS: dict[Kind, int] = {"plain": RUN, "base64": 8, "hex": 12}
_PER_CHARACTER: dict[Kind, float] = {"plain": 1, "base64": 4 / 3, "hex": 2}

# In data these words say nothing of a secret, and much of an operation.
COMMON = frozenset(
    "true false null none yes no ok on off id key name type code status state message result "
    "results error errors data demo test sandbox staging production development default user "
    "pending processing queued running scheduled submitted accepted progress in_progress "
    "success successful succeeded complete completed finished done partial fail failed failure "
    "canceled cancelled rejected unknown invalid operation operations".split()
)

# Who has a signed URL may use it, so its signature is a secret that nobody told us: here
# are the names that S3, Google, CloudFront and Azure give it, also in escaped URLs.
_SIGNATURE = re.compile(
    r"(?:[?&;]|\\u0026|%3F|%26)"
    r"(?:X-(?:Amz|Goog)-(?:Signature|Security-Token)|Signature|sig)(?:=|%3D)"
    r"((?:(?!%26)[^&;\s\"'<>\\#])+)",
    re.IGNORECASE,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Spelling:
    """A spelling, and how many characters of it in a row are a leak in a text and in data.

    None = in data it is not looked for part by part.
    """

    text: str
    in_texts: int
    in_data: int | None


def _is_telling(secret: str) -> bool:
    """Say whether *secret* can hardly be words: a part mixes digits and letters, or cases."""
    parts = re.findall(r"[^\W_]+", secret)
    return any(
        not (part.isdecimal() or part.islower() or part.isupper() or part.istitle())
        or (any(map(str.isdecimal, part)) and any(map(str.isalpha, part)))
        for part in parts
    )


def _is_strong(secret: str) -> bool:
    """Say whether *secret* is unlikely to be a part of honest data."""
    if lower(secret) in COMMON:
        return False
    return len(secret) >= (RUN if _is_telling(secret) else WHOLE)


def _spelled(secret: str) -> Iterator[_Spelling]:
    part = min(max(len(secret) - 4, 8), 12, len(secret))
    is_strong = _is_strong(secret)
    for text, kind in spellings(secret):
        if len(text) >= RUN and (len(secret) >= RUN or kind == "plain"):
            in_data = min(round(part * _PER_CHARACTER[kind]), len(text)) if is_strong else None
            yield _Spelling(text, min(_IN_TEXTS[kind], len(text)), in_data)


def _bounded(words: Iterable[str], edge: str) -> str:
    return "|".join(rf"(?<!{edge}){re.escape(word)}(?!{edge})" for word in words)


def _pattern(*parts: str) -> re.Pattern[str] | None:
    found = "|".join(filter(None, parts))
    return re.compile(found) if found else None


def _words_of_texts(secrets: Iterable[str]) -> re.Pattern[str] | None:
    short = [each for each in secrets if len(each) < RUN]
    plain = [lower(each) for each in short]
    encoded = {text for each in short for text, kind in spellings(each) if kind != "plain"}
    return _pattern(
        "|".join(re.escape(each) for each in plain if len(each) >= WORD),
        _bounded((each for each in plain if len(each) < WORD), r"\w"),
        _bounded((each for each in encoded if len(each) >= WORD), r"\w"),
    )


def _words_of_data(secrets: Iterable[str]) -> re.Pattern[str] | None:
    weak = [each for each in secrets if not _is_strong(each) and lower(each) not in COMMON]
    # Numbers of a few digits are everywhere.
    weak = [each for each in weak if not each.isdecimal() or len(each) >= RUN]
    return _pattern(
        _bounded((lower(each) for each in weak if _is_telling(each)), r"\w"),
        # A word of letters may begin an id: "acme" is not what "acme-17" says.
        _bounded((lower(each) for each in weak if not _is_telling(each)), r"[\w-]"),
    )


class Redactor:
    """Mask a set of secrets; those of fewer than 3 characters are ignored."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Keys read from files end in a newline; nobody echoes that.
        stripped = map(str.strip, secrets)
        self._secrets = frozenset(each for each in stripped if len(each) >= SHORTEST)
        self._index: dict[str, list[tuple[_Spelling, int]]] = {}
        for spelling in {each for secret in self._secrets for each in _spelled(secret)}:
            for at in range(len(spelling.text) - _GRAM + 1):
                gram = spelling.text[at : at + _GRAM]
                self._index.setdefault(gram, []).append((spelling, at))
        self._words_of_texts = _words_of_texts(self._secrets)
        self._words_of_data = _words_of_data(self._secrets)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"

    def also(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor of these *secrets* too."""
        more = {each for each in map(str.strip, secrets) if len(each) >= SHORTEST}
        return self if more <= self._secrets else Redactor(self._secrets | more)

    def text(self, text: str, *, limit: int | None = None) -> str:
        """Return *text* without secrets, cut after *limit* of its characters.

        Also runs of 6 characters of a secret are masked. Cutting comes after
        masking, so that no part of a secret is left at the end.
        """
        shown = text if limit is None else text[: limit + LOOK_AHEAD]
        hidden = self._in_text(shown)
        length = len(text) if limit is None else min(limit, len(text))
        masked = _masked(shown, hidden, length) if hidden else shown[:length]
        return masked + "…" if length < len(text) else masked

    def _in_text(self, text: str) -> list[Span]:
        spans = [found.span(1) for found in _SIGNATURE.finditer(text)]
        return spans + self._found(text, self._words_of_texts, lambda each: each.in_texts)

    def in_data(self, text: str) -> list[Span]:
        """Return where in a *text* of data a secret stands, or a large part of it."""
        return self._found(text, self._words_of_data, lambda each: each.in_data)

    def _found(
        self, text: str, words: re.Pattern[str] | None, needed: Callable[[_Spelling], int | None]
    ) -> list[Span]:
        if not self._secrets:
            return []
        spans: list[Span] = []
        for layer in layers(text):
            runs = self._runs(layer, needed) if self._index else ()
            spans += [layer.span(*run) for run in runs]
            if words is not None:
                spans += [layer.span(*found.span()) for found in words.finditer(layer.text)]
        return spans

    def _runs(self, layer: Layer, needed: Callable[[_Spelling], int | None]) -> Iterator[Span]:
        text, index, covered = layer.text, self._index, 0
        for at in range(0, len(text) - _GRAM + 1, _STEP):
            known = index.get(text[at : at + _GRAM])
            if known is None or at + _GRAM <= covered:
                continue
            for spelling, offset in known:
                start, end = _grown(text, at, spelling.text, offset)
                least = needed(spelling)
                if least is not None and end - start >= least:
                    covered = max(covered, end)
                    yield start, end

    def without_whole(self, text: str) -> str:
        """Return *text* with whole secrets masked, and no part of one that may be chance.

        A text that names something must be the same with another key.
        """
        for secret in sorted(filter(_is_strong, self._secrets), key=len, reverse=True):
            for spelled in (secret, quote(secret, safe=""), quote(secret)):
                text = text.replace(spelled, MASK)
        return text

    def kept(self, value: Any) -> Any:
        """Return JSON *value* as it may be kept and shown: no secret, no signature of a URL."""
        return walked(value, self.kept_text)

    def kept_text(self, text: str) -> str:
        """Return a *text* of data as it may be kept and shown."""
        hidden = self.in_data(text)
        return _unsigned(_masked(text, hidden, len(text)) if hidden else text)


def walked(value: Any, clean: Callable[[str], str]) -> Any:
    """Return *value* with every text in it as *clean* leaves it, also names and what has digits."""
    try:
        return _walked(value, clean)
    except (RecursionError, ValueError) as error:  # Too deep, or a number without end.
        return f"a {type(value).__name__} that cannot be kept: {error}"


def _walked(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, dict):
        return _walked_dict(value, clean)
    if isinstance(value, list | tuple):
        return [_walked(each, clean) for each in value]
    if isinstance(value, int) and -99_999 <= value <= 99_999:
        return value  # A secret of so few digits is not looked for in data.
    # A number of many digits, or an object, which would be written as its text.
    text = str(value)
    return value if (cleaned := clean(text)) == text else cleaned


def _walked_dict(value: dict[Any, Any], clean: Callable[[str], str]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, each in value.items():
        kept = clean(name) if isinstance(name, str) else name
        # Two names that look the same without a secret are two all the same.
        numbered = (f"{kept} {number}" for number in itertools.count(2))
        while kept in found:
            kept = next(numbered)
        found[kept] = _walked(each, clean)
    return found


def _grown(text: str, at: int, spelling: str, offset: int) -> Span:
    """Return the longest run of *spelling* in *text* around what is the same at these places."""
    back = 0
    while back < min(at, offset) and text[at - back - 1] == spelling[offset - back - 1]:
        back += 1
    start, end = at - back, at
    room = min(len(text) - at, len(spelling) - offset)
    while end - at < room and text[end] == spelling[offset + end - at]:
        end += 1
    return start, end


def signatures(text: str) -> list[Span]:
    """Return where the signatures of the pre-signed URLs in *text* stand."""
    return [found.span(1) for found in _SIGNATURE.finditer(text)]


def _unsigned(text: str) -> str:
    return _SIGNATURE.sub(lambda found: found[0].removesuffix(found[1]) + MASK, text)


def _masked(text: str, hidden: list[Span], length: int) -> str:
    is_hidden = bytearray(len(text))
    for start, end in hidden:
        is_hidden[start:end] = b"\x01" * (end - start)
    runs = itertools.groupby(range(length), key=is_hidden.__getitem__)
    return "".join(MASK if masked else "".join(text[at] for at in run) for masked, run in runs)
