"""JSON schemas as Gemini takes them: without references, types in capitals, null as a mark.

It is for ``responseSchema``. The other field, ``responseJsonSchema``, takes JSON schemas as they
are, but its answers in batches were reported to break off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..llm_batches import StrictForm, strict_schema

FORM = StrictForm(
    needs_all=False,
    unknown=frozenset({"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"}),
    formats=frozenset({"date-time"}),
)
_KEPT = (
    *("title", "description", "format", "pattern", "required"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
)


def response_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return *schema* for ``responseSchema``; raises ValueError, with the place, if it has none."""
    whole = strict_schema(schema, FORM)
    found: dict[str, Any] = _part(whole, whole, ())
    return found


def _part(given: Mapping[str, Any], whole: Mapping[str, Any], opened: tuple[str, ...]) -> Any:
    """Return a part of the schema *whole*; *opened* are the references around it."""
    if reference := given.get("$ref"):
        if reference in opened:
            raise ValueError(f"{reference!r} contains itself, which Gemini does not take")
        return _part(_at(whole, reference), whole, (*opened, reference))
    options = [each for each in given.get("anyOf", ()) if each.get("type") != "null"]
    may_be_null = len(options) < len(given.get("anyOf", ()))
    if len(options) == 1:
        others = {name: value for name, value in given.items() if name != "anyOf"}
        found = _part({**options[0], **others}, whole, opened)
    else:
        found = _plain(given, whole, opened)
        if options:
            found["anyOf"] = [_part(each, whole, opened) for each in options]
    return {**found, "nullable": True} if may_be_null else found


def _plain(given: Mapping[str, Any], whole: Mapping[str, Any], opened: tuple[str, ...]) -> Any:
    found = {name: given[name] for name in _KEPT if name in given}
    kinds = given.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds] if kinds else []
    named = [kind for kind in kinds if kind != "null"]
    if len(named) > 1:
        raise ValueError(f"Gemini takes one type, or null with it; the schema has {kinds}")
    if len(named) < len(kinds):
        found["nullable"] = True
    if named:
        found["type"] = named[0].upper()
    if choices := given.get("enum") or ([given["const"]] if "const" in given else None):
        found |= _choice(choices)
    if "items" in given:
        found["items"] = _part(given["items"], whole, opened)
    if "properties" in given:
        names = given["properties"]
        found["properties"] = {name: _part(each, whole, opened) for name, each in names.items()}
        found["propertyOrdering"] = list(names)
    return found


def _choice(choices: list[Any]) -> dict[str, Any]:
    """Return the type of one of *choices*, which are texts in Gemini."""
    texts = [each for each in choices if each is not None]
    if not all(isinstance(each, str) for each in texts):
        raise ValueError(f"Gemini takes a choice of texts alone; the schema has {choices}")
    is_nullable = {"nullable": True} if len(texts) < len(choices) else {}
    return {"type": "STRING", "enum": texts, **is_nullable}


def _at(whole: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """Return what a *reference* such as "#/$defs/Address" stands for: it was looked up before."""
    found: Any = whole
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
