"""How many tokens a request has: as the vendor counts them, or a guess that says so."""

from __future__ import annotations

import json
import math
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ...errors import HTTPError
from ...numerals import counted
from .images import images_of

COUNTED = 20  # Rows: a request for each, and the limit of those is one of its own.
_NOT_NOW = (404, 405, 408, 429)


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


async def counted_tokens(
    texts: Sequence[str],
    count: Callable[[dict[str, Any]], Awaitable[int | None]],
    *,
    vendor: str,
) -> dict[str, Any]:
    """Return how many tokens payloads have, by *count* on some of them: that is free.

    It is a guess, and says so, if the *vendor* does not count just now, or at this URL.
    """
    step = max(1, len(texts) // COUNTED)
    sample = [json.loads(text) for text in texts[::step][:COUNTED]]
    try:
        counts = [await count(each) for each in sample]
        why = "no number" if None in counts else ""
    except HTTPError as error:
        if error.status < 500 and error.status not in _NOT_NOW:
            raise
        counts, why = [], str(error.status)
    if why:
        found = await to_thread(guessed, texts)
        return {**found, "how": f"{found['how']}; {vendor} did not count them: it answered {why}"}
    payloads = await to_thread(lambda: list(map(json.loads, texts)))
    return {
        "input_tokens": await to_thread(_projected, sum(filter(None, counts)), sample, payloads),
        "output_tokens": most_tokens(payloads),
        "how": f"counted by {vendor} on {len(sample):,} of {counted(len(texts), 'row')}",
    }


def _projected(of_sample: int, sample: Sequence[Any], payloads: Sequence[Mapping[str, Any]]) -> int:
    """Return how many tokens *payloads* have, if the *sample* has *of_sample*.

    Long rows weigh more. Images, which are not guessed, are taken to be alike in all rows.
    """
    guess = sum(map(prompt_tokens, sample))
    if not guess or any(map(images_of, payloads)):
        return round(of_sample * len(payloads) / len(sample))
    return round(of_sample * sum(map(prompt_tokens, payloads)) / guess)


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
