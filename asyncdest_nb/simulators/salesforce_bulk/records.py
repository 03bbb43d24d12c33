"""The records of one object, and how a row changes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import ids
from .columns import UploadColumn
from .csv_files import Row
from .schema import Field, Object
from .values import NULL, RowError, Value, malformed, missing, read

Record = dict[str, Value]


@dataclass(frozen=True)
class RowInstructions:
    """What a job does with each row.

    ``columns`` are the columns of the file by name, ``key`` is the field by which an upsert
    finds records, ``repeated`` are the keys that more than one row has.
    """

    operation: str
    columns: Mapping[str, UploadColumn]
    key: Field | None = None
    repeated: frozenset[str] = frozenset()

    def cell(self, row: Row, name: str) -> str:
        """Return the cell of *row* for the field *name*, "" if there is none."""
        columns = (column for column, each in self.columns.items() if each.is_field(name))
        return row.get(next(columns, name), "")


@dataclass(frozen=True)
class Change:
    """What a row would change. ``record_id`` None = a new record; ``values`` None = a deletion.

    The Id of a new record is derived from ``about``.
    """

    record_id: str | None
    values: Record | None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a row; ``record_id`` "" = it is about no record."""

    record_id: str
    is_created: bool = False
    error: RowError | None = None


def folded(key: Field, text: str) -> str:
    """Return *text* as it is compared with other keys."""
    return text if key.is_case_sensitive else text.casefold()


def repeated(key: Field, column: str, rows: list[Row]) -> frozenset[str]:
    """Return the keys that more than one of *rows* has."""
    counts = Counter(folded(key, row[column]) for row in rows if column in row)
    return frozenset(text for text, count in counts.items() if count > 1)


@dataclass
class Table:
    """The records of one object, in the order of creation.

    ``tables`` are those of all objects, by name, in which lookups find parents.
    """

    object: Object
    seed: int
    tables: Mapping[str, Table] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _ids_by_key: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    _copies: Counter[str] = field(default_factory=Counter)

    def decided(self, instructions: RowInstructions, row: Row, spelled: str) -> Change | RowError:
        """Return what *row* would change, or why it fails. Nothing is changed yet."""
        values = _key_error(instructions, row) or self._values(instructions, row)
        if isinstance(values, RowError):
            return values
        match instructions.operation:
            case "insert":
                return self._created(values, spelled)
            case "upsert":
                return self._upserted(instructions, row, values, spelled)
            case "update":
                return self._updated(instructions.cell(row, "Id"), values)
        found = self._found(instructions.cell(row, "Id"), "Id not specified")
        return found if isinstance(found, RowError) else Change(found, None)

    def _values(self, instructions: RowInstructions, row: Row) -> Record | RowError:
        values: Record = {}
        for name, text in row.items():
            column = instructions.columns[name]
            if column.field.type == "id":
                continue
            if column.field.name in values:
                return _set_twice(column.field)
            value = self._value(column, text)
            if isinstance(value, RowError):
                return value
            values[column.field.name] = value
        return values

    def _value(self, column: UploadColumn, text: str) -> Value | RowError:
        if column.parent is None or column.key is None or text == NULL:
            return read(column.field, text, column=column.place)
        found = self.tables[column.parent.name].found(column.key, text)
        if not found:
            message = (
                f"Foreign key external ID: {text} not found for field {column.key.name} "
                f"in entity {column.parent.name}"
            )
            return RowError("INVALID_FIELD", message)
        return found[0] if len(found) == 1 else _ambiguous(column.key, found)

    def found(self, key: Field, text: str) -> list[str]:
        """Return the Ids of the records that have *text* in the field *key*."""
        if key.type == "id":
            record_id = ids.read(text, (self.object.prefix,))
            return [record_id] if record_id in self.records else []
        return list(self._ids_by_key.get((key.name, folded(key, text)), ()))

    def _created(self, values: Record, about: str) -> Change | RowError:
        lacking = tuple(name for name in self.object.required if name not in values)
        return missing(lacking) if lacking else self._unique(Change(None, values, about))

    def _updated(self, named: str, values: Record) -> Change | RowError:
        found = self._found(named, "Id not specified in an update call")
        if isinstance(found, RowError):
            return found
        return self._unique(Change(found, values))

    def _upserted(
        self, instructions: RowInstructions, row: Row, values: Record, spelled: str
    ) -> Change | RowError:
        key = instructions.key
        assert key, "an upsert has a key"
        text = instructions.cell(row, key.name)
        if key.type == "id":
            return self._updated(text, values) if text else self._created(values, spelled)
        known = self.found(key, text)
        if not known:
            return self._created(values, f"{key.name} {folded(key, text)}")
        return self._unique(Change(known[0], values)) if len(known) == 1 else _ambiguous(key, known)

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
        values = change.values or {}
        for key in self.object.external_ids:
            others = [] if values.get(key.name) is None else self.found(key, str(values[key.name]))
            if others and others != [change.record_id]:
                message = f"duplicate value found: {key.name} duplicates value on record with id"
                return RowError("DUPLICATE_VALUE", f"{message}: {others[0]}")
        return change

    def _keys(self, values: Record) -> list[tuple[str, str]]:
        return [
            (key.name, folded(key, str(values[key.name])))
            for key in self.object.lookups
            if values.get(key.name) is not None
        ]

    def add(self, record: Record) -> None:
        """Add a record that exists from the start."""
        record_id = str(record["Id"])
        self.records[record_id] = record
        self._index(record_id, record)

    def _index(self, record_id: str, values: Record) -> None:
        for key in self._keys(values):
            self._ids_by_key.setdefault(key, {})[record_id] = None

    def applied(self, change: Change) -> Outcome:
        """Apply *change*, and return the outcome."""
        record_id = change.record_id or self._new_id(change.about)
        known = self.records.get(record_id, {})
        for key in self._keys(known if change.values is None else self._replaced(known, change)):
            del self._ids_by_key[key][record_id]
        if change.values is None:
            del self.records[record_id]
            self._deleted.add(record_id)
            return Outcome(record_id)
        self.records[record_id] = {"Id": record_id, **known, **change.values}
        self._index(record_id, change.values)
        return Outcome(record_id, is_created=change.record_id is None)

    def _replaced(self, known: Record, change: Change) -> Record:
        return {name: known[name] for name in change.values or {} if name in known}

    def _new_id(self, about: str) -> str:
        self._copies[about] += 1
        return ids.made(self.object.prefix, f"{self.seed} {self._copies[about]} {about}")


def _key_error(instructions: RowInstructions, row: Row) -> RowError | None:
    """Return why an upsert cannot use the key of *row*; None if it can."""
    key = instructions.key
    if key is None or key.type == "id":
        return None
    text = instructions.cell(row, key.name)
    if not text or text == NULL:
        return RowError("MISSING_ARGUMENT", f"{key.name} not specified", (key.name,))
    if folded(key, text) in instructions.repeated:
        message = f"Duplicate external id specified: {text}"
        return RowError("DUPLICATE_VALUE", message, (key.name,))
    return None


def _set_twice(field: Field) -> RowError:
    message = (
        f"Cannot specify both an external ID reference {field.relationship} and a "
        f"salesforce id, {field.name}"
    )
    return RowError("INVALID_FIELD", message)


def _ambiguous(key: Field, found: list[str]) -> RowError:
    message = f"{key.label}: more than one record found for external id field: {found}"
    return RowError("DUPLICATE_EXTERNAL_ID", message, (key.name,))
