"""When a field is required that is required only under conditions.

The conditions see the payload before its values are converted, and before undeclared keys are
removed from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import UsageError
from .coercion import converted

Test = Callable[[dict[str, Any]], bool]
_OPERATORS = ("is", "is_not")


@dataclass(frozen=True, slots=True)
class Requirement:
    """*field* is required where ``holds``, and *child* in it, "" = the field alone."""

    field: str
    child: str
    holds: Test


def requirement(field: str, given: Mapping[str, Any], place: str) -> Requirement:
    """Return the requirement that *given* states, an object with conditions and match.

    *field* may be "parent.child". With several conditions Segment's framework asks for a key
    of this name at the top, which no payload has. Raises UsageError for no conditions, and for
    one that Segment does not know.
    """
    conditions = given.get("conditions")
    if not isinstance(conditions, list) or not conditions:
        raise UsageError(
            f"{place}: required has no conditions: {given!r}; write True, False, or "
            '{"conditions": [{"fieldKey": "other", "operator": "is", "value": "x"}]}'
        )
    for condition in conditions:
        _check(condition, place)
    if len(conditions) == 1:
        parent, child = [*field.split("."), ""][:2]
        return Requirement(parent, child, _single(conditions[0]))
    tests = [_one_of_several(each) for each in conditions]
    combined = any if given.get("match") == "any" else all
    return Requirement(field, "", lambda payload: combined(test(payload) for test in tests))


def _check(condition: Any, place: str) -> None:
    if not isinstance(condition, Mapping) or "fieldKey" not in condition:
        raise UsageError(
            f"{place}: a condition is {condition!r}; it needs a fieldKey, an operator and a value"
        )
    if condition.get("operator") not in _OPERATORS:
        raise UsageError(
            f"{place}: the operator of a condition is {condition.get('operator')!r}; known: "
            + ", ".join(_OPERATORS)
        )


def _single(condition: Mapping[str, Any]) -> Test:
    key, is_not = condition["fieldKey"], condition["operator"] == "is_not"
    if "value" in condition or "." in key:
        return _compared(condition)
    return lambda payload: _is_filled(payload, key) is is_not


def _one_of_several(condition: Mapping[str, Any]) -> Test:
    key, is_not = condition["fieldKey"], condition["operator"] == "is_not"
    if "value" in condition or "." in key:
        return _compared(condition)
    return lambda payload: (key in payload) is is_not


def _is_filled(payload: dict[str, Any], key: str) -> bool:
    """Whether *key* has a value; one that JSON schema can convert to null becomes null."""
    if key not in payload:
        return False
    value = payload[key]
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if value is None or converted(("null",), value) is None:
        payload[key] = None
        return False
    return True


def _compared(condition: Mapping[str, Any]) -> Test:
    """Return the test of a condition with a value, or on the child of an object.

    Without a value the latter holds where the child is there, and *is_not* never: JSON
    schema ignores a comparison with undefined.
    """
    is_not = condition["operator"] == "is_not"
    parent, child = [*condition["fieldKey"].split("."), ""][:2]

    def matches(value: Any) -> bool:
        is_same = "value" not in condition or is_equal(value, condition["value"])
        return is_same is not is_not

    if not child:
        return lambda payload: parent in payload and matches(payload[parent])

    def compare(payload: dict[str, Any]) -> bool:
        if parent not in payload:
            return False
        inner = payload[parent]
        if not isinstance(inner, dict):  # JSON schema asks nothing of what is no object.
            return True
        return child in inner and matches(inner[child])

    return compare


def is_equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same: True is not 1, but 1.0 is."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            is_equal(value, right[key]) for key, value in left.items()
        )
    return bool(left == right)
