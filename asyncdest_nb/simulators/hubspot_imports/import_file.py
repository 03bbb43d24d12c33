"""The file of an import, by the request that describes it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import multipart
from ..exchange import IncomingRequest, JSONObject

MAX_ROWS = 1_048_576
ALTERNATE_ID, OBJECT_ID = "HUBSPOT_ALTERNATE_ID", "HUBSPOT_OBJECT_ID"
OPERATIONS = ("UPSERT", "CREATE", "UPDATE")
_TYPE_IDS = {"CONTACT": "0-1", "COMPANY": "0-2", "DEAL": "0-3", "TICKET": "0-5"}
_KEYS = {"0-1": "email", "0-2": "domain"}  # What names a record where no column is said to.


class ImportRefused(Exception):
    """A request for an import that is not valid: its text says why."""


@dataclass(frozen=True)
class ImportColumn:
    """A column of the file, and the property that it fills."""

    name: str
    type_id: str
    property: str
    kind: str


@dataclass(frozen=True)
class ImportFile:
    """The rows of an import, without the header, and what its columns are.

    ``problem`` is a type of error about the whole file; "" = there is none.
    """

    request: JSONObject
    columns: list[ImportColumn]
    rows: list[list[str]]
    first_line: int
    problem: str = ""
    operations: dict[str, str] = field(default_factory=dict)

    @property
    def type_ids(self) -> list[str]:
        """The ids of the types of objects that it has, each once."""
        return list(dict.fromkeys(column.type_id for column in self.columns))

    def key_column(self, type_id: str) -> int | None:
        """Return which column names the records of a type; None = each row makes one."""
        own = [(at, column) for at, column in enumerate(self.columns) if column.type_id == type_id]
        for wanted in (OBJECT_ID, ALTERNATE_ID):
            for at, column in own:
                if column.kind == wanted:
                    return at
        return next((at for at, each in own if each.property == _KEYS.get(type_id)), None)


def import_file(request: IncomingRequest) -> ImportFile:
    """Read what *request* uploads, or raise ImportRefused."""
    separator = multipart.boundary(request.content_type)
    if separator is None:
        raise ImportRefused("The Content-Type must be multipart/form-data")
    wanted = _description(multipart.parts(request.body, separator))
    described = wanted["files"][0]
    uploaded = multipart.files(request.body, separator)
    if described.get("fileName") not in uploaded:
        message = f"no file {described.get('fileName')!r} was uploaded, but {sorted(uploaded)}"
        raise ImportRefused(message)
    return _read(wanted, described, uploaded[described["fileName"]])


def uploaded_rows(request: IncomingRequest) -> list[list[str]]:
    """Return the rows that *request* uploads; empty if it is not an import."""
    try:
        return import_file(request).rows if request.method == "POST" else []
    except ImportRefused:
        return []


def _description(parts: dict[str, bytes]) -> JSONObject:
    try:
        wanted = json.loads(parts.get("importRequest", b""))
    except ValueError:
        raise ImportRefused("importRequest must be JSON") from None
    if not isinstance(wanted, dict) or not wanted.get("name"):
        raise ImportRefused("Some required fields were not set: [name]")
    if not isinstance(wanted.get("files"), list) or len(wanted["files"]) != 1:
        raise ImportRefused("this simulator takes imports of one file: files must have one entry")
    if wanted["files"][0].get("fileFormat", "CSV") != "CSV":
        raise ImportRefused("this simulator takes files with the fileFormat CSV")
    return wanted


def _read(wanted: JSONObject, described: JSONObject, content: bytes) -> ImportFile:
    page = described.get("fileImportPage") or {}
    columns = list(_columns(page.get("columnMappings") or []))
    if not columns:
        raise ImportRefused("Some required fields were not set: [columnMappings]")
    operations = wanted.get("importOperations") or {}
    if unknown := [each for each in operations.values() if each not in OPERATIONS]:
        raise ImportRefused(f"importOperations has {unknown}; each is one of {OPERATIONS}")
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig", "replace"), newline="")))
    except csv.Error as error:  # A cell is too long for Python's reader.
        raise ImportRefused(f"the file cannot be read: {error}") from None
    header = lines[0] if page.get("hasHeader") and lines else None
    rows = lines[0 if header is None else 1 :]
    if len(rows) > MAX_ROWS:
        raise ImportRefused(f"{len(rows)} rows; a file has at most {MAX_ROWS}")
    named = [column.name for column in columns]
    is_matched = header is None or sorted(header) == sorted(named)
    if header is not None and is_matched:
        columns = [columns[named.index(name)] for name in header]
    return ImportFile(
        request=wanted,
        columns=columns,
        rows=rows,
        first_line=1 if header is None else 2,
        problem="" if is_matched else "INVALID_COLUMN_CONFIGURATION",
        operations=operations,
    )


def _columns(mappings: list[Any]) -> Iterator[ImportColumn]:
    for mapping in mappings:
        type_id = mapping.get("columnObjectTypeId") or _TYPE_IDS.get(
            mapping.get("columnObjectType"), ""
        )
        if not type_id or not mapping.get("columnName"):
            raise ImportRefused("a column mapping needs columnObjectTypeId and columnName")
        yield ImportColumn(
            name=mapping["columnName"],
            type_id=type_id,
            property=mapping.get("propertyName") or "",
            kind=mapping.get("columnType") or "STANDARD",
        )
