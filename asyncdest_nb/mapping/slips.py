"""Slips in directives that Segment lets pass, and that no row can be sent with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import UnknownName
from .registry import directive_names

_IF = ("exists", "blank", "then", "else")
_CASES = ("lower", "upper")


def slips(name: str, value: Any) -> Iterator[str]:
    """Yield the slips of a mapping that somebody types, whatever the rows; *name* is the field.

    A stored mapping may have them: there they fail row by row, as in Segment.
    """
    if isinstance(value, list | tuple):
        for item in value:
            yield from _several(name, item)
            yield from slips(name, item)
    if isinstance(value, dict):
        yield from _of_if(name, value.get("@if"))
        yield from _of_case(name, value.get("@case"))
        for item in value.values():
            yield from slips(name, item)


def _several(name: str, item: Any) -> Iterator[str]:
    # Outside of arrays Segment refuses it too.
    if len(found := directive_names(item)) > 1:
        yield f"{name}: an object in a list has {' and '.join(found)}; write one directive"


def _of_if(name: str, argument: Any) -> Iterator[str]:
    if not isinstance(argument, dict) or directive_names(argument):
        return
    unknown = [key for key in argument if key not in _IF]
    yield from (f"{name}: {UnknownName.of('key', key, _IF, owner='@if')}" for key in unknown)
    if not unknown and argument.keys().isdisjoint(("exists", "blank")):
        yield f'{name}: @if asks about nothing; write "exists" or "blank"'
    if not unknown and argument.keys().isdisjoint(("then", "else")):
        yield f'{name}: @if gives no value; write "then", "else" or both'


def _of_case(name: str, argument: Any) -> Iterator[str]:
    if not isinstance(argument, dict) or directive_names(argument):
        return
    operator = argument.get("operator")
    if operator is None or (isinstance(operator, str) and operator not in _CASES):
        yield f'{name}: the operator of @case is {operator!r}; write "lower" or "upper"'
