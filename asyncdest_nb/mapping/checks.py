"""What is wrong with a mapping, in the words of Segment, before any row is read.

problems            all problems of a mapping
options             the check of a directive whose argument is an object
text, choice, …     the checks of an argument, or of one option
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from . import json_text
from .registry import DIRECTIVES, Check, Where, directive_names
from .values import code_units, items_in_order, type_name

INVALID = "has an invalid directive"  # Segment's message.

_PLACEHOLDER = re.compile(r"\{\{[^}]+\}\}")


def problems(value: Any, where: Where = ()) -> list[str]:
    """Return all problems of a mapping.

    Items of arrays are not checked: Segment allows anything there, and invalid items
    are found when they are compiled.
    """
    if directive_names(value):
        return _directive_problems(value, where)
    if not isinstance(value, dict):
        return []
    return [
        each for key, item in items_in_order(value) for each in problems(item, (*where, str(key)))
    ]


def half_open(value: Any) -> Iterator[str]:
    """Yield the templates of a mapping with a ``{{`` that is no placeholder.

    Segment leaves it in the text; in a mapping for the rows of a frame it is a mistake.
    """
    if isinstance(value, list):
        yield from (each for item in value for each in half_open(item))
    if isinstance(value, dict):
        text = value.get("@template")
        if isinstance(text, str) and "{{" in _PLACEHOLDER.sub("", text):
            yield text
        yield from (each for item in value.values() for each in half_open(item))


def options(checks: Mapping[str, Check], *, required: Collection[str] = ()) -> Check:
    """Return the check of an object with these options; it may have others too.

    What is wrong with a directive in an option is told first, and alone.
    """

    def check(argument: Any, where: Where) -> list[str]:
        if directive_names(argument) or not isinstance(argument, dict):
            return [wrong_type(argument, where, "an object")]
        found = []
        for name, check_option in checks.items():
            if name in argument:
                found += check_option(argument[name], (*where, name))
            elif name in required:
                found.append(message(where, f'should have field "{name}" but it doesn\'t'))
        return problems(argument, where) or found

    return check


def text(value: Any, where: Where) -> list[str]:
    """Check an argument that is a text, and no directive."""
    return [] if isinstance(value, str) else [wrong_type(value, where, "a string")]


def text_or_directive(value: Any, where: Where) -> list[str]:
    """Check an argument that is a text, or a directive that returns one."""
    if isinstance(value, str):
        return []
    if directive_names(value):
        return problems(value, where)
    return [wrong_type(value, where, "a string or a mapping directive")]


def raw_or_directive(value: Any, where: Where) -> list[str]:
    """Check an argument that may be anything; a raw value is not checked."""
    return problems(value, where) if directive_names(value) else []


def object_or_directive(value: Any, where: Where) -> list[str]:
    """Check an argument that is an object, or a directive that returns one."""
    if isinstance(value, dict):
        return problems(value, where)
    return [wrong_type(value, where, "a object or a mapping directive")]  # Sic.


def array(value: Any, where: Where) -> list[str]:
    """Check an argument that is an array; its items are not checked."""
    if isinstance(value, list | tuple):
        return []
    return [_is_a(type_name(value), where, "an array")]


def boolean(value: Any, where: Where) -> list[str]:
    """Check an argument that is true or false."""
    return [] if isinstance(value, bool) else [wrong_type(value, where, "a boolean")]


def choice(*allowed: str) -> Check:
    """Return the check of a text that is one of *allowed*, in any case of its letters."""

    def check(value: Any, where: Where) -> list[str]:
        if not isinstance(value, str) or value.lower() in allowed:
            return text(value, where)
        got = json_text.encoded(value)
        return [message(where, f"should be one of {', '.join(allowed)} but it is {got}")]

    return check


def text_of_length(least: int, most: int) -> Check:
    """Return the check of a text of *least* to *most* UTF-16 code units."""

    def check(value: Any, where: Where) -> list[str]:
        if not isinstance(value, str) or least <= len(code_units(value)) <= most:
            return text(value, where)
        limit = f"{least} or greater" if not value else f"{most} or less"
        return [message(where, f"should be a string of length {limit}")]

    return check


def message(where: Where, problem: str) -> str:
    """Return a *problem* in the form of Segment: ``/email/@path should be …``."""
    return f"/{'/'.join(where)} {problem}."


def wrong_type(value: Any, where: Where, wanted: str) -> str:
    """Return the message that *value* should be *wanted* but has another type."""
    return _is_a("directive" if directive_names(value) else type_name(value), where, wanted)


def _is_a(name: str, where: Where, wanted: str) -> str:
    article = "an" if name[0] in "aeiou" else "a"
    return message(where, f"should be {wanted} but it is {article} {name}")


def _directive_problems(value: dict[str, Any], where: Where) -> list[str]:
    names = directive_names(value)
    others = value.keys() - {*names, "_metadata"}
    if len(names) > 1 or others:
        count = len(names) if len(names) > 1 else len(value)
        return [message(where, f"should only have one @-prefixed key but it has {count} keys")]
    name = names[0]
    if name not in DIRECTIVES:
        return [message(where, f"{INVALID}: {name}")]
    return DIRECTIVES[name].check(value[name], (*where, name))
