"""What a value may become before pydantic reads it: no id loses a digit, no number is a date.

pydantic writes 1001.0 as the text "1001.0", makes an integer of a float whose last digits
are unknown, and takes "20240601" for seconds since 1970.
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
    """Return what makes of a value what a field of this type may take; None = nothing to do.

    It raises ValueError for a value that the type would read as another one.
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
    """Say whether *kind* is a class of named fields, as models and dataclasses are."""
    is_named_tuple = issubclass(kind, tuple) and hasattr(kind, "_fields")
    # typing.is_typeddict does not know those of typing_extensions before Python 3.13.
    is_typed_dict = issubclass(kind, dict) and hasattr(kind, "__total__")
    return issubclass(kind, BaseModel) or is_dataclass(kind) or is_typed_dict or is_named_tuple


def _unwrapped(annotation: Any) -> Any:
    """Return the type that *annotation* is another name for, or says more about."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    if isinstance(annotation, NewType):
        return _unwrapped(annotation.__supertype__)
    return _unwrapped(annotation.__value__) if _is_alias(annotation) else annotation


def _is_alias(annotation: Any) -> bool:
    # Of typing only from Python 3.12 on, and of typing_extensions before.
    return type(annotation).__name__ == "TypeAliasType"


def _of_choices(choices: Iterable[Any]) -> Conversion | None:
    return choice_of if all(isinstance(each, str) for each in choices) else None


def _of_union(members: list[Any], format: str | None) -> Conversion | None:
    """Return the conversion of those members that a value looks like."""
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
    """Return *value* by all the conversions that take it: pydantic decides later which it is."""
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
    """Return the conversion of a list, a mapping or a tuple of *arguments*."""
    if issubclass(kind, Mapping) and len(arguments) == 2:
        of_key, of_value = map(conversion_of, arguments)
        return _each_pair(None if of_key is text_of else of_key, of_value)  # A key is a text.
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
    # Read when it is used: a class may hold itself, or one that is not defined yet.
    fields = cache(lambda: _fields_of(kind))

    def convert(values: Any) -> Any:
        own = fields()
        if isinstance(values, Mapping):
            return {key: own[key](each) if key in own else each for key, each in values.items()}
        if issubclass(kind, tuple) and isinstance(values, list | tuple):
            names = zip_longest(kind._fields[: len(values)], values)  # type: ignore[attr-defined]
            return [own[name](each) if name in own else each for name, each in names]
        return values

    return convert


def _fields_of(kind: type) -> dict[str, Conversion]:
    """Return the conversions of the fields of a class, by every name that they have."""
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
    except (NameError, TypeError):  # Of a class inside a function.
        return {}


def _later(annotation: Any) -> Conversion:
    """Return a conversion that is looked up when it is used: a type may hold itself."""
    found = cache(lambda: conversion_of(annotation))

    def convert(value: Any) -> Any:
        conversion = found()
        return value if conversion is None else conversion(value)

    return convert
