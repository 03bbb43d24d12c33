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
from ...mapping import plan_fields, transform
from ...session import Connection, field_plans

Kind = Literal["itself", "column", "columns", "constant", "template", "empty"]

TAKEN = frozenset(
    name
    for method in (Connection.submit, Connection.preview)
    for name in inspect.signature(method).parameters
)


@dataclass(frozen=True, slots=True)
class Filling:
    """What fills a field.

    ``value`` is by ``kind``: the name of a column; the names of columns, which
    become the keys of an object; a JSON value, directives in it included; the text of
    a template. None for "itself" (what ``submit`` does by itself) and "empty".
    """

    kind: Kind = "itself"
    value: Any = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What to do with the rows. ``fillings`` by key of the field; a missing one is "itself".

    ``batch_size`` None = as many rows a request as the action takes, ``first_rows``
    None = all rows of the frame.
    """

    action: str
    fillings: Mapping[str, Filling] = field(default_factory=dict)
    batch_size: int | None = None
    first_rows: int | None = None
    again: bool = False


def by_itself(field: InputField, columns: Sequence[str]) -> str:
    """Say what fills *field* if nobody says anything, as ``submit`` decides; empty = nothing."""
    plans = field_plans({field.key: field}, is_lenient=True)
    return plan_fields(plans, columns).sources.get(field.key, "")


def in_reach(columns: Sequence[str]) -> list[str]:
    """Return the columns that a path leads to: a dot in a name is a step into it."""
    return [name for name in columns if transform({"@path": f"$.{name}"}, {name: True}) is True]


def as_keys(columns: Sequence[str]) -> list[str]:
    """Return those in reach whose names may be keys of an object: directives are none."""
    found = in_reach(columns)
    return [name for name in found if not name.startswith("@") and name != "_metadata"]


def arguments(
    choices: Choices, fields: Mapping[str, InputField], columns: Sequence[str]
) -> dict[str, Any]:
    """Return the keywords of ``submit`` that say *choices*, without what it does by itself."""
    named: dict[str, str] = {}
    mapping: dict[str, Any] = {}
    for key, filling in choices.fillings.items():
        if filling.kind == "itself" or _is_itself(filling, fields[key], columns):
            continue
        if filling.kind == "column":
            named[key] = filling.value
        else:
            mapping[key] = _mapped(filling)
    constants = {key: value for key, value in mapping.items() if _is_keyword(key, value)}
    rest = {key: value for key, value in mapping.items() if key not in constants}
    given = {
        "columns": named,
        "mapping": rest,
        "batch_size": choices.batch_size,
        "again": choices.again,
    }
    return {name: value for name, value in given.items() if value} | constants


def _is_itself(filling: Filling, field: InputField, columns: Sequence[str]) -> bool:
    words = by_itself(field, columns)
    if filling.kind == "column":
        return words == f"column {filling.value!r}"
    if filling.kind == "empty":
        return not words
    # Compared as JSON: 1 and True are equal in Python, and not in a payload.
    return words.startswith("default ") and _json(_mapped(filling)) == _json(field.default)


def _mapped(filling: Filling) -> Any:
    match filling.kind:
        case "template":
            return {"@template": filling.value}
        case "columns":
            return {name: {"@path": f"$.{name}"} for name in filling.value}
        case "empty":
            return None
        case _:
            return filling.value


def _is_keyword(key: str, value: Any) -> bool:
    is_name = key.isidentifier() and not keyword.iskeyword(key) and key not in TAKEN
    return is_name and not isinstance(value, dict | list)


_json = json.JSONEncoder(sort_keys=True).encode


def texts_of(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields of *model* that take a text though they are none: an enum, a UUID."""
    annotations = {key: info.annotation for key, info in model.model_fields.items()}
    return frozenset(
        key
        for key, each in input_fields(model).items()
        if each.type == "object" and _takes_text(annotations[key])
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

    What is no number stays a text, for the field's own check to refuse. Raises
    UsageError, with an *example* of an object, where JSON is due and it is none.
    Where the field *takes_text*, JSON is due only of what begins as JSON does.
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
    """Return the settings among *values* that say something: no blanks, no defaults."""
    # A default may be a UUID, say, of which an input holds the text.
    blanks = {
        key: (None, "", each.default, str(each.default or "")) for key, each in fields.items()
    }
    return {key: value for key, value in values.items() if value not in blanks[key]}
