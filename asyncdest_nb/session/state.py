"""The values that destinations keep in a session between calls, for a person to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..errors import UnknownStateKey
from ..frame import DataFrame, numbered, to_frame
from ..store import StateValue

TITLES = ("key", "value", "scope", "expires")
_CHARACTERS = 60  # of a value in the text of a table


class StateTable(Mapping[str, Any]):
    """The values that destinations keep now, by key; shown as a table. Secrets are masked.

    Several submissions may keep a value under one key. ``state[key]`` is the one that a
    connection stored last, ``to_frame()`` has all of them. The scope of a value is
    "<run>/<batch>" if a submission keeps it, else the connection's destination and settings.
    """

    def __init__(self, values: Callable[[], Iterable[StateValue]]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Any:
        found = [each.value for each in self._values() if each.key == key]
        if not found:
            raise UnknownStateKey.of("value", key, self, owner="the state")
        return found[-1]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(each.key for each in self._values()))

    def __len__(self) -> int:
        return len({each.key for each in self._values()})

    def to_frame(self) -> DataFrame:
        """Return a line per value: key, value, scope, expires (a time in UTC, missing = never)."""
        rows = [(each.key, each.value, each.scope, _time(each)) for each in self._values()]
        columns = dict(zip(TITLES, map(list, zip(*rows, strict=True)), strict=False))
        return to_frame(numbered(len(rows)), {name: columns.get(name, []) for name in TITLES})

    def lines(self) -> list[list[str]]:
        """Return its lines as texts, in the order of TITLES."""
        return [
            [each.key, json.dumps(each.value, ensure_ascii=False), each.scope, _words(each)]
            for each in self._values()
        ]

    def __repr__(self) -> str:
        if not (lines := self.lines()):
            return "<state of a session: empty>"
        short = [[*map(_cut, line)] for line in [list(TITLES), *lines]]
        widths = [max(map(len, column)) for column in zip(*short, strict=True)]
        return "\n".join(
            "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()
            for line in short
        )


def _time(value: StateValue) -> datetime | None:
    try:
        return None if value.expires_at is None else datetime.fromtimestamp(value.expires_at, UTC)
    except (OverflowError, ValueError, OSError):  # In a year that datetime cannot hold.
        return None


def _words(value: StateValue) -> str:
    at = _time(value)
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
