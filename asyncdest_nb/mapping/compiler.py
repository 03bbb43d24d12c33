"""Mappings, checked and compiled once, then resolved for any number of rows."""

from __future__ import annotations

from typing import Any

from ..errors import MappingError
from .checks import problems
from .registry import Compile, Resolver
from .values import UNDEFINED, code_units, type_name

# Segment's name: its directive becomes the root, with the other keys as its "mapping".
_ROOT = "__segment_internal_directive"


def compile_mapping(mapping: Any, compiled: Compile | None = None) -> Resolver:
    """Check and compile a mapping.

    Raises MappingError with one line per problem, in Segment's words.
    """
    root = _unwrapped(_as_object(mapping))
    if found := problems(root):
        raise MappingError("\n".join(found))
    return (compiled or Compile())(root)


def transform(mapping: Any, data: Any = UNDEFINED) -> Any:
    """Resolve a mapping for one row, as Segment's function of this name does.

    Without *data* the row is {}. The result is UNDEFINED if the mapping is itself a
    directive and finds nothing. Raises MappingError for an invalid mapping or *data*.
    """
    row = as_event(data)
    return compile_mapping(mapping).resolve(row)


def as_event(data: Any) -> dict[str, Any]:
    """Return *data* if it is an object, {} if it is undefined; raises MappingError otherwise."""
    if data is UNDEFINED:
        return {}
    if not isinstance(data, dict):
        raise MappingError(f"data must be an object, got {type_name(data)}")
    return data


def transform_batch(mapping: Any, data: Any) -> list[Any]:
    """Resolve a mapping for each row of *data*, in order; UNDEFINED as in ``transform``.

    Raises MappingError if *data* is no list, or as ``transform`` does.
    """
    if not isinstance(data, list):
        raise MappingError(f"data must be an array, got {type_name(data)}")
    resolver = compile_mapping(mapping)
    return [resolver.resolve(row) for row in data]


def _as_object(mapping: Any) -> dict[str, Any]:
    """Convert a mapping as JavaScript spreads it: arrays and texts by index, numbers to {}."""
    match mapping:
        case dict():
            return mapping
        case list() | tuple():
            return {str(index): each for index, each in enumerate(mapping)}
        case str():
            return {str(index): each for index, each in enumerate(code_units(mapping))}
        case bool() | int() | float():
            return {}
        case _:
            raise MappingError(f"a mapping should be an object but it is a {type_name(mapping)}")


def _unwrapped(mapping: dict[str, Any]) -> dict[str, Any]:
    if _ROOT not in mapping:
        return mapping
    given = mapping[_ROOT]
    if isinstance(given, dict | list | tuple | str) and len(given) > 1:
        raise MappingError("The root mapping must only have a single directive object")
    wrapper = given if isinstance(given, dict) else {}
    name, options = next(iter(wrapper.items()), ("", None))
    if isinstance(options, list | tuple):
        return wrapper  # JavaScript sets "mapping" on the array, and nobody reads it.
    if not isinstance(options, dict):
        raise MappingError("The root directive must be an object")
    siblings = {key: value for key, value in mapping.items() if key != _ROOT}
    return {name: {**options, "mapping": siblings}}
