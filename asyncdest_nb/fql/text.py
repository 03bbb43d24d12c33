"""The text of conditions, as Segment writes it.

It does not always read back as the same conditions: a text with quotes in it, or nested groups,
cannot be written in FQL.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import UsageError
from ..numerals import number_text
from .syntax import NESTED, SUBJECT_OF, Conditions, as_number, as_string

_UNSAFE = re.compile(r"[^a-zA-Z0-9._-]")
_FORMS = {
    "contains": "contains({name}, {value})",
    "not_contains": "!contains({name}, {value})",
    "exists": "{name} != null",
    "not_exists": "{name} = null",
    "is_true": "{name} = true",
    "is_false": "{name} = false",
    "starts_with": 'match({name}, "{text}*")',
    "not_starts_with": '!match({name}, "{text}*")',
    "ends_with": 'match({name}, "*{text}")',
    "not_ends_with": '!match({name}, "*{text}")',
    "number_equals": "{name} = {number}",
    "number_not_equals": "{name} != {number}",
    **{operator: f"{{name}} {operator} {{number}}" for operator in ("<", ">", "<=", ">=")},
}


def generate(conditions: Conditions) -> str:
    """Return the text of *conditions*.

    Raises UsageError for conditions with an error, and for an unknown condition.
    """
    if conditions.get("error") is not None:
        raise UsageError(str(conditions["error"]))
    if not {"operator", "children"} <= conditions.keys():
        raise UsageError("Unknown condition type")
    text = _group(conditions)
    if text.startswith("(") and text.endswith(")") and text.count("(") + text.count(")") == 2:
        return text[1:-1]
    return text


def _group(group: Conditions) -> str:
    return f" {group['operator']} ".join(map(_child, group["children"]))


def _child(child: Conditions | None) -> str:
    # What is no condition, parse_compatible returns as None.
    kind = (child or {}).get("type")
    if child is None or (kind != "group" and kind not in SUBJECT_OF):
        raise UsageError("Unknown condition type")
    return f"({_group(child)})" if kind == "group" else _leaf(child)


def _leaf(leaf: Conditions) -> str:
    name = SUBJECT_OF[leaf["type"]]
    if name in NESTED:
        name += f".{_escaped(as_string(leaf.get('name', 'undefined')))}"
    value = leaf.get("value", "undefined")
    form = _FORMS.get(leaf["operator"], "{name} {operator} {value}")
    return form.format(
        name=name,
        operator=leaf["operator"],
        text=as_string(value),
        value=_literal(value),
        number=number_text(as_number(value)),
    )


def _escaped(name: str) -> str:
    units = name.encode("utf-16-le", "surrogatepass")
    characters = [chr(units[at] | units[at + 1] << 8) for at in range(0, len(units), 2)]
    return "".join(f"\\{each}" if _UNSAFE.match(each) else each for each in characters)


def _literal(value: Any) -> str:
    is_bare = isinstance(value, bool | int | float)
    return as_string(value) if is_bare else f'"{as_string(value)}"'
