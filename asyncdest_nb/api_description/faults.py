"""What is wrong with a description: each fault with its path, and what would be right."""

from __future__ import annotations

import copy
import difflib
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..numerals import counted

SHOWN = 60  # characters of a value in a message
_WRITE = {
    "tuple_type": "write a list",
    "list_type": "write a list",
    "dict_type": "write an object",
    "model_type": "write an object",
    "model_attributes_type": "write an object",
    "string_type": "write a text",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
}


def faults_of(error: ValidationError, model: type[BaseModel], given: Any) -> list[str]:
    """Return a line for each error that pydantic found in what was *given*."""
    found = error.errors(include_url=False)
    lines = [_line(each, model, given) for each in found if not _is_echo(each, found)]
    return list(dict.fromkeys(lines))


def _is_echo(one: ErrorDetails, found: Sequence[ErrorDetails]) -> bool:
    """Whether a list counts as too short only because its items are at fault."""
    loc = one["loc"]
    inner = any(each["loc"][: len(loc)] == loc and len(each["loc"]) > len(loc) for each in found)
    return one["type"] == "too_short" and inner


def _line(found: ErrorDetails, model: type[BaseModel], given: Any) -> str:
    kind, place = found["type"], _place(found, given)
    if kind == "extra_forbidden":
        return f"{place}: {unknown(found['loc'][-1], known_keys(model, found['loc']))}"
    if kind == "missing":
        return f"{place}: is missing"
    text = _text(found)
    return (
        f"{place}: {text}"
        if kind == "value_error"
        else f"{place}: {text}; got {shown(found['input'])}"
    )


def _text(found: ErrorDetails) -> str:
    """Return what would be right, in the words of JSON and not those of Python."""
    kind, text = found["type"], found["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return text
    if kind == "too_short":
        least = found["ctx"]["min_length"]
        what = "an object" if isinstance(found["input"], Mapping) else "a list"
        return f"write {what} with at least {counted(least, 'item')}"
    return _WRITE.get(kind, f"{text[:1].lower()}{text[1:]}")


def shown(value: Any) -> str:
    """Return a value as it is shown in a message."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def unknown(name: object, known: Iterable[str]) -> str:
    """Return that there is no key *name*, with the one that was probably meant."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key{hint or '.'} Known: {', '.join(names)}"


def _place(found: ErrorDetails, given: Any) -> str:
    """Return the path of an error in what was *given*, without pydantic's names of types."""
    place, last = "", len(found["loc"]) - 1
    for at, key in enumerate(found["loc"]):
        is_there = (isinstance(given, Mapping) and key in given) or (
            isinstance(given, Sequence) and not isinstance(given, str) and isinstance(key, int)
        )
        if not is_there and not (found["type"] == "missing" and at == last):
            continue
        place += f"[{key}]" if isinstance(key, int) else f".{key}"
        given = given[key] if is_there and (not isinstance(key, int) or key < len(given)) else None
    return place.removeprefix(".") or "the description"


def known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Return the keys of the object in which the last key of *loc* is."""
    keys = list(loc[:-1])
    while keys:
        info = fields_of(model).get(str(keys.pop(0)))
        inner, is_container = _inner(info) if info is not None else (None, False)
        if is_container and keys:
            keys.pop(0)
        model = inner or model
    return list(fields_of(model))


def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the annotations of a model by the keys that an author writes."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def spelled(error: ValidationError, model: type[BaseModel], given: Any) -> Any:
    """Return a copy of what was *given* with its unknown keys spelled as they were meant.

    Those that are like no known key are left out.
    """
    copied = copy.deepcopy(given)
    for each in error.errors(include_url=False):
        if each["type"] != "extra_forbidden":
            continue
        *outer, key = each["loc"]
        holder = copied
        for name in outer:
            is_there = isinstance(holder, Mapping) and name in holder
            holder = holder[name] if is_there or isinstance(holder, list) else holder
        if isinstance(holder, dict):
            value = holder.pop(key, None)
            near = difflib.get_close_matches(str(key), known_keys(model, each["loc"]), n=1)
            if near:
                holder.setdefault(near[0], value)
    return copied


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the model in an *annotation*, and whether it is in a list or an object."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin = get_origin(annotation)
    parts = get_args(annotation)[:1] if origin is Annotated else get_args(annotation)
    is_bare = origin in (Annotated, Union, types.UnionType)
    for part in parts:
        found, is_container = _inner(part)
        if found is not None:
            return found, is_container or not is_bare
    return None, False
