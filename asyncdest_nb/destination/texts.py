"""Payloads as JSON texts, many at once: field by field, without an object for each row.

It writes what ``Payload.as_json`` returns, for models whose fields say all that there is to
know, and for values that pydantic would take as they are. All other rows are read alone.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping, Sequence
from inspect import getattr_static
from math import isfinite
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ..numerals import EXACT_INTEGER
from .checks import check_value
from .data_payload import DataPayload
from .input_field import InputField, input_fields
from .models import Payload, is_own_conversion
from .scalars import OF_FORMAT

# The JSON text of a value, None = its row has to be read alone.
Write = Callable[[Any], str | None]
# The same of the values of many rows; "" = the field is left out.
_Column = Callable[[Sequence[Any]], list[str | None]]

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_METHODS = (
    *("__init__", "__new__", "__getattribute__", "__setattr__", "__get_pydantic_core_schema__"),
    *("as_json", "keys", "model_dump", "model_validate", "model_post_init", "model_construct"),
)
_HOOKS = (
    *("validators", "field_validators", "root_validators"),
    *("field_serializers", "model_serializers", "computed_fields"),
)


class PayloadWriter:
    """Writes payloads of *model* as JSON texts, in the form that a store has them.

    *left_out* stands for a value that is not there. ``is_able``: it can write most rows.
    ``is_lasting``: a payload can be made of its text again.
    """

    def __init__(self, model: type[Payload], *, left_out: object) -> None:
        self._required = {key for key, each in input_fields(model).items() if each.required}
        columns = {key: _column_of(model, key, left_out) for key in model.model_fields}
        self._columns = {key: each for key, each in columns.items() if each is not None}
        self.is_able = len(self._columns) == len(columns) and not _has_own_code(model)
        self.is_lasting = self.is_able or issubclass(model, DataPayload)

    def parts(self, values: Mapping[str, Sequence[Any]]) -> dict[str, list[str | None]] | None:
        """Return the JSON texts of the *values* of each field, an entry per row.

        "" = the field is left out, None = the row has to be read alone. None in place of all
        = every row has to.
        """
        if not self.is_able or not self._required <= values.keys():
            return None
        columns = self._columns.items()
        return {key: column(values[key]) for key, column in columns if key in values}


def joined(parts: Mapping[str, Sequence[str | None]], rows: int) -> list[str | None]:
    """Return the JSON objects of *rows* rows, None for those that have to be read alone."""
    names = [f"{to_json(key)}:" for key in parts]
    if not names:
        return ["{}"] * rows
    each_row = zip(*parts.values(), strict=True)
    if not any(None in part or "" in part for part in parts.values()):
        form = "{" + ",".join(f"{name.replace('%', '%%')}%s" for name in names) + "}"
        return [form % row for row in each_row]
    return [None if None in row else _object(names, row) for row in each_row]


def _object(names: Sequence[str], row: Sequence[str | None]) -> str:
    pairs = zip(names, row, strict=True)
    return "{" + ",".join([f"{name}{text}" for name, text in pairs if text]) + "}"


def _has_own_code(model: type[Payload]) -> bool:
    """Whether the model has code of its author, or a configuration, that may change a payload."""
    hooks: Any = model.__pydantic_decorators__
    base: Any = Payload.__pydantic_decorators__
    return (
        any(getattr(hooks, name) for name in _HOOKS)
        or hooks.model_validators.keys() != base.model_validators.keys()
        or any(_static(model, name) is not _static(Payload, name) for name in _METHODS)
        or model.model_config != Payload.model_config
    )


def _static(model: type[Payload], name: str) -> Any:
    return getattr_static(model, name, None)


def _column_of(model: type[Payload], key: str, left_out: object) -> _Column | None:
    """Return what writes the values of a field, None = its rows have to be read alone."""
    info, declared = model.model_fields[key], input_fields(model)[key]
    kind = _kind_of(info.annotation)
    if not all(map(is_own_conversion, info.metadata)) or _is_special(info):
        return None
    if kind is str and declared.format in OF_FORMAT:
        return None
    write = _choice(kind, declared) or _WRITE.get(kind) or _nested(kind)
    if write is None:
        return None
    if declared.is_limited and not _is_choice(kind, declared):
        write = _checked(write, declared)
    return _column(write, declared, left_out)


def _kind_of(annotation: Any) -> Any:
    """Return the one type behind ``| None``; None = there are several, or it has a validator."""
    members = [annotation]
    if get_origin(annotation) in (Union, types.UnionType):
        members = [each for each in get_args(annotation) if each is not type(None)]
    is_plain = len(members) == 1 and get_origin(members[0]) is not Annotated
    return members[0] if is_plain else None


def _is_special(info: FieldInfo) -> bool:
    names = (info.alias, info.validation_alias, info.serialization_alias)
    options = (info.exclude, info.exclude_if, info.discriminator)
    return any(each is not None for each in (*names, *options))


def _checked(write: Write, declared: InputField) -> Write:
    def checked(value: Any) -> str | None:
        # What is checked is the text that a number becomes.
        text = None if write is _text and type(value) is not str else write(value)
        if text is not None:
            try:
                for item in value if declared.multiple else (value,):
                    check_value(declared, item)
            except Exception:  # The reason is found where the row is read alone.
                return None
        return text

    return checked


def _column(write: Write, declared: InputField, left_out: object) -> _Column:
    absent = None if declared.required else ""
    null = None if declared.allow_null else absent

    def other(value: Any) -> str | None:
        if value is None or value == "":
            return null
        return absent if value is left_out else write(value)

    # Each of these saves a call for most values.
    if write is _text:
        return lambda values: [
            _quoted(value) if type(value) is str and value else other(value) for value in values
        ]
    if write is _integer:
        return lambda values: [
            repr(value) if type(value) is int else other(value) for value in values
        ]
    if write is _number:
        return lambda values: [
            repr(value) if type(value) is float and isfinite(value) else other(value)
            for value in values
        ]
    if write is _truth:
        return lambda values: [
            "true" if value is True else "false" if value is False else other(value)
            for value in values
        ]
    return lambda values: list(map(other, values))


def _text(value: Any) -> str | None:
    if type(value) is str:
        return _quoted(value)
    return f'"{value!r}"' if type(value) is int else None


def _integer(value: Any) -> str | None:
    return repr(value) if type(value) is int else None


def _number(value: Any) -> str | None:
    if type(value) is float:
        return repr(value) if isfinite(value) else None
    is_exact = type(value) is int and abs(value) < EXACT_INTEGER
    return repr(float(value)) if is_exact else None


def _truth(value: Any) -> str | None:
    return ("true" if value else "false") if type(value) is bool else None


def _anything(value: Any) -> str | None:
    return to_json(value)


def _texts(value: Any) -> str | None:
    is_plain = type(value) is list and all(type(each) is str for each in value)
    return to_json(value) if is_plain else None


def _json_object(value: Any) -> str | None:
    is_plain = type(value) is dict and all(type(key) is str for key in value)
    return to_json(value) if is_plain else None


_quoted = json.encoder.encode_basestring
_WRITE: dict[Any, Write] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _truth,
    Any: _anything,
}


def _nested(kind: Any) -> Write | None:
    written = {(list, (str,)): _texts, (dict, (str, Any)): _json_object}
    return written.get((get_origin(kind), get_args(kind)))


def _choice(kind: Any, declared: InputField) -> Write | None:
    """Return what writes one of several texts, None = the field is not limited by that alone."""
    if not _is_choice(kind, declared):
        return None
    known = {each: _quoted(each) for each in declared.choices or ()}
    return lambda value: known.get(value) if type(value) is str else None


def _is_choice(kind: Any, declared: InputField) -> bool:
    limits = (declared.format, declared.minimum, declared.maximum)
    if declared.choices is None or any(each is not None for each in limits):
        return False
    is_text = kind is str or get_origin(kind) is Literal
    return is_text and all(type(each) is str for each in declared.choices)
