"""Data extensions: tables, and what becomes of a row that is written to one."""

from __future__ import annotations

from typing import Any

from ..exchange import JSONObject, canonical
from ..jobs import StoredRecords

DEADLOCK = (
    "Transaction (Process ID 65) was deadlocked on lock resources with another process and has "
    "been chosen as the deadlock victim. Rerun the transaction."
)
# What a valid row fails with by chance.
FAILURES = (
    "String or binary data would be truncated.\r\nThe statement has been terminated.",
    "Error converting data type nvarchar to decimal.",
    "Conversion failed when converting date and/or time from character string.",
)
_DUPLICATE = (
    "Violation of PRIMARY KEY constraint 'PK_C20720'. Cannot insert duplicate key in object "
    "'C20720.{}'. The duplicate key value is ({}).\r\nThe statement has been terminated."
)


class DataExtensions:
    """The tables of an account."""

    def __init__(self, stored: StoredRecords, known: dict[str, tuple[str, ...]] | None) -> None:
        self._stored = stored
        self._is_open = known is None
        self._keys: dict[str, tuple[str, ...]] = dict(known or {})

    def has(self, name: str) -> bool:
        """Whether there is one with the external key or the id *name*."""
        return self._is_open or name in self._keys

    def write(self, name: str, row: JSONObject, *, is_insert: bool, number: int) -> str:
        """Write a row, and return why it fails; "" = it is written.

        *number* tells rows without a primary key apart.
        """
        columns = self._primary_key(name, row)
        missing = [column for column in columns if row.get(column) is None]
        if missing:
            return f"Cannot insert the value NULL into column '{missing[0]}'"
        if nested := [column for column, value in row.items() if isinstance(value, dict | list)]:
            return f"The value of column '{nested[0]}' is not a text, a number or a boolean"
        values = [row[column] for column in columns]
        key = canonical([str(value).lower() for value in values]) if columns else f"#{number}"
        if is_insert and self._stored.find(name, key) is not None:
            return _DUPLICATE.format(name, ", ".join(map(str, values)))
        self._stored.upsert(name, key, row)
        return ""

    def _primary_key(self, name: str, row: JSONObject) -> tuple[str, ...]:
        if name not in self._keys:
            self._keys[name] = tuple(list(row)[:1])
        return self._keys[name]


def items_in(document: Any) -> list[JSONObject] | None:
    """Return the rows of a request; None if it has none, or one that is not an object."""
    found = document.get("items") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) and row for row in found):
        return None
    return found or None
