"""What the played organization stores, and what a row does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import ids
from .schema import Field, Object
from .sheet import Row
from .values import NULL, RowError, Value, malformed, missing, read

Record = dict[str, Value]


@dataclass(frozen=True)
class Order:
    """What a job does with each row.

    ``columns`` has the place and the field of each column; ``key`` is the field an
    upsert finds records by; ``repeated`` are the keys that more than one row has.
    """

    operation: str
    columns: Mapping[str, tuple[int, Field]]
    key: Field | None = None
    repeated: frozenset[str] = frozenset()

    def cell(self, row: Row, name: str) -> str:
        """Return what *row* has for the field *name*, "" if nothing."""
        columns = (column for column, (_, each) in self.columns.items() if each.name == name)
        return row.get(next(columns, name), "")


@dataclass(frozen=True)
class Change:
    """What a row would do. ``record_id`` None = a new record; ``values`` None = its end.

    ``about`` is what the Id of a new record follows from.
    """

    record_id: str | None
    values: Record | None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row; ``record_id`` "" = no record is concerned."""

    record_id: str
    is_created: bool = False
    error: RowError | None = None


def folded(key: Field, text: str) -> str:
    """Return *text* the way it is compared."""
    return text if key.is_case_sensitive else text.casefold()


def repeated(key: Field, column: str, rows: list[Row]) -> frozenset[str]:
    """Return the keys that more than one of *rows* has."""
    counts = Counter(folded(key, row[column]) for row in rows if column in row)
    return frozenset(text for text, count in counts.items() if count > 1)


@dataclass
class Table:
    """The records of one object, in the order of creation."""

    object: Object
    seed: int
    records: dict[str, Record] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _ids_by_key: dict[tuple[str, str], str] = field(default_factory=dict)
    _copies: Counter[str] = field(default_factory=Counter)

    def decided(self, order: Order, row: Row, spelled: str) -> Change | RowError:
        """Say what *row* would do, or why it does nothing. Changes nothing."""
        values = _key_misfit(order, row) or self._values(order, row)
        if isinstance(values, RowError):
            return values
        match order.operation:
            case "insert":
                return self._created(values, spelled)
            case "upsert":
                return self._upserted(order, row, values, spelled)
            case "update":
                return self._updated(order.cell(row, "Id"), values)
        found = self._found(order.cell(row, "Id"), "Id not specified")
        return found if isinstance(found, RowError) else Change(found, None)

    def _values(self, order: Order, row: Row) -> Record | RowError:
        values: Record = {}
        for column, text in row.items():
            place, each = order.columns[column]
            if each.type == "id":
                continue
            value = read(each, text, column=place)
            if isinstance(value, RowError):
                return value
            values[each.name] = value
        return values

    def _created(self, values: Record, about: str) -> Change | RowError:
        lacking = tuple(name for name in self.object.required if name not in values)
        return missing(lacking) if lacking else self._unique(Change(None, values, about))

    def _updated(self, named: str, values: Record) -> Change | RowError:
        found = self._found(named, "Id not specified in an update call")
        if isinstance(found, RowError):
            return found
        return self._unique(Change(found, values))

    def _upserted(self, order: Order, row: Row, values: Record, spelled: str) -> Change | RowError:
        key = order.key
        assert key, "an upsert has a key"
        text = order.cell(row, key.name)
        if key.type == "id":
            return self._updated(text, values) if text else self._created(values, spelled)
        known = self._ids_by_key.get((key.name, folded(key, text)))
        if known is None:
            return self._created(values, f"{key.name} {folded(key, text)}")
        return self._unique(Change(known, values))

    def _found(self, text: str, lack: str) -> str | RowError:
        if not text or text == NULL:
            return RowError("MISSING_ARGUMENT", lack)
        record_id = ids.read(text, (self.object.prefix,))
        if record_id is None:
            return malformed(self.object.fields[0], text)
        if record_id in self._deleted:
            return RowError("ENTITY_IS_DELETED", "entity is deleted")
        if record_id not in self.records:
            return RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return record_id

    def _unique(self, change: Change) -> Change | RowError:
        for key, name in self._keys(change.values or {}):
            other = self._ids_by_key.get(key)
            if other not in (None, change.record_id):
                message = f"duplicate value found: {name} duplicates value on record with id"
                return RowError("DUPLICATE_VALUE", f"{message}: {other}")
        return change

    def _keys(self, values: Record) -> list[tuple[tuple[str, str], str]]:
        return [
            ((key.name, folded(key, str(values[key.name]))), key.name)
            for key in self.object.external_ids
            if values.get(key.name) is not None
        ]

    def applied(self, change: Change) -> Outcome:
        """Do what was decided."""
        record_id = change.record_id or self._new_id(change.about)
        known = self.records.get(record_id, {})
        for key, _ in self._keys(known if change.values is None else self._replaced(known, change)):
            del self._ids_by_key[key]
        if change.values is None:
            del self.records[record_id]
            self._deleted.add(record_id)
            return Outcome(record_id)
        self.records[record_id] = {"Id": record_id, **known, **change.values}
        self._ids_by_key.update((key, record_id) for key, _ in self._keys(change.values))
        return Outcome(record_id, is_created=change.record_id is None)

    def _replaced(self, known: Record, change: Change) -> Record:
        return {name: known[name] for name in change.values or {} if name in known}

    def _new_id(self, about: str) -> str:
        self._copies[about] += 1
        return ids.made(self.object.prefix, f"{self.seed} {self._copies[about]} {about}")


def _key_misfit(order: Order, row: Row) -> RowError | None:
    """Say why an upsert cannot look for the key of *row*; None if it can."""
    key = order.key
    if key is None or key.type == "id":
        return None
    text = order.cell(row, key.name)
    if not text or text == NULL:
        return RowError("MISSING_ARGUMENT", f"{key.name} not specified", (key.name,))
    if folded(key, text) in order.repeated:
        message = f"Duplicate external id specified: {text}"
        return RowError("DUPLICATE_VALUE", message, (key.name,))
    return None
