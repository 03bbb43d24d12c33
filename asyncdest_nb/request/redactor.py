"""Masks for secrets in everything that is shown or stored.

Destinations' functions get responses unmasked; masks are for the screen, logs and files.
There are two rules, because a text is for people, and data are for code too. In a text
every part of a secret is masked: destinations answer "invalid key sk_live_…4f2a", and the
first and last characters are a leak. In data only what is unlikely to be anything else is
masked: the API key "demo" must not destroy the id "demo-17". The signature of a
pre-signed URL is masked in both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from .mapped import mapped_texts
from .short_texts import SHORT, ShortTexts
from .signatures import MASK, Span, signatures, unsigned
from .spellings import Kind, Layer, layers, lower, may_escape, public_beginning, spellings

SHORTEST = 3  # Masking a secret of one or two characters would destroy every text.
RUN = 6  # characters of a secret that are a leak in a text
WHOLE = 8  # characters from which a secret is unlikely to be a part of other data
BEYOND = 4  # characters after the public beginning of a secret that are a leak in data
WORD = 4  # shorter secrets are masked only as whole words: parts of them are in every text
LOOK_AHEAD = 100  # characters after a limit that may belong to a secret that is cut there

_STEP = 3  # Every third position is checked: a run of 6 always contains one of the grams of 4.
_GRAM = RUN - _STEP + 1
# Characters of a spelling that are a leak, by its kind: 6 bytes of the secret each.
_IN_TEXTS: dict[Kind, int] = {"plain": RUN, "base64": 8, "hex": 12}
_PER_CHARACTER: dict[Kind, float] = {"plain": 1, "base64": 4 / 3, "hex": 2}

# Common words: masking them in data would hide more about operations than about a secret.
COMMON = frozenset(
    "true false null none yes no ok on off id key name type code status state message result "
    "results error errors data demo test sandbox staging production development default user "
    "pending processing queued running scheduled submitted accepted progress in_progress "
    "success successful succeeded complete completed finished done partial fail failed failure "
    "canceled cancelled rejected unknown invalid operation operations".split()
)


@dataclass(frozen=True, slots=True)
class _SecretForm:
    """A spelling of a secret, and how many of its characters in a row are a leak.

    ``in_data`` None = parts of it are not masked in data. The first ``public`` characters are
    no secret.
    """

    text: str
    in_texts: int
    in_data: int | None
    public: int = 0

    def least_in_data(self, start: int) -> int | None:
        """Return how long a part of it that begins at *start* has to be in data to be masked."""
        beyond = self.public - start + BEYOND if start < self.public else 0
        return None if self.in_data is None else max(self.in_data, beyond)


Needed = Callable[[_SecretForm, int], int | None]


def _is_telling(secret: str) -> bool:
    """Whether *secret* is hardly made of words: a part mixes digits and letters, or cases."""
    parts = re.findall(r"[^\W_]+", secret)
    return any(
        not (part.isdecimal() or part.islower() or part.isupper() or part.istitle())
        or (any(map(str.isdecimal, part)) and any(map(str.isalpha, part)))
        for part in parts
    )


def _is_strong(secret: str) -> bool:
    """Whether *secret* is unlikely to be a part of other data."""
    if lower(secret) in COMMON:
        return False
    return len(secret) >= (RUN if _is_telling(secret) else WHOLE)


def _spelled(secret: str) -> Iterator[_SecretForm]:
    part = min(max(len(secret) - 4, 8), 12, len(secret))
    is_strong = _is_strong(secret)
    for text, kind in spellings(secret):
        if len(text) >= RUN and (len(secret) >= RUN or kind == "plain"):
            in_data = min(round(part * _PER_CHARACTER[kind]), len(text)) if is_strong else None
            public = public_beginning(text) if kind == "plain" else 0
            yield _SecretForm(text, min(_IN_TEXTS[kind], len(text)), in_data, public)


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
    # Numbers of a few digits are too common.
    weak = [each for each in weak if not each.isdecimal() or len(each) >= RUN]
    return _pattern(
        _bounded((lower(each) for each in weak if _is_telling(each)), r"\w"),
        # An id may begin with a word: "acme" is not masked in "acme-17".
        _bounded((lower(each) for each in weak if not _is_telling(each)), r"[\w-]"),
    )


class Redactor:
    """Masks a set of secrets; those of fewer than 3 characters are ignored."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Keys read from files end in a newline, which is in no response.
        stripped = map(str.strip, secrets)
        self._secrets = frozenset(each for each in stripped if len(each) >= SHORTEST)
        self._index: dict[str, list[tuple[_SecretForm, int]]] = {}
        for spelling in {each for secret in self._secrets for each in _spelled(secret)}:
            for at in range(len(spelling.text) - _GRAM + 1):
                gram = spelling.text[at : at + _GRAM]
                self._index.setdefault(gram, []).append((spelling, at))
        self._words_of_texts = _words_of_texts(self._secrets)
        self._words_of_data = _words_of_data(self._secrets)
        self._in_data = ShortTexts(self._found_in_data)
        self._shown = ShortTexts(self._masked_text)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets)} secrets>"

    def extended(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor that masks these *secrets* too."""
        more = {each for each in map(str.strip, secrets) if len(each) >= SHORTEST}
        return self if more <= self._secrets else Redactor(self._secrets | more)

    def text(self, text: str, *, limit: int | None = None) -> str:
        """Return *text* with secrets masked, cut after *limit* characters.

        Runs of 6 characters of a secret are masked too. The text is cut after
        masking, so that no part of a secret is left at the end.
        """
        if limit is None or len(text) <= limit:
            return self._shown[text]
        shown = text[: limit + LOOK_AHEAD]
        return _masked(shown, self._in_text(shown), limit) + "…"

    def _masked_text(self, text: str) -> str:
        return _masked(text, self._in_text(text), len(text))

    def _in_text(self, text: str) -> list[Span]:
        return signatures(text) + self._found(
            text, self._words_of_texts, lambda each, start: each.in_texts
        )

    def in_data(self, text: str) -> list[Span]:
        """Return where in a *text* of data secrets, or large parts of them, are."""
        return self._in_data[text] if self._secrets else []

    def _found_in_data(self, text: str) -> list[Span]:
        return self._found(text, self._words_of_data, _SecretForm.least_in_data)

    def _found(self, text: str, words: re.Pattern[str] | None, needed: Needed) -> list[Span]:
        if not self._secrets or self._is_clean(text, words):
            return []
        spans: list[Span] = []
        for layer in layers(text):
            runs = self._runs(layer, needed) if self._index else ()
            spans += [layer.span(*run) for run in runs]
            if words is not None:
                spans += [layer.span(*found.span()) for found in words.finditer(layer.text)]
        return spans

    def _is_clean(self, text: str, words: re.Pattern[str] | None) -> bool:
        """Whether a short *text* has nothing of a secret for sure, as most have: a quick look."""
        if len(text) > SHORT or may_escape(text):
            return False
        low = text.lower()
        if len(low) != len(text):
            return False
        grams = map(low.__getitem__, _places(len(low)))
        return self._index.keys().isdisjoint(grams) and (words is None or not words.search(low))

    def _runs(self, layer: Layer, needed: Needed) -> Iterator[Span]:
        text, index, covered = layer.text, self._index, 0
        places = range(0, len(text) - _GRAM + 1, _STEP)  # As in _places.
        for at in [at for at in places if text[at : at + _GRAM] in index]:
            if at + _GRAM <= covered:
                continue
            for spelling, offset in index[text[at : at + _GRAM]]:
                start, end = _longest_run(text, at, spelling.text, offset)
                least = needed(spelling, offset - (at - start))
                if least is not None and end - start >= least:
                    covered = max(covered, end)
                    yield start, end

    def mask_whole(self, text: str) -> str:
        """Return *text* with whole secrets masked, but no parts that may be a coincidence.

        A text that identifies something must be the same with another key.
        """
        for secret in sorted(filter(_is_strong, self._secrets), key=len, reverse=True):
            for spelled in (secret, quote(secret, safe=""), quote(secret)):
                text = text.replace(spelled, MASK)
        return text

    def storable(self, value: Any) -> Any:
        """Return JSON *value* as it may be stored and shown: no secret, no signature of a URL."""
        return mapped_texts(value, self.storable_text)

    def storable_text(self, text: str) -> str:
        """Return a *text* of data as it may be stored and shown."""
        hidden = self.in_data(text)
        return unsigned(_masked(text, hidden, len(text)))


@lru_cache(SHORT + 1)
def _places(length: int) -> tuple[slice, ...]:
    """Return where in a text of *length* the grams are that are looked up."""
    return tuple(slice(at, at + _GRAM) for at in range(0, length - _GRAM + 1, _STEP))


def _longest_run(text: str, at: int, spelling: str, offset: int) -> Span:
    """Return the longest run of *spelling* in *text* around two positions where they are equal."""
    back = 0
    while back < min(at, offset) and text[at - back - 1] == spelling[offset - back - 1]:
        back += 1
    start, end = at - back, at
    room = min(len(text) - at, len(spelling) - offset)
    while end - at < room and text[end] == spelling[offset + end - at]:
        end += 1
    return start, end


def _masked(text: str, hidden: list[Span], length: int) -> str:
    """Return the first *length* characters of *text*, those that are *hidden* masked."""
    if not hidden:
        return text[:length]
    is_hidden = bytearray(len(text))
    for start, end in hidden:
        is_hidden[start:end] = b"\x01" * (end - start)
    runs = itertools.groupby(range(length), key=is_hidden.__getitem__)
    return "".join(MASK if masked else "".join(text[at] for at in run) for masked, run in runs)
