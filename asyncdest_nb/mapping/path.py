"""Paths into a row: ``$.traits.address.city``, ``items[0].sku``, ``$['door code']``."""

from __future__ import annotations

import re
from typing import Any

from .values import UNDEFINED, code_units

Pieces = tuple[str, ...]

# A bracket that is not next to a quote or a digit is part of the key.
_SPLIT = re.compile(r"""\.|\[(?=['"0-9])|(?<=['"0-9])\]+""")
_QUOTES = re.compile(r"""['"]""")
_INDEX = re.compile(r"0|[1-9][0-9]*")


def split(path: str) -> Pieces:
    """Return the keys of *path*, empty for the whole row.

    A dot in quotes is a separator too: a key with a dot in it cannot be reached.
    """
    return tuple(_QUOTES.sub("", piece) for piece in _SPLIT.split(path) if piece)


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
