"""Conditions as a function of an event, compiled once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UsageError
from .syntax import SUBJECT_OF, Conditions, as_number, as_string

Predicate = Callable[[Any], bool]
Test = Callable[[Any], bool]

_PIECE = re.compile(r"[^\[.\]]+")


def matches(conditions: Conditions, event: Any) -> bool:
    """Whether *event* fulfils the *conditions*; False for conditions with an error."""
    return compile_conditions(conditions)(event)


def compile_conditions(conditions: Conditions) -> Predicate:
    """Return a function that says whether an event fulfils the *conditions*.

    It raises UsageError for an event that is no object.
    """
    if conditions.get("error") is not None:
        return lambda event: False
    group = _group(conditions)

    def run(event: Any) -> bool:
        if not isinstance(event, Mapping):
            raise UsageError(f"an event is {event!r}; it must be an object")
        return group(event)

    return run


def paths(conditions: Conditions | None) -> frozenset[tuple[str, ...]]:
    """Return the paths of an event that *conditions* ask about: ``("properties", "plan")``."""
    if conditions is None or conditions["type"] not in ("group", *SUBJECT_OF):
        return frozenset()
    if conditions["type"] == "group":
        return frozenset[tuple[str, ...]]().union(*map(paths, conditions["children"]))
    pieces = _PIECE.findall(conditions.get("name") or "")
    return frozenset({(SUBJECT_OF[conditions["type"]], *pieces)})


def _group(group: Conditions) -> Predicate:
    children = [_condition(child) for child in group["children"]]
    if group["operator"] == "and":
        return lambda event: all(child(event) for child in children)
    if group["operator"] == "or":
        return lambda event: any(child(event) for child in children)
    return lambda event: False


def _condition(condition: Conditions | None) -> Predicate:
    if condition is None:
        return _no_condition
    if condition["type"] == "group":
        return _group(condition)
    if condition["type"] not in SUBJECT_OF:
        return lambda event: False
    test = _test(condition["operator"], condition.get("value", "undefined"))
    root = SUBJECT_OF[condition["type"]]
    if "name" not in condition:
        return lambda event: test(event.get(root))
    pieces = _PIECE.findall(condition["name"])
    return lambda event: test(_lookup(event.get(root), pieces))


def _no_condition(event: Any) -> bool:
    raise UsageError("a group of the subscription has no condition")


def _test(operator: str, expected: Any) -> Test:
    """Return the test of a value; a number never equals a text."""
    text, number = as_string(expected), as_number(expected)
    tests: dict[str, Test] = {
        "=": lambda value: isinstance(value, str) and value == text,
        "!=": lambda value: not isinstance(value, str) or value != text,
        "number_equals": lambda value: _is_number(value) and value == number,
        "number_not_equals": lambda value: _is_number(value) and value != number,
        "<": lambda value: _is_number(value) and value < number,
        "<=": lambda value: _is_number(value) and value <= number,
        ">": lambda value: _is_number(value) and value > number,
        ">=": lambda value: _is_number(value) and value >= number,
        "contains": lambda value: isinstance(value, str) and text in value,
        "not_contains": lambda value: isinstance(value, str) and text not in value,
        "starts_with": lambda value: isinstance(value, str) and value.startswith(text),
        "not_starts_with": lambda value: isinstance(value, str) and not value.startswith(text),
        "ends_with": lambda value: isinstance(value, str) and value.endswith(text),
        "not_ends_with": lambda value: isinstance(value, str) and not value.endswith(text),
        "exists": lambda value: value is not None,
        "not_exists": lambda value: value is None,
        "is_true": lambda value: value is True,
        "is_false": lambda value: value is False,
    }
    return tests.get(operator, lambda value: False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _lookup(value: Any, pieces: list[str]) -> Any:
    """Return the value at *pieces*, None if there is none; a falsy value on the way is it."""
    for piece in pieces:
        if isinstance(value, Mapping):
            value = value.get(piece)
        elif isinstance(value, list | str):
            value = _item(value, piece)
        elif not value or (isinstance(value, float) and math.isnan(value)):
            return value
        else:
            return None
    return value if pieces else None


def _item(items: list[Any] | str, piece: str) -> Any:
    if not items and isinstance(items, str):
        return items
    if piece == "length":
        return len(items)
    if piece.isascii() and piece.isdecimal() and str(int(piece[:15])) == piece:
        return items[int(piece)] if int(piece) < len(items) else None
    return None
