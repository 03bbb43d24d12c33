"""What becomes of a row: the records that it writes, or its errors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..jobs import StoredRecords
from .import_file import ALTERNATE_ID, OBJECT_ID, ImportFile

_KINDS = {"0-1": "contact", "0-2": "company", "0-3": "deal", "0-5": "ticket"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")

# What a valid row fails with by chance.
FAILURES = (
    ("GDPR_BLACKLISTED_EMAIL", "This contact was permanently deleted by a privacy request"),
    ("FAILED_VALIDATION", "The record failed validation"),
    ("LIMIT_EXCEEDED", "A limit of the account was reached"),
)


@dataclass(frozen=True, slots=True)
class ImportRowError:
    """An error about a row. ``column`` is the position of the cell at fault; None = the row."""

    kind: str
    message: str
    column: int | None = None


@dataclass(slots=True)
class ImportedRow:
    """What became of a row."""

    created: int = 0
    updated: int = 0
    errors: list[ImportRowError] = field(default_factory=list)


class ImportRows:
    """Writes the rows of imports as records."""

    def __init__(self, stored: StoredRecords) -> None:
        self._stored = stored

    def problems(self, file: ImportFile, index: int, seen: set[str]) -> list[ImportRowError]:
        """Return what is wrong with a row. *seen* has the keys of the rows before, and gets its."""
        cells = file.rows[index]
        if len(cells) != len(file.columns):
            message = f"The row has {len(cells)} columns, and {len(file.columns)} are mapped"
            return [ImportRowError("INCORRECT_NUMBER_OF_COLUMNS", message)]
        found = []
        for at, (column, cell) in enumerate(zip(file.columns, cells, strict=True)):
            if column.property == "email" and cell and not _EMAIL.fullmatch(cell):
                found.append(ImportRowError("INVALID_EMAIL", f"{cell} is not an email address", at))
        for type_id in file.type_ids:
            found += self._key_problems(file, index, type_id, seen)
        return found

    def _key_problems(
        self, file: ImportFile, index: int, type_id: str, seen: set[str]
    ) -> list[ImportRowError]:
        at = file.key_column(type_id)
        if at is None:
            return []
        column, key = file.columns[at], self._key(file, index, type_id)
        name = f"{type_id} {key}"
        if column.kind == ALTERNATE_ID and name in seen:
            return [ImportRowError("DUPLICATE_ALTERNATE_ID", f"{key} is in another row too", at)]
        seen.add(name)
        exists = self._stored.find(_kind(type_id), key) is not None
        operation = file.operations.get(type_id, "UPSERT")
        if column.kind == OBJECT_ID and file.rows[index][at] and not exists:
            return [ImportRowError("INVALID_RECORD_ID", f"There is no record {key}", at)]
        if operation == "CREATE" and exists:
            return [ImportRowError("CREATE_ONLY_IMPORT", "The record exists already", at)]
        if operation == "UPDATE" and not exists:
            return [ImportRowError("UPDATE_ONLY_IMPORT", "The record does not exist", at)]
        return []

    def write(self, file: ImportFile, index: int, job_id: str) -> ImportedRow:
        """Write the records of a row. An empty cell leaves its property as it is."""
        written = ImportedRow()
        for type_id in file.type_ids:
            fields = {
                column.property: cell
                for column, cell in zip(file.columns, file.rows[index], strict=True)
                if column.type_id == type_id and column.property and cell
            }
            key = self._key(file, index, type_id) or f"{job_id} {index}"
            _, is_new = self._stored.upsert(_kind(type_id), key, fields)
            written.created += is_new
            written.updated += not is_new
        return written

    def _key(self, file: ImportFile, index: int, type_id: str) -> str:
        at = file.key_column(type_id)
        if at is None:
            return ""
        cell = file.rows[index][at].strip()
        return cell.lower() if file.columns[at].property in ("email", "domain") else cell


def _kind(type_id: str) -> str:
    return _KINDS.get(type_id, type_id)
