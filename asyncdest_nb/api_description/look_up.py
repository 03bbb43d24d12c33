"""Values in JSON by dotted paths: ``$.data.id``, ``items[0].id``, ``operations[*].id``.

A path also leads into JSON that is written in a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from pydantic import SecretStr

from ..destination import Settings
from .filters import ABSENT, FILTERS, filtered

Key = str | int | None  # None = each item of a list.
Look = Callable[[Any], Any]

_KEY = re.compile(r"""\.?([^.\[\]'"\s|{}$]+)|\[(\d{1,9})\]|\[(\*)\]|\['([^']+)'\]|\["([^"]+)"\]""")
HOW = "write a dotted path such as $.data.id, items[0].id or operations[*].id"


@lru_cache(1000)
def keys_of(path: str) -> tuple[Key, ...]:
    """Return the keys of *path*; "$" has none and is the whole. Raises ValueError."""
    text = path.strip()
    rest = text.removeprefix("$")
    if not text or (rest and text.startswith("$") and rest[0] not in ".["):
        raise ValueError(f"{path!r} is not a path: {HOW}")
    keys, at = [], 0
    while at < len(rest):
        found = _KEY.match(rest, at)
        if found is None:
            raise ValueError(f"{path!r} is not a path, from {rest[at:]!r} on: {HOW}")
        keys.append(_key(found))
        at = found.end()
    return tuple(keys)


def _key(found: re.Match[str]) -> Key:
    name, index, each, quoted, double = found.groups()
    if each:
        return None
    return int(index) if index else name or quoted or double


@lru_cache(1000)
def looker(path: str) -> Look:
    """Return the function that looks up *path*, which may end in filters; raises ValueError."""
    text, *names = (piece.strip() for piece in path.split("|"))
    keys = keys_of(text)
    check_filters(names)
    return look_of(keys, names)


def look_of(keys: tuple[Key, ...], filters: Sequence[str]) -> Look:
    """Return the function that looks up *keys*, and puts what it finds through *filters*."""
    look: Look = partial(look_up, keys=keys) if None in keys else _plain_look(keys)
    if not filters:
        return look
    return lambda value: filtered(look(value), filters)


def _plain_look(keys: Sequence[Any]) -> Look:
    """Return the function for *keys* that lead to one value, as most do, a dict in each dict."""

    def look(value: Any) -> Any:
        for key in keys:
            if isinstance(value, dict) and type(key) is str:
                value = value[key] if key in value else ABSENT
            else:
                value = _inner(value, key)
        return value

    return look


def check_filters(names: Sequence[str]) -> None:
    """Raise ValueError for a filter that does not exist."""
    for name in names:
        if name not in FILTERS:
            raise ValueError(f"there is no filter {name!r}; known: {', '.join(FILTERS)}")


def look_up(value: Any, keys: tuple[Key, ...]) -> Any:
    """Return what *keys* lead to in *value*: ABSENT = nothing; a list if a key is ``[*]``."""
    for at, key in enumerate(keys):
        if key is None:
            return list(_each(value, keys[at + 1 :]))
        value = _inner(value, key)
        if value is ABSENT:
            break
    return value


def _each(value: Any, keys: tuple[Key, ...]) -> Iterator[Any]:
    """Yield what *keys* lead to in each item; nothing for a value that is no list."""
    for item in value if isinstance(value, list) else ():
        found = look_up(item, keys)
        if None in keys and isinstance(found, list):
            yield from found
        else:
            yield None if found is ABSENT else found


def _inner(value: Any, key: str | int) -> Any:
    if isinstance(value, dict | Mapping):  # Answers are the first, which is told faster.
        return value.get(str(key), ABSENT)
    if isinstance(value, Settings):
        return _revealed(vars(value).get(str(key), ABSENT))
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _inner(_parsed(value), key)
    if isinstance(value, list) and (isinstance(key, int) or key.isdecimal()):
        return value[int(key)] if len(str(key)) < 10 and int(key) < len(value) else ABSENT
    return ABSENT


def _revealed(setting: Any) -> Any:
    """Return the value of a *setting*, a secret in plain text, and a URL as its text."""
    if isinstance(setting, SecretStr):
        return setting.get_secret_value()
    if setting is None or setting is ABSENT:
        return setting
    return setting if isinstance(setting, str | int | float | bool | Mapping) else str(setting)


def _parsed(text: str) -> Any:
    """Return the JSON in a text; ABSENT = it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return ABSENT
