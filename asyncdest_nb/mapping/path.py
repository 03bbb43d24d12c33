"""Paths into a row: ``$.traits.address.city``, ``items[0].sku``, ``$['door code']``."""

from __future__ import annotations

import re
from typing import Any

from .values import UNDEFINED, code_units

Pieces = tuple[str, ...]

# A bracket without a quote or a digit beside it is part of the key.
_SPLIT = re.compile(r"""\.|\[(?=['"0-9])|(?<=['"0-9])\]+""")
_QUOTES = re.compile(r"""['"]""")
_INDEX = re.compile(r"0|[1-9][0-9]*")


def split(path: str) -> Pieces:
    """Return the keys to walk, none for the whole row.

    Dots split even between quotes: a key with a dot in it cannot be reached.
    """
    return tuple(_QUOTES.sub("", piece) for piece in _SPLIT.split(path) if piece)


def lookup(value: Any, pieces: Pieces) -> Any:
    """Walk *pieces* from *value*; UNDEFINED if there is nothing.

    A falsy value on the way (null, 0, "", false) is the result: the framework's
    own code reads ``value && value[piece]``, and mappings rely on it.
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
    # Nobody has an array with an index of more digits; int() of a megabyte would hang.
    if len(piece) > 15 or not _INDEX.fullmatch(piece):
        return UNDEFINED
    index = int(piece)
    return items[index] if index < len(items) else UNDEFINED
