"""Objects built from a row by code that is written for each mapping.

Most of a mapping are paths in objects. A loop that calls a function for each of them takes twice
as long as the lookups themselves, written one after the other (CPython 3.11, ten fields).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .path import Pieces, lookup
from .values import SCALARS, UNDEFINED, cleaned

Run = Callable[[Any], Any]
# How the value of a key is found: by the pieces of a path, or by a function.
Source = Pieces | Run


def object_builder(sources: Mapping[str, Source], *, hole: Any) -> Run:
    """Return a function of a row that builds an object, without the keys that have no value.

    A value at a path is copied; *hole* is what an item without a value becomes in a copy.
    """
    names: dict[str, Any] = {
        "SCALARS": SCALARS,
        "UNDEFINED": UNDEFINED,
        "copied": lambda value: cleaned(value, hole=hole),
        "lookup": lookup,
    }
    lines = ["def build(row):", "    made = {}"]
    for number, (key, source) in enumerate(sources.items()):
        if isinstance(source, tuple):
            names[f"pieces_{number}"] = source
            lines += _of_path(source, number)
        else:
            names[f"find_{number}"] = source
            lines.append(f"    value = find_{number}(row)")
        lines += ["    if value is not UNDEFINED:", f"        made[{key!r}] = value"]
    # Only the texts of keys are in the code, as literals.
    exec("\n".join([*lines, "    return made"]), names)
    build: Run = names["build"]
    return build


def _of_path(pieces: Pieces, number: int) -> Iterator[str]:
    steps = "".join(f"[{piece!r}]" for piece in pieces)
    yield "    try:"
    yield f"        value = row{steps}"
    yield "    except (KeyError, TypeError):"
    yield f"        value = lookup(row, pieces_{number})"
    yield "    if value.__class__ not in SCALARS:"
    yield "        value = copied(value)"
