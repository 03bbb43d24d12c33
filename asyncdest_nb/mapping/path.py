"""Paths into a row: ``$.traits.address.city``, ``items[0].sku``, ``$['door code']``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .values import UNDEFINED, code_units

Pieces = tuple[str, ...]

# A bracket that is not next to a quote or a digit is part of the key.
_SPLIT = re.compile(r"""\.|\[(?=['"0-9])|(?<=['"0-9])\]+""")
_QUOTES = re.compile(r"""['"]""")
_INDEX = re.compile(r"0|[1-9][0-9]*")


def split(path: str) -> Pieces:
    """Return the keys of *path*, empty for the whole row.

    A dot in quotes is a separator too: a key with a dot in it cannot be reached. Names of
    columns can: see ``rooted``.
    """
    return tuple(_QUOTES.sub("", piece) for piece in _SPLIT.split(path) if piece)


def split_names(columns: Iterable[str]) -> dict[Pieces, str]:
    """Return the *columns* whose names are split in a path, by their pieces; the first wins."""
    found: dict[Pieces, str] = {}
    for name in columns:
        pieces = split(name)
        if pieces and pieces != (name,):
            found.setdefault(pieces, name)
    return found


def rooted(pieces: Pieces, names: Mapping[Pieces, str]) -> Pieces:
    """Return *pieces* with those that are the name of a column joined; the longest name wins.

    A frame is flat, and ``address.city`` is a common name in it, as by
    ``pandas.json_normalize``. So ``$.address.city`` is that column where there is one,
    and otherwise leads into the column ``address``, as in Segment's framework.
    """
    for count in range(len(pieces), 0, -1) if names else ():
        if pieces[:count] in names:
            return (names[pieces[:count]], *pieces[count:])
    return pieces


def nests_of(columns: Iterable[str]) -> dict[Pieces, dict[Pieces, str]]:
    """Return the objects that *columns* with split names make: their columns, by the rest of
    their pieces. A real column of the name is no such object.
    """
    names = list(columns)
    plain, found = set(names), dict[Pieces, dict[Pieces, str]]()
    for pieces, name in split_names(names).items():
        for count in range(1, len(pieces)):
            if not any(_is_column(pieces[:end], plain) for end in range(1, count + 1)):
                found.setdefault(pieces[:count], {})[pieces[count:]] = name
    return found


def _is_column(pieces: Pieces, columns: set[str]) -> bool:
    return ".".join(pieces) in columns


def nested(row: Any, names: Mapping[Pieces, str]) -> Any:
    """Return *row* with objects made of the columns whose *names* are split in a path.

    A column ``address.city`` is then also the key ``city`` of ``address``, unless there is a
    column ``address``.
    """
    return nest(row, names) | row


def nest(row: Any, names: Mapping[Pieces, str]) -> dict[str, Any]:
    """Return the object with the values that *row* has under *names*, by their pieces."""
    made: dict[str, Any] = {}
    for pieces, name in names.items():
        inner = made
        for piece in pieces[:-1]:
            inner = inner.setdefault(piece, {})
            if not isinstance(inner, dict):
                break
        else:
            inner[pieces[-1]] = row[name]
    return made


def getter(pieces: Pieces) -> Callable[[Any], Any]:
    """Return a function that does what ``lookup`` does with *pieces*, the usual case fast.

    Only an object can be indexed by a text, so whatever is not an object with the key is
    left to ``lookup``.
    """
    first, second, third = [*pieces, "", "", ""][:3]

    def one(value: Any) -> Any:
        try:
            return value[first]
        except (KeyError, TypeError):
            return lookup(value, pieces)

    def two(value: Any) -> Any:
        try:
            return value[first][second]
        except (KeyError, TypeError):
            return lookup(value, pieces)

    def three(value: Any) -> Any:
        try:
            return value[first][second][third]
        except (KeyError, TypeError):
            return lookup(value, pieces)

    return {1: one, 2: two, 3: three}.get(len(pieces), lambda value: lookup(value, pieces))


def lookup(value: Any, pieces: Pieces) -> Any:
    """Return the value at *pieces* in *value*, UNDEFINED if there is none.

    A falsy value on the way (null, 0, "", false) is the result: the framework
    evaluates ``value && value[piece]``, and mappings rely on it.
    """
    for piece in pieces:
        if isinstance(value, dict):
            value = value.get(piece, UNDEFINED)
        elif isinstance(value, list):
            value = _item(value, piece)
        elif not value:
            return value
        else:
            value = _item(code_units(value), piece) if isinstance(value, str) else UNDEFINED
    return value


def _item(items: list[Any], piece: str) -> Any:
    if piece == "length":
        return len(items)
    # No array has an index with more digits, and int() of a megabyte would hang.
    if len(piece) > 15 or not _INDEX.fullmatch(piece):
        return UNDEFINED
    index = int(piece)
    return items[index] if index < len(items) else UNDEFINED
