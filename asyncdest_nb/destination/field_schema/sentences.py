"""What is wrong with a payload, in the sentences of Segment's framework."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .coercion import type_of

_FORMAT_NAMES = {
    "date-time": "date and time",
    "email": "email address",
    "ipv4": "IPv4 address",
    "ipv6": "IPv6 address",
    "regex": "regular expression",
    "uri": "URI",
    "uri-reference": "URI Reference",
    "uri-template": "URI-template",
}


def subject(label: str, path: Sequence[str | int]) -> str:
    """Return what a sentence is about: a label, or the place as a JSON pointer."""
    if label:
        return label[0].upper() + label[1:]
    if not path:
        return "The root value"
    places = (str(each).replace("~", "~0").replace("/", "~1") for each in path)
    return f"The value at /{'/'.join(places)}"


def sentence(label: str, path: Sequence[str | int], fault: str) -> str:
    """Return the sentence on a value; *fault* is the rest of it."""
    return f"{subject(label, path)} {fault}."


UNMET = 'must match "then" schema'


def missing(field: str) -> str:
    return f"is missing the required field '{field}'"


def wrong_type(types: Sequence[str], value: Any, *, found: str = "") -> str:
    named = _with_article(types[0]) if len(types) == 1 else _alternatives(types)
    return f"must be {named} but it was {_with_article(found or type_of(value))}"


def _alternatives(types: Sequence[str]) -> str:
    return joined([_with_article(types[0]), *types[1:]])


def _with_article(type_name: str) -> str:
    if type_name in ("null", "undefined"):
        return type_name
    return f"{'an' if type_name[0] in 'aeiou' else 'a'} {type_name}"


def not_a_choice(choices: Sequence[Any]) -> str:
    named = [json.dumps(each, ensure_ascii=False, default=str) for each in choices]
    return f"must be one of: {joined(named)}"


def joined(names: Sequence[str]) -> str:
    """Return *names* as a list of alternatives."""
    if len(names) < 3:
        return " or ".join(names)
    return f"{', '.join(names[:-1])}, or {names[-1]}"


def wrong_length(bound: float, word: str, text: str) -> str:
    # The bound counts characters, the sentence the units of UTF-16, as the original has it.
    units = len(text) + sum(each > "\uffff" for each in text)
    return f"must be {_characters(bound)} {word} but it was {_characters(units)}"


def _characters(count: float) -> str:
    return f"{count:g} character{'' if count == 1 else 's'}"


def out_of_range(bound: float, word: str) -> str:
    return f"must be equal to or {word} than {bound:g}"


def wrong_format(format: str) -> str:
    return f"must be a valid {_FORMAT_NAMES.get(format, format)} string but it was not"
