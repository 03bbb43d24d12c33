"""Texts of a mapping that look like templates, and are none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .path import Pieces, rooted, split
from .registry import directive_names

_PLACEHOLDER = re.compile(r"\{\{\{?([^{}|]+)(\|[^{}]*)?\}\}")
# The options of directives that are values of the payload. A pattern or a path is none.
_VALUES = ("then", "else", "value", "objects", "apply")
_AS_WRITTEN = frozenset({"@literal", "@template", "@liquid", "@path", "@arrayPath"})
_LONGEST = 80


def plain_templates(
    name: str, value: Any, columns: Collection[str], names: Mapping[Pieces, str]
) -> Iterator[str]:
    """Yield what to do about the plain texts of a mapping with a column in ``{{braces}}``.

    Segment sends such a text as it is; somebody who types it for a frame means a template.
    *name* is the field, *names* are those of *columns* that are split in a path.
    """
    for where, text in _texts(value, name):
        for inside, filters in _PLACEHOLDER.findall(text):
            pieces = rooted(split(inside.strip().replace("$.", "", 1)), names)
            if pieces and pieces[0] in columns:
                yield _advice(where, text, pieces[0], "@liquid" if filters else "@template")
                break


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    if isinstance(value, list | tuple):
        yield from (each for item in value for each in _texts(item, where))
    if isinstance(value, dict):
        found = directive_names(value)
        for key, item in value.items():
            if not found:
                yield from _texts(item, f"{where}.{key}")
            elif key in found and key not in _AS_WRITTEN:
                yield from _texts(_values(item), where)


def _values(argument: Any) -> Any:
    """Return those parts of the argument of a directive that go out as they are."""
    if not isinstance(argument, dict) or directive_names(argument):
        return argument
    return [argument[name] for name in _VALUES if name in argument]


def _advice(where: str, text: str, column: str, directive: str) -> str:
    shown = repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
    return (
        f'{where}: {shown} is a constant, and goes out as it is: write {{"{directive}": …}} to '
        f'fill it from the column {column!r}, or {{"@literal": …}} if braces are meant'
    )
