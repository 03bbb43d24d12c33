"""Conversions before pydantic reads a value: no id loses a digit, no number becomes a date.

pydantic writes 1001.0 as the text "1001.0", converts a float to an integer although its last
digits are unknown, and reads "20240601" as seconds since 1970.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from itertools import zip_longest
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import (
    BaseModel,
    RootModel,
)

from .scalars import OF_FORMAT, OF_TYPE, Conversion, choice_of, one_of, text_of

_SEVERAL = (list, tuple, set, frozenset)


def conversion_of(annotation: Any, *, format: str | None = None) -> Conversion | None:
    """Return the conversion of values for a field of this type, None = none is needed.

    The conversion raises ValueError for a value that pydantic would change.
    """
    is_alias, annotation = _is_alias(annotation), _unwrapped(annotation)
    origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if is_alias and origin not in OF_TYPE:
        return _later(annotation)
    if origin in (Union, types.UnionType):
        return _of_union([each for each in arguments if each is not type(None)], format)
    if origin is Literal:
        return _of_choices(arguments)
    if not isinstance(origin, type):
        return None
    if origin is str and format in OF_FORMAT:
        return OF_FORMAT[format]
    if origin in OF_TYPE:
        return OF_TYPE[origin]
    if issubclass(origin, Enum):
        return _of_choices([each.value for each in origin])
    if issubclass(origin, RootModel):
        return _later(origin.model_fields["root"].annotation)
    if has_fields(origin):
        return _each_field(origin)
    return _inside(origin, arguments, format) if arguments else None


def has_fields(kind: type) -> bool:
    """Whether *kind* is a class of named fields, such as a model or a dataclass."""
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    # Before Python 3.13 typing.is_typeddict is False for those of typing_extensions.
    is_typed_dict = issubclass(kind, dict) and hasattr(kind, "__total__")
    return issubclass(kind, BaseModel) or is_dataclass(kind) or is_typed_dict or is_named_tuple


def _unwrapped(annotation: Any) -> Any:
    """Return the type behind aliases, NewType and Annotated."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    if isinstance(annotation, NewType):
        return _unwrapped(annotation.__supertype__)
    return _unwrapped(annotation.__value__) if _is_alias(annotation) else annotation


def _is_alias(annotation: Any) -> bool:
    # typing has the class from Python 3.12 on, before that typing_extensions.
    return type(annotation).__name__ == "TypeAliasType"


def _of_choices(choices: Iterable[Any]) -> Conversion | None:
    return choice_of if all(isinstance(each, str) for each in choices) else None


def _of_union(members: list[Any], format: str | None) -> Conversion | None:
    """Return a conversion by the members of a union that have the shape of the value."""
    found = [(each, conversion_of(each, format=format)) for each in members]
    if len(found) == 1:
        return found[0][1]
    by_shape: dict[str, list[Conversion]] = {"mapping": [], "several": []}
    scalars: list[Conversion | None] = []
    for member, conversion in found:
        shape = _shape(member)
        if shape is None:
            scalars.append(conversion)
        elif conversion is not None:
            by_shape[shape].append(conversion)
    of_scalar = one_of(scalars)
    if format in OF_FORMAT and OF_FORMAT[format] in scalars:
        of_scalar = OF_FORMAT[format]

    def convert(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _all_fitting(by_shape["mapping"], value)
        if isinstance(value, _SEVERAL):
            return _all_fitting(by_shape["several"], value)
        return of_scalar(value)

    return convert


def _shape(annotation: Any) -> str | None:
    kind = get_origin(_unwrapped(annotation)) or _unwrapped(annotation)
    if not isinstance(kind, type) or issubclass(kind, str | bytes | Enum):
        return None
    if issubclass(kind, Mapping) or (has_fields(kind) and not issubclass(kind, tuple)):
        return "mapping"
    return "several" if issubclass(kind, Iterable) else None


def _all_fitting(conversions: list[Conversion], value: Any) -> Any:
    """Apply every conversion that accepts *value*: pydantic chooses among the types later."""
    faults = []
    for conversion in conversions:
        try:
            value = conversion(value)
        except ValueError as error:
            faults.append(error)
    if faults and len(faults) == len(conversions):
        raise faults[0]
    return value


def _inside(kind: type, arguments: tuple[Any, ...], format: str | None) -> Conversion | None:
    """Return the conversion of a list, mapping or tuple with the type *arguments*."""
    if issubclass(kind, Mapping) and len(arguments) == 2:
        of_key, of_value = map(conversion_of, arguments)
        return _each_pair(None if of_key is text_of else of_key, of_value)
    if issubclass(kind, tuple) and arguments[1:] != (...,):
        return _each_place([conversion_of(each, format=format) for each in arguments])
    if issubclass(kind, Iterable) and not issubclass(kind, Mapping):
        return _each(conversion_of(arguments[0], format=format))
    return None


def _each(conversion: Conversion | None) -> Conversion | None:
    if conversion is None:
        return None

    def convert(values: Any) -> Any:
        is_several = isinstance(values, _SEVERAL)
        return type(values)(map(conversion, values)) if is_several else values

    return convert


def _each_place(conversions: Sequence[Conversion | None]) -> Conversion:
    def convert(values: Any) -> Any:
        if not isinstance(values, list | tuple) or len(values) != len(conversions):
            return values
        pairs = zip(conversions, values, strict=True)
        return [value if own is None else own(value) for own, value in pairs]

    return convert


def _each_pair(of_key: Conversion | None, of_value: Conversion | None) -> Conversion | None:
    if of_key is of_value is None:
        return None

    def convert(values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {
            key if of_key is None else of_key(key): each if of_value is None else of_value(each)
            for key, each in values.items()
        }

    return convert


def _each_field(kind: type) -> Conversion:
    # Read on first use: a class may refer to itself, or to one that is not defined yet.
    fields = cache(lambda: _fields_of(kind))

    def convert(values: Any) -> Any:
        own = fields()
        if isinstance(values, Mapping):
            return {key: own[key](each) if key in own else each for key, each in values.items()}
        if issubclass(kind, tuple) and isinstance(values, list | tuple):
            names = zip_longest(kind.__match_args__[: len(values)], values)  # type: ignore[attr-defined]
            return [own[name](each) if name in own else each for name, each in names]
        return values

    return convert


def _fields_of(kind: type) -> dict[str, Conversion]:
    """Return the conversions of the fields of a class, by each name of a field."""
    if not issubclass(kind, BaseModel):
        found = {name: conversion_of(each) for name, each in _hints(kind).items()}
        return {name: each for name, each in found.items() if each is not None}
    fields: dict[str, Conversion] = {}
    for name, info in kind.model_fields.items():
        if (conversion := conversion_of(info.annotation)) is not None:
            names = (name, info.alias, info.validation_alias)
            fields.update({each: conversion for each in names if isinstance(each, str)})
    return fields


def _hints(kind: type) -> dict[str, Any]:
    try:
        return get_type_hints(kind)
    except (NameError, TypeError):  # The class was defined inside a function.
        return {}


def _later(annotation: Any) -> Conversion:
    """Return a conversion that is looked up on first use: a type may refer to itself."""
    found = cache(lambda: conversion_of(annotation))

    def convert(value: Any) -> Any:
        conversion = found()
        return value if conversion is None else conversion(value)

    return convert
