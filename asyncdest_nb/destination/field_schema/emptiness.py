"""Empty values are removed before a payload is checked."""

from __future__ import annotations

from typing import Any

from .coercion import type_of
from .schema import FieldSchema


def without_empty(payload: dict[str, Any], schema: FieldSchema, *, is_root: bool) -> dict[str, Any]:
    """Return a copy of *payload* without the values that are empty for their field.

    null is empty unless the field takes null, "" unless it takes texts; *is_root* = it is
    empty for each field. Undeclared keys, and objects without declared fields, are untouched.
    """
    fields = schema.fields or {}
    kept = {}
    for key, value in payload.items():
        own = fields.get(key)
        if own is None:
            kept[key] = value
        elif not (_is_empty(value, own) or (is_root and value == "")):
            kept[key] = _filtered(value, own)
    return kept


def _is_empty(value: Any, schema: FieldSchema) -> bool:
    if value is None:
        return "null" not in schema.types
    return bool(value == "" and "string" not in schema.types)


def _filtered(value: Any, schema: FieldSchema) -> Any:
    if schema.fields is not None and isinstance(value, dict):
        return without_empty(value, schema, is_root=False)
    if schema.items is not None and type_of(value) == "array":
        # Objects in arrays are not cleaned inside, as in the original.
        return [each for each in value if not _is_empty(each, schema.items)]
    return value
