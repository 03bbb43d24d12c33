"""How many tokens a request has: as the vendor counts them, or a guess that says so."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from .images import images_of


def text_tokens(text: str) -> int:
    """Return how many tokens *text* probably has.

    A token is about 4 characters of English, and in other scripts about one character.
    """
    if text.isascii():
        return math.ceil(len(text) / 4)
    plain = sum(character < "\x80" for character in text)
    return math.ceil(plain / 4) + len(text) - plain


def prompt_tokens(values: Mapping[str, Any]) -> int:
    """Return how many tokens the texts of a payload probably have; images are not counted."""
    found = text_tokens(values.get("prompt") or "") + text_tokens(values.get("system") or "")
    schema = values.get("output_schema")
    return found + (text_tokens(json.dumps(schema)) if schema else 0)


def queued_tokens(texts: Sequence[str]) -> tuple[int, int | None]:
    """Return about how many tokens payloads have, and how many may be queued; None = any number."""
    tokens, limit = 0, None
    for text in texts:
        values = json.loads(text)
        tokens, limit = tokens + prompt_tokens(values), values.get("queued_tokens")
    return tokens, limit


def projected(counted: int, sample: Sequence[Any], payloads: Sequence[Mapping[str, Any]]) -> int:
    """Return how many tokens *payloads* have, if those of the *sample* are *counted*.

    Long rows weigh more. Images, which are not guessed, are taken to be alike in all rows.
    """
    guess = sum(map(prompt_tokens, sample))
    if not guess or any(map(images_of, payloads)):
        return round(counted * len(payloads) / len(sample))
    return round(counted * sum(map(prompt_tokens, payloads)) / guess)


GUESS = "a guess: a token is 4 characters of English, or 1 of another script; without images"


def guessed(texts: Sequence[str]) -> dict[str, Any]:
    """Return about how many tokens payloads have, and at most how many come back."""
    payloads = [json.loads(text) for text in texts]
    return {
        "input_tokens": sum(map(prompt_tokens, payloads)),
        "output_tokens": most_tokens(payloads),
        "how": GUESS,
    }


def most_tokens(payloads: Sequence[Mapping[str, Any]]) -> int | None:
    """Return how many tokens may come back for payloads at most; None = there is no limit."""
    limits = [each.get("max_tokens") for each in payloads]
    return None if None in limits else sum(limits)  # type: ignore[arg-type]  # Without None.
