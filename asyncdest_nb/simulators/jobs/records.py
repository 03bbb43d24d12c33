"""The records that a partner holds, by kind and by the partner's key."""

from __future__ import annotations

from hashlib import sha256

from ..exchange import JSONObject


class StoredRecords:
    """The records of a partner, in the order of their creation."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kinds: dict[str, dict[str, JSONObject]] = {}

    def find(self, kind: str, key: str) -> JSONObject | None:
        """Return the record of *kind* with *key*; None if there is none."""
        return self._kinds.get(kind, {}).get(key)

    def upsert(self, kind: str, key: str, fields: JSONObject) -> tuple[JSONObject, bool]:
        """Set *fields* of the record with *key*, and return it, and whether it is new."""
        records = self._kinds.setdefault(kind, {})
        is_new = key not in records
        if is_new:
            records[key] = {"Id": self._id(kind, key)}
        records[key].update(fields)
        return records[key], is_new

    def delete(self, kind: str, key: str) -> bool:
        """Delete the record with *key*, and return whether there was one."""
        return self._kinds.get(kind, {}).pop(key, None) is not None

    def all(self) -> dict[str, list[JSONObject]]:
        """Return copies of all records, by kind."""
        return {
            kind: [dict(record) for record in records.values()]
            for kind, records in self._kinds.items()
            if records
        }

    def _id(self, kind: str, key: str) -> str:
        return sha256(f"{self._seed} {kind} {key}".encode()).hexdigest()[:20]
