"""Payloads that need no conversion, which are most of them, checked by pydantic at once.

pydantic takes only what is exact here: a text where a text is declared, a number where a number
is. All else is left to the walk in ``validator``, which converts values and finds the words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema
from pydantic_core.core_schema import CoreSchema

from .schema import FieldSchema
from .text_formats import FORMATS

Check = Callable[[dict[str, Any]], dict[str, Any] | None]


def exact_check(schema: FieldSchema) -> Check:
    """Return a function that returns a payload as it is sent, a copy, or None if it may not be.

    None means only that the payload is not exact.
    """
    found = _object(schema)
    if found is None:
        return lambda payload: None
    validate = SchemaValidator(found).validate_python

    def check(payload: dict[str, Any]) -> dict[str, Any] | None:
        try:
            exact: dict[str, Any] = validate(payload)
        except ValidationError:
            return None
        return exact

    return check


def _schema(schema: FieldSchema) -> CoreSchema | None:
    """Return pydantic's schema of what is exact, None = nothing is."""
    if schema.types == ("array",) and schema.items is not None:
        item = _schema(schema.items)
        return None if item is None else core_schema.list_schema(item, strict=True)
    own = [_single(each, schema) for each in schema.types]
    known = [each for each in own if each is not None]
    if len(known) < len(own):
        return None
    return known[0] if len(known) == 1 else core_schema.union_schema([*known], mode="left_to_right")


def _single(type_name: str, schema: FieldSchema) -> CoreSchema | None:
    if schema.choices is not None and type_name != "null":
        return _choice(type_name, schema)
    match type_name:
        case "string":
            return _text(schema)
        case "number":
            return _number(schema)
        case "integer":
            return core_schema.int_schema(strict=True)
        case "boolean":
            return core_schema.bool_schema(strict=True)
        case "null":
            return core_schema.none_schema()
        case _:
            return _object(schema)


def _choice(type_name: str, schema: FieldSchema) -> CoreSchema | None:
    texts = [each for each in schema.choices or () if isinstance(each, str)]
    is_plain = type_name == "string" and schema.format is None and schema.bounds == (None, None)
    return core_schema.literal_schema(texts) if is_plain and texts else None


def _text(schema: FieldSchema) -> CoreSchema:
    least, most = schema.bounds
    text = core_schema.str_schema(
        min_length=None if least is None else int(least),
        max_length=None if most is None else int(most),
        strict=True,
    )
    if schema.format is None:
        return text
    has_format = FORMATS[schema.format]

    def check(value: str) -> str:
        if not has_format(value):
            raise ValueError
        return value

    return core_schema.no_info_after_validator_function(check, text)


def _number(schema: FieldSchema) -> CoreSchema:
    least, most = schema.bounds if "string" not in schema.types else (None, None)
    # An integer stays one: 5 is not sent as 5.0.
    whole = core_schema.int_schema(strict=True)
    fraction = core_schema.float_schema(strict=True, allow_inf_nan=False)
    either = core_schema.union_schema([whole, fraction], mode="left_to_right")
    if least is None and most is None:
        return either

    def check(value: float) -> float:
        if (least is not None and value < least) or (most is not None and value > most):
            raise ValueError
        return value

    return core_schema.no_info_after_validator_function(check, either)


def _object(schema: FieldSchema) -> CoreSchema | None:
    if schema.fields is None:
        return core_schema.is_instance_schema(dict)
    fields = {key: _schema(own) for key, own in schema.fields.items()}
    if schema.requirements or None in fields.values():
        return None
    return core_schema.typed_dict_schema(
        {
            key: core_schema.typed_dict_field(own, required=key in schema.required)
            for key, own in fields.items()
            if own is not None
        },
        extra_behavior="allow" if schema.keeps_others else "ignore",
        strict=True,
    )
