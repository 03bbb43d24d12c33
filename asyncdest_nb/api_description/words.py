"""Which of its lists of words a description has a word of the API in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from .filters import text_of

Meaning = TypeVar("Meaning")


def meaning_of(word: Any, words: Mapping[Meaning, Iterable[Any]]) -> Meaning | None:
    """Return what *word* means: the key of the list that has it; None = none has it.

    APIs write a word in another case in another place or version. So one that differs from a
    listed one in case alone, or in blanks around it, means the same, unless two lists have it so.
    """
    text = text_of(word)
    for meaning, listed in words.items():
        if any(text == text_of(each) for each in listed):
            return meaning
    found = [key for key, listed in words.items() if any(_alike(text, each) for each in listed)]
    return found[0] if len(found) == 1 else None


def is_listed(word: Any, listed: Iterable[Any]) -> bool:
    """Whether *word* is one of those *listed*, in any case."""
    return meaning_of(word, {True: listed}) is not None


def _alike(text: str, listed: Any) -> bool:
    return text.strip().casefold() == text_of(listed).strip().casefold()
