"""Which keys of a row a mapping uses, as Segment lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .values import items_in_order

# Not the line ends of JavaScript.
_PLACEHOLDER = re.compile("\\{\\{([^\n\r\u2028\u2029]*?)\\}\\}")


def value_keys(value: Any) -> list[str]:
    """Return the paths and placeholders in a mapping, as they are written, in order.

    As Segment's function, it does not look into ``@literal``, ``@merge``, ``@transform`` and
    ``@excludeWhenNull``, and not at a path that is the source of an ``@arrayPath``; a placeholder
    keeps its blanks. ``Resolver.roots`` has the columns that a mapping reads.
    """
    if not _is_directive(value):
        return _inside(value)
    for name, keys in _KEYS.items():
        if name in value and (found := keys(value[name])) is not None:
            return [each for each in found if each]
    return []


def _is_directive(value: Any) -> bool:
    return isinstance(value, dict) and not _NAMES.isdisjoint(value)


def _inside(value: Any) -> list[str]:
    """Return the keys of what is in an object or array."""
    if isinstance(value, dict | list | tuple):
        items: Iterable[Any] = value
        if isinstance(value, dict):
            items = (item for _, item in items_in_order(value))
        return [key for item in items for key in value_keys(item)]
    return []


def _of_options(needed: str, *names: str) -> Callable[[Any], list[str] | None]:
    """Return the keys of these options, None if the option *needed* is not there."""

    def keys(argument: Any) -> list[str] | None:
        if not isinstance(argument, dict) or needed not in argument:
            return None
        return [key for name in names for key in value_keys(argument.get(name))]

    return keys


def _of_if(argument: Any) -> list[str] | None:
    find = _of_options("exists", "blank", "exists", "then", "else")
    found = find(argument)
    return _of_options("blank", "blank", "then", "else")(argument) if found is None else found


def _of_items(argument: Any) -> list[str] | None:
    return _inside(argument) if isinstance(argument, list | tuple) else None


def _of_liquid(argument: Any) -> list[str] | None:
    if not isinstance(argument, str):
        return None
    from .liquid.engine import Template

    return Template(argument).paths


_NOTHING: Callable[[Any], list[str] | None] = lambda argument: []  # noqa: E731
# In the order in which Segment asks for them.
_KEYS: dict[str, Callable[[Any], list[str] | None]] = {
    "@arrayPath": _of_items,
    "@case": _of_options("operator", "value"),
    "@if": _of_if,
    "@literal": _NOTHING,
    "@path": lambda argument: [argument],
    "@replace": _of_options("pattern", "value"),
    "@template": lambda argument: _PLACEHOLDER.findall(argument),
    "@json": _of_options("value", "value"),
    "@flatten": _of_options("value", "value"),
    "@excludeWhenNull": _NOTHING,
    "@liquid": _of_liquid,
}
_NAMES = frozenset({*_KEYS, "@merge", "@transform"})
