"""Stored payloads as rows that are mapped again, each field from the entry of its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ..engine import InputRows
from ..errors import UsageError
from ..mapping import FieldMap, Resolver
from ..store import StoredRow


def rows_of(rows: Sequence[StoredRow]) -> InputRows:
    """Return *rows* with their payloads; raises UsageError if these were not kept."""
    if any(row.digest is not None for row in rows):
        raise UsageError("their payloads were not kept: submit the rows again")
    return InputRows(
        [row.fields() for row in rows],
        {at: row.fault for at, row in enumerate(rows) if row.fault is not None},
        [row.label for row in rows],
        [row.payload for row in rows],
    )


def by_name(payloads: Iterable[Mapping[str, Any]]) -> FieldMap:
    """Return what fills each field from the entry of its name in *payloads*."""
    names = {name for payload in payloads for name in payload}
    return FieldMap({name: field_of(name) for name in names}, {}, {name: name for name in names})


def field_of(name: str) -> Resolver:
    """Return what reads the entry *name* of a row."""
    return Resolver(partial(_value, name), frozenset({name}))


def _value(name: str, row: Mapping[str, Any]) -> Any:
    return row.get(name)
