"""The simulated model: what it answers, and how many tokens that takes.

Nobody expects sense of it. The seed and the prompt alone decide the answer, so that it is the
same in every run; a schema that was asked for is kept.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from .knobs import LLMKnobs
from .schema_values import SchemaValues

_OPENERS = ("In short:", "It is about this:", "What is said here:", "The main point:")
REFUSAL = "I'm sorry, but I can't help with that."
IMAGE_TOKENS = 1_000
_CHARACTERS_OF_A_TOKEN = 4

_encode = json.JSONEncoder(ensure_ascii=False).encode


def tokens(text: str) -> int:
    """Return about how many tokens *text* is."""
    return -(-len(text) // _CHARACTERS_OF_A_TOKEN)


def text_of(value: Any) -> str:
    """Return the texts in *value*: a text, a part with "text", or a list of such."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return text_of(value.get("text") or value.get("content") or value.get("parts") or "")
    return "\n".join(filter(None, map(text_of, value))) if isinstance(value, list) else ""


def images_in(value: Any) -> int:
    """Return how many images are in *value*."""
    if isinstance(value, list):
        return sum(map(images_in, value))
    if not isinstance(value, Mapping):
        return 0
    if "image" in str(value.get("type", "")) or "inlineData" in value or "fileData" in value:
        return 1
    return images_in(value.get("content") or value.get("parts"))


def input_tokens(*values: Any) -> int:
    """Return how many tokens the prompts in *values* are."""
    return sum(tokens(text_of(value)) + IMAGE_TOKENS * images_in(value) for value in values)


class SimulatedModel:
    """A model that answers every prompt at once."""

    def __init__(self, knobs: LLMKnobs) -> None:
        self._seed = knobs.seed
        self._given = knobs.answer

    def answer(self, prompt: str, schema: Any = None) -> str:
        """Return the whole answer to *prompt*, JSON if there is a *schema*."""
        given = self._given_answer(prompt)
        if given is not None:
            return given if isinstance(given, str) else _encode(given)
        dice = random.Random(f"{self._seed} {prompt}")
        if schema is not None:
            return _encode(SchemaValues(schema).draw(dice))
        return " ".join([dice.choice(_OPENERS), *prompt.split()[:12]])

    def value(self, prompt: str, schema: Any) -> Any:
        """Return what the model gives to a tool: a value of *schema*."""
        return SchemaValues(schema).draw(random.Random(f"{self._seed} {prompt}"))

    def _given_answer(self, prompt: str) -> Any:
        if callable(self._given):
            return self._given(prompt)
        if isinstance(self._given, dict):
            return next((value for key, value in self._given.items() if key in prompt), None)
        return self._given


def cut(text: str, most_tokens: Any) -> tuple[str, bool]:
    """Return *text* as far as *most_tokens* go, and whether that cut it; None = no limit."""
    if not isinstance(most_tokens, int) or tokens(text) <= most_tokens:
        return text, False
    return text[: most_tokens * _CHARACTERS_OF_A_TOKEN], True
