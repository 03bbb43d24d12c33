"""The records of the organization, and the processing of due rows."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from hashlib import sha256

from .jobs import Job
from .knobs import SalesforceBulkKnobs
from .objects import OBJECTS, USER_ID
from .records import Change, Outcome, Record, Table
from .values import RowError

_LOCKED = RowError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
_FAILURES = (
    RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This person asked not to be contacted"),
    RowError("DUPLICATES_DETECTED", "Use one of these records?"),
    RowError("CANNOT_EXECUTE_FLOW_TRIGGER", "We can't save this record because a flow failed"),
    RowError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"),
)


class Organization:
    """The tables of records, and the failures by chance."""

    def __init__(self, knobs: SalesforceBulkKnobs) -> None:
        self._knobs = knobs
        self._tables: dict[str, Table] = {}
        for each in OBJECTS.values():
            self._tables[each.name] = Table(each, knobs.seed, self._tables)
        user = {"Id": USER_ID, "Username": knobs.username, "Email": knobs.username}
        self._tables["User"].add({**user, "Name": "Simulated User", "IsActive": True})
        self._locked_once: set[str] = set()

    @property
    def records(self) -> dict[str, list[Record]]:
        """All records by object, without empty and setup objects."""
        return {
            name: [dict(record) for record in table.records.values()]
            for name, table in self._tables.items()
            if table.records and not table.object.is_setup
        }

    def process_due(self, jobs: Iterable[Job], now: float) -> None:
        """Process the rows of *jobs* that are due at *now*.

        They are processed in the order of their times, so the outcome does not depend on
        how often this is called.
        """
        for _, _, index, job in heapq.merge(*[job.due(now) for job in jobs]):
            job.outcomes.append(self._processed(job, index))

    def _processed(self, job: Job, index: int) -> Outcome:
        assert job.upload, "a row that is due was uploaded"
        assert job.instructions, "a row that is due belongs to a readable file"
        table, row = self._tables[job.object.name], job.upload.rows[index]
        spelled = job.upload.canonical_rows[index]
        found = table.decided(job.instructions, row, spelled)
        if isinstance(found, Change):
            found = self._failure_by_chance(f"{job.object.name} {spelled}") or found
        if isinstance(found, Change):
            return table.applied(found)
        named = job.instructions.operation in ("update", "delete")
        return Outcome(job.instructions.cell(row, "Id") if named else "", error=found)

    def _failure_by_chance(self, about: str) -> RowError | None:
        """Return why a valid row fails, by the seed and its content; None = it does not fail."""
        drawn = sha256(f"{self._knobs.seed} {about}".encode()).digest()
        is_failing = int.from_bytes(drawn[:8]) < self._knobs.failing * 2**64
        is_locked = int.from_bytes(drawn[8:16]) < self._knobs.locked * 2**64
        if is_locked and about not in self._locked_once:
            self._locked_once.add(about)
            return _LOCKED
        return _FAILURES[drawn[16] % len(_FAILURES)] if is_failing else None
