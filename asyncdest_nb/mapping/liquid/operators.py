"""The operators of a template's expressions, and its words nil, empty and blank."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from ..values import trimmed
from .values import are_equal, compare, contains, is_nil, is_true


class Word(Enum):
    """A word that is a value; what it is equal to depends on the other value."""

    NIL = "nil"
    EMPTY = "empty"
    BLANK = "blank"


def plain(value: Any) -> Any:
    """Return what a word is where nothing is compared with it."""
    if isinstance(value, Word):
        return None if value is Word.NIL else ""
    return value


def truth(value: Any) -> bool:
    """Whether *value* is true in a condition."""
    return is_true(plain(value))


def _equal(left: Any, right: Any) -> bool:
    for one, other in ((left, right), (right, left)):
        if one is Word.NIL:
            return is_nil(other) or other is Word.NIL
        if one is Word.BLANK:
            return not is_true(other) or (
                not trimmed(other) if isinstance(other, str) else _is_empty(other)
            )
        if one is Word.EMPTY:
            return _is_empty(other)
    return are_equal(left, right)


def _is_empty(value: Any) -> bool:
    return isinstance(value, str | list | tuple | dict) and not value


def _ordered(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, Word) or isinstance(right, Word):
        return False
    return compare(operator, left, right)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    **{name: partial(_ordered, name) for name in ("<", ">", "<=", ">=")},
    "contains": lambda left, right: contains(plain(left), plain(right)),
    "and": lambda left, right: truth(left) and truth(right),
    "or": lambda left, right: truth(left) or truth(right),
}
# What binds stronger comes first; of equals, the right one.
PRECEDENCE = {**dict.fromkeys(OPERATORS, 2), "not": 1, "and": 0, "or": 0}
