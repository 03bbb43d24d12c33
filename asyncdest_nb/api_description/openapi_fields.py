"""Rows and fields in the schemas of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .openapi_document import OpenApiDocument

_LEVELS = 6  # of objects in which the rows are looked for
_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "object": "object"}


@dataclass(frozen=True, slots=True)
class RowsPlace:
    """Where the rows are in a body: the path, the schema of one, and the most that it takes."""

    path: str
    item: dict[str, Any]
    limit: int | None

    @property
    def names(self) -> list[str]:
        """The names of what a row has."""
        found = self.item.get("properties")
        return list(found) if isinstance(found, Mapping) else []


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema; "" = it does not say. Of several it is the first."""
    found = schema.get("type")
    if isinstance(found, list):
        found = next((each for each in found if each != "null"), None)
    return str(found or ("object" if "properties" in schema else ""))


def rows_in(schema: Any, document: OpenApiDocument, path: str = "") -> RowsPlace | None:
    """Return the first list of objects in a *schema*, outermost first; None = there is none."""
    level = [(path, document.schema(schema))]
    for _ in range(_LEVELS):
        for place, each in level:
            if kind_of(each) == "array":
                item = document.schema(each.get("items"))
                if kind_of(item) in ("object", ""):
                    return RowsPlace(place, item, each.get("maxItems"))
        level = [
            (f"{place}.{name}".removeprefix("."), document.schema(inner))
            for place, each in level
            for name, inner in document.resolved(each.get("properties")).items()
        ]
    return None


def values_in(
    schema: Any, document: OpenApiDocument, path: str = "", levels: int = 4
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the path and the schema of each value in an answer, outermost first."""
    found = document.resolved(document.schema(schema).get("properties"))
    inner = {name: document.schema(each) for name, each in found.items()}
    for name, each in inner.items():
        yield f"{path}.{name}".removeprefix("."), each
    for name, each in inner.items():
        if levels and kind_of(each) == "object":
            yield from values_in(each, document, f"{path}.{name}".removeprefix("."), levels - 1)


def action_fields(schema: dict[str, Any], document: OpenApiDocument) -> dict[str, dict[str, Any]]:
    """Return the fields of an action: what a row has, in the form of ``Action.payload``.

    Of a row in an envelope, as in JSON:API, they are what is in its ``attributes``.
    """
    found = document.resolved(schema.get("properties"))
    required = set(schema.get("required") or ())
    if envelope := _envelope(found, document):
        return action_fields(document.schema(found[envelope]), document)
    read = {name: document.schema(each) for name, each in found.items()}
    return {
        name: _field(name, each, document, is_required=name in required)
        for name, each in read.items()
        if not each.get("readOnly")
    }


def _envelope(properties: Mapping[str, Any], document: OpenApiDocument) -> str:
    """Return the name of the object that holds the fields of a row; "" = the row itself."""
    for name in ("attributes", "data"):
        if name in properties and kind_of(document.schema(properties[name])) == "object":
            return name
    return ""


def row_template(schema: dict[str, Any], document: OpenApiDocument, missing: list[str]) -> Any:
    """Return the template of a row: the row, or what is around its fields."""
    properties = document.resolved(schema.get("properties"))
    name = _envelope(properties, document)
    if not name:
        return "{{ row }}"
    required = [each for each in schema.get("required") or () if each in properties]
    around = {
        each: _constant(document.schema(properties[each]), f"row.{each}", missing)
        for each in required
        if each != name
    }
    return {**around, name: row_template(document.schema(properties[name]), document, missing)}


def _field(
    name: str, schema: dict[str, Any], document: OpenApiDocument, *, is_required: bool
) -> dict[str, Any]:
    label = name.replace("_", " ").strip().capitalize()
    found: dict[str, Any] = {"label": str(schema.get("title") or label)}
    if schema.get("description"):
        found["description"] = str(schema["description"])
    if kind_of(schema) == "array":
        item = document.schema(schema.get("items"))
        return {**found, "type": _type(item), "multiple": True, "required": is_required}
    found |= {"type": _type(schema), "required": is_required}
    choices = [each for each in schema.get("enum") or () if each is not None]
    return {**found, "choices": choices} if choices else found


def _type(schema: Mapping[str, Any]) -> str:
    if str(schema.get("format")) in ("date", "date-time"):
        return "datetime"
    return _TYPES.get(kind_of(schema), "string")


def body_template(schema: dict[str, Any], document: OpenApiDocument, missing: list[str]) -> Any:
    """Return the template of a body: the rows in their place, and what else is required."""
    rows = rows_in(schema, document)
    if rows is None:
        return "{{ row }}"
    return _around(schema, rows.path, document, missing, "submit[0].json")


def _around(
    schema: Any, path: str, document: OpenApiDocument, missing: list[str], place: str
) -> Any:
    if not path:
        return "{{ rows }}"
    name, _, rest = path.partition(".")
    found = document.schema(schema)
    properties = document.resolved(found.get("properties"))
    body: dict[str, Any] = {}
    for other, each in properties.items():
        if other == name:
            body[other] = _around(each, rest, document, missing, f"{place}.{other}")
        elif other in (found.get("required") or ()):
            body[other] = _constant(document.schema(each), f"{place}.{other}", missing)
    return body


def _constant(schema: Mapping[str, Any], place: str, missing: list[str]) -> Any:
    """Return the only value that there may be; else it is noted as missing."""
    choices = [schema["const"]] if "const" in schema else list(schema.get("enum") or ())
    if len(choices) == 1:
        return choices[0]
    missing.append(f"{place}: it is required; which value has it?")
    return ""
