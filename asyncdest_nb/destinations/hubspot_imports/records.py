"""The rows of an import: what is wrong with them, and the file that they become."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

from ... import destination as ad
from ...request import csv_lines
from ...responses import JSONObject
from .lines import known_rows
from .properties import RECORD_ID, Known, unknown_property

# Ids of HubSpot's own types of objects, and the property that identifies a record of them.
_TYPES = {
    "contacts": ("0-1", "email"),
    "companies": ("0-2", "domain"),
    "deals": ("0-3", None),
    "tickets": ("0-5", None),
}
FILE = "rows.csv"


class HubSpotRow(ad.Payload):
    """One record of an object."""

    operation: ClassVar[str]
    object_type: str = ad.field(
        "Object type",
        description="contacts, companies, deals, tickets, or the id of another type: 2-123456",
        default="contacts",
        by_name=False,
    )
    properties: dict[str, Any] = ad.field(
        "Properties",
        description="Values by the internal names of properties: the columns, if named so",
        default={"@path": "$."},
        by_name=False,
    )
    id_property: str | None = ad.field(
        "ID property",
        description="The property that identifies a record: hs_object_id, or one that is unique; "
        "without it, email for contacts and domain for companies",
        by_name=False,
    )

    @property
    def type_id(self) -> str:
        """The id of its type of objects."""
        return _TYPES.get(self.object_type, (self.object_type, None))[0]

    @property
    def key_property(self) -> str | None:
        """The property that identifies its record; None = there is none."""
        return self.id_property or _TYPES.get(self.object_type, ("", None))[1]


class UpsertRow(HubSpotRow):
    """A record that is updated if its key exists, and created otherwise."""

    operation = "UPSERT"


class CreateRow(HubSpotRow):
    """A new record."""

    operation = "CREATE"


class UpdateRow(HubSpotRow):
    """A change to the record with the same key."""

    operation = "UPDATE"


def faults(rows: Sequence[HubSpotRow], known: Known) -> list[str | None]:
    """Return why a row does not fit: by its key, or a column that is no *known* property."""
    times = Counter(map(_key, rows))
    return [_fault(each, times, known[each.type_id]) for each in rows]


def _fault(
    row: HubSpotRow, times: Mapping[tuple[str, str], int], known: frozenset[str] | None
) -> str | None:
    name = row.key_property
    if not row.properties:
        return "properties: the row has no value"
    if known and (fault := unknown_property(row.properties, known)):
        return fault
    if name is None:
        if row.operation == "CREATE":
            return None
        return f"id_property: name the property that identifies records of {row.object_type}"
    key = _key(row)
    if not key[1]:
        return None if row.operation == "CREATE" else f"{name}: no value, and it is the key"
    return f"{name}: {times[key]} rows have it, and it is the key" if times[key] > 1 else None


def _key(row: HubSpotRow) -> tuple[str, str]:
    value = row.properties.get(row.key_property or "")
    return row.type_id, _cell(value).strip().lower()


def columns_of(rows: Sequence[HubSpotRow]) -> list[str]:
    """Return the columns of the rows, in the order in which they come."""
    return list(dict.fromkeys(name for row in rows for name in row.properties))


def cells_of(rows: Sequence[HubSpotRow], columns: Sequence[str]) -> Iterator[list[str]]:
    """Yield the cells of each row."""
    return ([_cell(row.properties.get(name)) for name in columns] for row in rows)


def written(rows: Sequence[HubSpotRow]) -> tuple[list[str], bytes]:
    """Return the columns of the rows, and their file."""
    columns = columns_of(rows)
    return columns, "".join(csv_lines(chain([columns], cells_of(rows, columns)))).encode()


def kept(rows: Sequence[HubSpotRow]) -> Any:
    """Return what is kept of the rows, as JSON, to tell which of them an error is about."""
    columns = columns_of(rows)
    return known_rows(columns, cells_of(rows, columns), rows[0].key_property)


def _cell(value: Any) -> str:
    """Return a value as HubSpot reads it: nothing for a null, several values with semicolons."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(map(_cell, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def described(row: HubSpotRow, columns: Sequence[str], name: str) -> JSONObject:
    """Return the request for the import *name* of a file with *columns*, of rows as *row* is."""
    mappings = [_mapping(column, row) for column in columns]
    page = {"hasHeader": True, "columnMappings": mappings}
    return {
        "name": name,
        "importOperations": {row.type_id: row.operation},
        "files": [{"fileName": FILE, "fileFormat": "CSV", "fileImportPage": page}],
    }


def _mapping(column: str, row: HubSpotRow) -> JSONObject:
    own = {"columnObjectTypeId": row.type_id, "columnName": column}
    if column == RECORD_ID:
        return {**own, "columnType": "HUBSPOT_OBJECT_ID"}
    kind = "HUBSPOT_ALTERNATE_ID" if column == row.key_property else "STANDARD"
    return {**own, "propertyName": column, "columnType": kind}
