"""JSON schemas in the strict form: every object lists its keys, and has no others.

The vendors answer 400 to other schemas, or change them without a word: a ``dict[str, int]``
becomes an object that is always empty. Such a schema is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

_BY_NAME = ("properties", "$defs", "definitions")
_IN_LISTS = ("anyOf", "allOf")
_KINDS = ("type", "$ref", "enum", "const", "oneOf", *_IN_LISTS)
_KEYS = "name its keys as fields of a class, or use a list of objects with a key and a value"


@dataclass(frozen=True)
class StrictForm:
    """What a vendor wants of a schema.

    ``needs_all``: every property is required; one that may be left out has to allow null.
    ``unknown`` keywords, and other formats than ``formats``, are not taken: they become part
    of the description, where the model reads them. ``most_optional`` is how many properties may
    be left out, in all objects together; None = any number.
    """

    needs_all: bool
    unknown: frozenset[str]
    formats: frozenset[str]
    most_optional: int | None = None

    def takes(self, keyword: str, value: object) -> bool:
        """Return whether the vendor takes *keyword* with this *value*."""
        if keyword == "format":
            return value in self.formats
        if keyword == "minItems" and value in (0, 1):
            return True
        return keyword not in self.unknown


def strict_schema(schema: Mapping[str, Any], form: StrictForm) -> dict[str, Any]:
    """Return *schema* in the strict form; raises ValueError, with the place, if it has none."""
    whole = deepcopy(dict(schema))
    found = _StrictSchema(whole, form).of(whole, "", frozenset())
    root = _at(found, found["$ref"]) if "$ref" in found else found
    if root.get("type") != "object":
        raise ValueError("the schema is no object at its top: use a class with fields")
    count, most = _optional_in(schema), form.most_optional
    if most is not None and count > most:
        raise ValueError(
            f"{count} properties may be left out, and the vendor takes {most} of these: make "
            "others required, and let them be null"
        )
    # A recursive class refers to itself at the top, where the vendors want an object.
    return {**root, **{name: found[name] for name in ("$defs", "definitions") if name in found}}


class _StrictSchema:
    """Makes the parts of the schema *whole* strict."""

    def __init__(self, whole: Mapping[str, Any], form: StrictForm) -> None:
        self._whole = whole
        self._form = form

    def of(self, given: Any, place: str, opened: frozenset[str]) -> dict[str, Any]:
        """Return the part of the schema at *place*; *opened* are the references around it."""
        if not isinstance(given, dict) or not any(name in given for name in _KINDS):
            raise ValueError(f"{_where(place)} may be anything: give it a type")
        schema, opened = self._without_reference(given, opened)
        if isinstance(schema.get("allOf"), list) and len(schema["allOf"]) == 1:
            schema = {**schema["allOf"][0], **schema}
            del schema["allOf"]
        for name in ("default", "discriminator", "examples"):
            schema.pop(name, None)
        for name in _BY_NAME:
            found = (schema.get(name) or {}).items()
            if name in schema:
                schema[name] = {key: self.of(each, _in(place, key), opened) for key, each in found}
        for name in _IN_LISTS:
            if name in schema:
                schema[name] = [self.of(each, place, opened) for each in schema[name]]
        self._close(schema, place, opened)
        return self._described(schema)

    def _without_reference(
        self, given: dict[str, Any], opened: frozenset[str]
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """Return a copy of a part; a reference that has a description too is resolved."""
        schema, reference = dict(given), given.get("$ref")
        if "oneOf" in schema:  # pydantic writes unions with a discriminator so.
            schema["anyOf"] = schema.pop("oneOf")
        others = set(schema) - {"$ref", "$defs", "definitions"}
        if reference is None or not others:
            return schema, opened
        if reference in opened:
            return {"$ref": reference}, opened
        del schema["$ref"]
        return {**_at(self._whole, reference), **schema}, opened | {reference}

    def _close(self, schema: dict[str, Any], place: str, opened: frozenset[str]) -> None:
        """Make an object list all its keys, and an array say what is in it."""
        if "prefixItems" in schema:
            raise ValueError(f"{_where(place)} is a tuple: use a class with fields, or a list")
        if schema.get("type") == "array":
            schema["items"] = self.of(schema.get("items"), f"{place}[]", opened)
        if schema.get("type") != "object" and "properties" not in schema:
            return
        more = schema.get("additionalProperties")
        if more not in (False, None) or schema.get("patternProperties"):
            raise ValueError(f"{_where(place)} is a dict with keys of any name: {_KEYS}")
        if not schema.get("properties"):
            raise ValueError(f"{_where(place)} is an object without properties: {_KEYS}")
        schema["additionalProperties"] = False
        if self._form.needs_all:
            schema["required"] = list(schema["properties"])

    def _described(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return *schema* with what the vendor does not take in its description."""
        moved = [name for name, value in schema.items() if not self._form.takes(name, value)]
        text = ", ".join(f"{name}: {schema.pop(name)}" for name in moved)
        if text:
            schema["description"] = f"{schema.get('description', '')} ({text})".strip()
        return schema


def _at(whole: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """Return what a *reference* such as "#/$defs/Address" stands for."""
    found: Any = whole
    for part in str(reference).removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    if not isinstance(found, dict):
        raise ValueError(f"the schema refers to {reference!r}, which it does not have")
    return dict(found)


def _optional_in(schema: Any) -> int:
    """Return how many properties may be left out, of all objects in a *schema*."""
    if not isinstance(schema, Mapping):
        return 0
    own = set(schema.get("properties") or ()) - set(schema.get("required") or ())
    inner = [each for name in _BY_NAME for each in (schema.get(name) or {}).values()]
    inner += [each for name in ("oneOf", *_IN_LISTS) for each in schema.get(name) or ()]
    return len(own) + sum(map(_optional_in, [*inner, schema.get("items")]))


def _in(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _where(place: str) -> str:
    return f"{place!r} of the schema" if place else "the schema"
