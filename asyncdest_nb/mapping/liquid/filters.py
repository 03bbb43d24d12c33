"""The filters of a template, by name, with the results of the original.

A filter is given the value, and its arguments as far as there are any; UNDEFINED is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .. import json_text
from .values import is_true, strict_number_of, text_of

Filter = Callable[..., Any]

# Segment refuses them: their cost grows with the data, or they run code.
DISABLED = frozenset(
    "array_to_sentence_string concat find find_exp find_index find_index_exp group_by "
    "group_by_exp has has_exp map newline_to_br reject reject_exp reverse sort sort_natural "
    "uniq where_exp type".split()
)
FILTERS: dict[str, Filter] = {}


def named(name: str) -> Callable[[Filter], Filter]:
    """Register a function as the filter *name*."""

    def register(function: Filter) -> Filter:
        FILTERS[name] = function
        return function

    return register


def of_text(name: str, change: Callable[[str], Any]) -> None:
    """Register a change of a text as the filter *name*, which takes any value."""
    FILTERS[name] = lambda value, *rest: change(text_of(value))


@named("default")
def _default(value: Any, other: Any = None, *rest: Any) -> Any:
    if isinstance(value, str | list | tuple):
        return value if value else other
    if value is False and any(is_true(each[1]) for each in rest if _is_named(each, "allow_false")):
        return False
    return value if is_true(value) else other


def _is_named(argument: Any, name: str) -> bool:
    return isinstance(argument, list) and len(argument) == 2 and argument[0] == name


@named("json")
def _json(value: Any, space: Any = 0, *rest: Any) -> Any:
    text = json_text.encoded(list(value) if isinstance(value, range) else value)
    if isinstance(space, int | float) and not isinstance(space, bool):
        space = " " * int(min(space, 10))
    is_spaced = isinstance(space, str) and space and isinstance(text, str)
    return _on_lines(text, space[:10]) if is_spaced else text


_JSON_PART = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^"{}\[\],:]+')
_EMPTY = ("{}", "[]")


def _on_lines(text: str, space: str) -> str:
    """Return JSON with a line for each item, indented by *space*."""
    made, line = "", "\n"
    parts = _JSON_PART.findall(text)
    for before, part, after in zip(["", *parts], parts, [*parts[1:], ""], strict=False):
        if part in ("{", "["):
            is_empty = part + after in _EMPTY
            line += "" if is_empty else space
            made += part if is_empty else part + line
        elif part in ("}", "]"):
            is_empty = before + part in _EMPTY
            line = line if is_empty else line.removesuffix(space)
            made += part if is_empty else line + part
        else:
            made += {",": f",{line}", ":": ": "}.get(part, part)
    return made


OF_JSON = frozenset({"json", "jsonify", "inspect"})
FILTERS["jsonify"] = FILTERS["inspect"] = FILTERS["json"]


@named("to_integer")
def _to_integer(value: Any, *rest: Any) -> float:
    return strict_number_of(value)


@named("raw")
def _raw(value: Any, *rest: Any) -> Any:
    return value
