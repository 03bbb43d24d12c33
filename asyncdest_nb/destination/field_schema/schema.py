"""What fields given as data accept: a tree of schemas, in the terms of JSON schema.

Segment's framework makes a JSON schema of the fields of an action; its gaps are kept, since a
payload that is valid there is valid here: a bound of 0 is no bound, bounds count for texts and
numbers alone, format and bounds of a field for several values do not reach the values, and an
object with a conditionally required child requires no other child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import UnknownName, UsageError
from .conditions import Requirement, requirement
from .text_formats import FORMATS

# The JSON types of a field's type, in the order in which a value is converted to them.
_TYPES: dict[str, tuple[str, ...]] = {
    "string": ("string",),
    "text": ("string",),
    "password": ("string",),
    "datetime": ("string", "number"),
    "number": ("number",),
    "integer": ("integer",),
    "boolean": ("boolean",),
    "object": ("object",),
}


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """What one value must be.

    ``label`` names it in messages, "" = its place does. ``types`` are JSON types.
    ``bounds`` are those of a number, or of the length of a text, None = no bound. ``items``
    is the schema of the items of an array. ``fields`` are those of an object, None = any.
    """

    types: tuple[str, ...]
    label: str = ""
    format: str | None = None
    choices: tuple[Any, ...] | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    items: FieldSchema | None = None
    fields: Mapping[str, FieldSchema] | None = None
    required: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    keeps_others: bool = False


def schema_of(fields: Mapping[str, Mapping[str, Any]], what: str = "fields") -> FieldSchema:
    """Return the schema of an object with *fields*, each a dict of Segment's attributes.

    Raises UnknownName or UsageError for what can never accept a value, with *what* as the
    place: an unknown type or format, no choices, a condition that Segment does not know.
    """
    return _object(fields, f"{what}: field ")


def _object(fields: Mapping[str, Mapping[str, Any]], place: str) -> FieldSchema:
    return FieldSchema(
        types=("object",),
        fields={key: _field(each, f"{place}{key!r}") for key, each in fields.items()},
        required=tuple(key for key, each in fields.items() if each.get("required") is True),
        requirements=tuple(_requirements(fields, place)),
    )


def _requirements(fields: Mapping[str, Mapping[str, Any]], place: str) -> Iterable[Requirement]:
    """Return the conditional requirements of *fields*, and before each those of its children."""
    for key, each in fields.items():
        for child, inner in _properties(each).items():
            if _is_conditional(inner):
                name = f"{key}.{child}"
                yield requirement(name, inner["required"], f"{place}{name!r}")
        if _is_conditional(each):
            yield requirement(key, each["required"], f"{place}{key!r}")


def _is_conditional(given: Mapping[str, Any]) -> bool:
    return isinstance(given.get("required"), Mapping)


def _properties(given: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    found = given.get("properties") if given.get("type") == "object" else None
    return found if isinstance(found, Mapping) else {}


def _field(given: Mapping[str, Any], place: str) -> FieldSchema:
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise UnknownName.of("type", kind, _TYPES, owner=place)
    label, is_nullable = str(given.get("label") or ""), bool(given.get("allowNull"))
    choices = _choices(given.get("choices"), place)
    if choices is not None and is_nullable:
        choices = (*choices, None)
    if given.get("multiple"):
        item = _inner(given, place) or FieldSchema(_TYPES[kind], choices=choices)
        return FieldSchema(("array",), label=label, items=item)
    # Declared fields take the null away that an object may otherwise be.
    own = _inner(given, place) or FieldSchema((*_TYPES[kind], *["null"] * is_nullable))
    return replace(
        own,
        label=label,
        choices=choices,
        format=_format(given, place),
        bounds=_bounds(given, place),
    )


def _inner(given: Mapping[str, Any], place: str) -> FieldSchema | None:
    """Return the schema of an object with declared fields, None = it has none."""
    if given["type"] != "object" or not isinstance(given.get("properties"), Mapping):
        return None
    properties = _properties(given)
    own = replace(
        _object(properties, f"{place} > "), keeps_others=given.get("additionalProperties") is True
    )
    if any(map(_is_conditional, properties.values())):
        return replace(own, required=(), requirements=())
    return own


def _format(given: Mapping[str, Any], place: str) -> str | None:
    if given["type"] == "datetime":
        return "date-like"
    name = given.get("format")
    if name is None or "text" in (name, given["type"]) or "password" in (name, given["type"]):
        return None
    if name not in FORMATS:
        raise UnknownName.of("format", name, FORMATS, owner=place)
    return str(name)


def _bounds(given: Mapping[str, Any], place: str) -> tuple[float | None, float | None]:
    if given["type"] not in ("string", "number"):
        return None, None
    least, most = given.get("minimum") or None, given.get("maximum") or None
    for bound in (least, most):
        is_length = given["type"] == "string" and not given.get("multiple")
        if bound is not None and is_length and (bound < 0 or bound != int(bound)):
            raise UsageError(
                f"{place}: minimum and maximum of a text are numbers of characters, not {bound!r}"
            )
    return least, most


def _choices(given: Any, place: str) -> tuple[Any, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list | tuple) or not given:
        raise UsageError(f"{place}: choices is {given!r}; write a list of at least one value")
    return tuple(
        each["value"] if isinstance(each, Mapping) and "value" in each else each for each in given
    )
