"""What was chosen, and what it means to ``submit``: values and pure functions, no widget."""

from __future__ import annotations

import inspect
import json
import keyword
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from pydantic import BaseModel, PydanticUserError, TypeAdapter

from ...destination import InputField, input_fields
from ...errors import UsageError
from ...mapping import FieldPlan, plan_fields
from ...session import Connection, field_plans

Kind = Literal["default", "column", "columns", "constant", "template", "mapping", "empty"]

TAKEN = frozenset(
    name
    for method in (Connection.submit, Connection.preview)
    for name in inspect.signature(method).parameters
)


@dataclass(frozen=True, slots=True)
class FieldSource:
    """What fills a field.

    ``value`` is by ``kind``: the name of a column; the names of columns by the keys of an
    object; a JSON value, directives in it included; the text of a template. None for
    "default" (what ``submit`` does by itself) and "empty".
    """

    kind: Kind = "default"
    value: Any = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What to do with the rows. ``sources`` are by key of the field; a missing one is "default".

    ``batch_size`` None = as many rows a request as the action takes, ``first_rows``
    None = all rows of the frame, ``subscribe`` None = those that match anything. ``key`` is the
    column by which only the rows are sent that have changed, None = all are.
    """

    action: str
    sources: Mapping[str, FieldSource] = field(default_factory=dict)
    batch_size: int | None = None
    first_rows: int | None = None
    again: bool = False
    key: str | None = None
    subscribe: str | None = None


def default_source(field: InputField, columns: Sequence[str]) -> str:
    """Return what fills *field* by default, as ``submit`` decides; empty = nothing."""
    plans = field_plans({field.key: field}, is_lenient=True)
    return plan_fields(plans, columns).sources.get(field.key, "")


def in_reach(columns: Sequence[str]) -> list[str]:
    """Return the columns that a path can name; one without a name cannot be."""
    named = list(filter(None, columns))
    fields = dict.fromkeys(named, FieldPlan())
    mapping = {name: {"@path": f"$.{name}"} for name in named}
    plan = plan_fields(fields, columns, mapping=mapping)
    return [name for name in named if plan.resolvers[name].roots == {name}]


def default_key(column: str) -> str:
    """Return the key of an object for *column*: its name, as far as that can be a key."""
    return column if _is_key(column) else column.lstrip("@_") or "column"


def _is_key(text: str) -> bool:
    return bool(text) and not text.startswith("@") and text != "_metadata"


def keyed(label: str, columns: Sequence[str], keys: Mapping[str, str]) -> dict[str, str]:
    """Return *columns* by key, in their order; *keys* are by column, a missing one is its name.

    Raises UsageError, with the *label* of the field, for a text that can be no key, and for
    a key of two columns.
    """
    found: dict[str, str] = {}
    for column in columns:
        key = keys.get(column) or default_key(column)
        if not _is_key(key):
            raise UsageError(
                f"{label}: the key {key!r} would be read as a directive; write another one for "
                f"{column!r}"
            )
        if key in found:
            raise UsageError(
                f"{label}: {found[key]!r} and {column!r} have the key {key!r}; rename one of them"
            )
        found[key] = column
    return found


def arguments(
    choices: Choices, fields: Mapping[str, InputField], columns: Sequence[str]
) -> dict[str, Any]:
    """Return the keywords of ``submit`` for *choices*, without what it does by default."""
    named: dict[str, str] = {}
    mapping: dict[str, Any] = {}
    for key, source in choices.sources.items():
        if source.kind == "default" or _is_default(source, fields[key], columns):
            continue
        if source.kind == "column":
            named[key] = source.value
        else:
            mapping[key] = _mapped(source)
    constants = {key: value for key, value in mapping.items() if _is_keyword(key, value)}
    rest = {key: value for key, value in mapping.items() if key not in constants}
    given = {
        "columns": named,
        "mapping": rest,
        "subscribe": choices.subscribe,
        "key": choices.key,
        "changed_only": choices.key is not None,
        "batch_size": choices.batch_size,
        "again": choices.again,
    }
    return {name: value for name, value in given.items() if value} | constants


def _is_default(source: FieldSource, field: InputField, columns: Sequence[str]) -> bool:
    words = default_source(field, columns)
    if source.kind == "column":
        return words == f"column {source.value!r}"
    if source.kind == "empty":
        return not words
    # Compared as JSON: 1 and True are equal in Python, and not in a payload.
    return words.startswith("default ") and _json(_mapped(source)) == _json(field.default)


def _mapped(source: FieldSource) -> Any:
    match source.kind:
        case "template":
            return {"@template": source.value}
        case "columns":
            return {key: {"@path": f"$.{name}"} for key, name in source.value.items()}
        case "empty":
            return None
        case _:
            return source.value


def _is_keyword(key: str, value: Any) -> bool:
    is_name = key.isidentifier() and not keyword.iskeyword(key) and key not in TAKEN
    return is_name and not isinstance(value, dict | list)


_json = json.JSONEncoder(sort_keys=True).encode


def texts_of(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields of *model* that take a text for a value of another type, as an enum."""
    annotations = {key: info.annotation for key, info in model.model_fields.items()}
    return frozenset(
        key
        for key, each in input_fields(model).items()
        if each.type == "object" and _takes_text(annotations.get(key, Any))
    )


def _takes_text(annotation: Any) -> bool:
    try:
        schema = TypeAdapter(annotation).json_schema()
    except PydanticUserError:  # It has no JSON, as a callable.
        return False
    return _is_text(schema, schema.get("$defs", {}))


def _is_text(schema: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    if "$ref" in schema:
        return _is_text(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        return any(_is_text(each, named) for each in schema["anyOf"])
    return bool(schema.get("type", "string") == "string")


MAPPED = '{"email": {"@path": "$.email"}}'


def parsed(field: InputField, text: str, *, takes_text: bool = False, example: str = MAPPED) -> Any:
    """Return what *text*, typed for *field*, means.

    A text that is no number stays a text, for the field's own check to refuse. Raises
    UsageError, with an *example* of an object, where JSON is needed and it is not JSON.
    Where the field *takes_text*, only a text that begins like JSON has to be JSON.
    """
    if field.multiple or field.type == "object":
        try:
            return json.loads(text, parse_constant=_refuse, parse_float=_finite)
        except ValueError as error:
            if takes_text and not field.multiple and text.lstrip()[:1] not in tuple('{["'):
                return text
            like = '["a", "b"]' if field.multiple else example
            raise UsageError(f"{field.label}: no JSON ({error}); write it like {like}") from None
    if field.type in ("integer", "number"):
        return _number(text)
    return text


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text


def given(fields: Mapping[str, InputField], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings among *values* that are neither blank nor the default."""
    # An input holds the text of a default such as a UUID.
    blanks = {
        key: (None, "", each.default, str(each.default or "")) for key, each in fields.items()
    }
    return {key: value for key, value in values.items() if value not in blanks[key]}
