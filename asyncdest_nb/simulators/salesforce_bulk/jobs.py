"""A job: what was asked for, what it will come to, and how far it is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from ..exchange import JSONObject
from ..faults import seconds_drawn
from .columns import Column, found
from .knobs import SalesforceBulkKnobs
from .objects import USER_ID
from .records import Order, Outcome, repeated
from .schema import Field, Object
from .sheet import Row, Sheet

_STOPPED = "InternalServerError : The job was stopped by an internal error"


@dataclass(frozen=True)
class Course:
    """What a closed job comes to: when its rows are processed, how many, and how it ends.

    Times are the clock's. ``error`` None = every row is processed.
    """

    starts_at: float
    ends_at: float
    reach: int
    error: str | None = None

    def due_at(self, index: int) -> float:
        """Return when row *index* is processed; rounding moves none past the end."""
        share = (index + 1) / self.reach
        return min(self.ends_at, self.starts_at + share * (self.ends_at - self.starts_at))


@dataclass
class Job:
    """A job; ``number`` counts jobs from 1, times are the clock's."""

    job_id: str
    number: int
    object: Object
    made: JSONObject
    created_at: float
    created_date: datetime
    sheet: Sheet | None = None
    order: Order | None = None
    course: Course | None = None
    aborted_at: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Its rows in the order of the file."""
        return self.sheet.rows if self.sheet else []

    def cells(self, row: Row) -> list[str]:
        """Return *row* as it was in the file."""
        return [row.get(column, "") for column in self.sheet.columns] if self.sheet else []

    def state(self, now: float) -> str:
        """Return its state in Salesforce's word."""
        if self.aborted_at is not None:
            return "Aborted"
        if self.course is None:
            return "Open"
        if now < self.course.ends_at:
            return "UploadComplete" if now < self.course.starts_at else "InProgress"
        return "Failed" if self.course.error else "JobComplete"

    def ended_at(self, now: float) -> float | None:
        """Return when it ended; None if it has not."""
        if self.aborted_at is not None:
            return self.aborted_at
        return self.course.ends_at if self.course and now >= self.course.ends_at else None

    def due(self, now: float) -> Iterator[tuple[float, int, int, Job]]:
        """Yield when each row is to be processed that is not yet; the rows in their order.

        The number of the job follows the time, so that two jobs' rows can be merged.
        """
        if self.course is None or self.aborted_at is not None:
            return
        for index in range(len(self.outcomes), self.course.reach):
            at = self.course.due_at(index)
            if at > now:
                return
            yield at, self.number, index, self

    def close(self, now: float, knobs: SalesforceBulkKnobs) -> None:
        """Decide what becomes of it."""
        self.sheet = self.sheet or Sheet()  # Without rows there is nothing to do, and no error.
        order = _ordered(self.object, self.made, self.sheet)
        self.order = order if isinstance(order, Order) else None
        error = order if isinstance(order, str) else None
        self.course = _planned(self, now, knobs, error)

    def opened(self, now: float) -> JSONObject:
        """Return what is said of it when it is made, closed, aborted or listed."""
        changed = self.created_date + timedelta(seconds=self._changed_at(now) - self.created_at)
        state = self.state(now)
        told = {
            "id": self.job_id,
            **self.made,
            "createdById": USER_ID,
            "createdDate": _stamp(self.created_date),
            "systemModstamp": _stamp(changed),
            "state": state,
            "concurrencyMode": "Parallel",
            "jobType": "V2Ingest",
        }
        if state == "Open":
            path = f"services/data/v{self.made['apiVersion']}/jobs/ingest/{self.job_id}/batches"
            told["contentUrl"] = path
        return told

    def described(self, now: float) -> JSONObject:
        """Return what is said of it when it is asked about."""
        started_at = self.course.starts_at if self.course else now
        milliseconds = round(1000 * max(0.0, self._changed_at(now) - started_at))
        told = {
            **self.opened(now),
            "numberRecordsProcessed": len(self.outcomes),
            "numberRecordsFailed": sum(outcome.error is not None for outcome in self.outcomes),
            "retries": 0,
            "totalProcessingTime": milliseconds,
            "apiActiveProcessingTime": milliseconds,
            "apexProcessingTime": 0,
        }
        if self.course and self.state(now) == "Failed":
            told["errorMessage"] = self.course.error
        return told

    def _changed_at(self, now: float) -> float:
        if self.state(now) == "Open":
            return self.created_at
        ended_at = self.ended_at(now)
        return now if ended_at is None else ended_at


def _stamp(at: datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}+0000"


def _ordered(object: Object, made: JSONObject, sheet: Sheet) -> Order | str:
    """Return what is to be done with each row, or why nothing can be."""
    operation, names = made["operation"], sheet.columns
    if sheet.error:
        return sheet.error
    if operation == "delete" and names and [name.lower() for name in names] != ["id"]:
        return "InvalidBatch : The 'delete' batch must contain only 'Id'"
    key = object.find(made.get("externalIdFieldName", "")) if operation == "upsert" else None
    columns = {}
    for place, name in enumerate(names):
        column = found(name, place, object)
        if isinstance(column, Column) and not _is_taken(column, operation, key):
            column = f"Field name not found : {name}"
        if isinstance(column, str):
            return f"InvalidBatch : {column}"
        columns[name] = column
    if len({each.target for each in columns.values()}) < len(names):
        return f"InvalidBatch : Field name duplicated in {', '.join(names)}"
    by = next((name for name, each in columns.items() if key and each.is_field(key.name)), None)
    twice = repeated(key, by, sheet.rows) if key and by else frozenset()
    return Order(operation, columns, key, twice)


def _is_taken(column: Column, operation: str, key: Field | None) -> bool:
    field = column.field
    is_name = operation in ("update", "delete") or field == key
    return field.is_writable or (field.type == "id" and is_name)


def _planned(job: Job, now: float, knobs: SalesforceBulkKnobs, error: str | None) -> Course:
    """Follow from the seed and the rows alone; *error* is why none can be processed."""
    spelled = job.sheet.spelled if job.sheet else []
    content = sha256("\n".join(spelled).encode()).hexdigest()
    dice = random.Random(f"{knobs.seed} {job.made['operation']} {job.object.name} {content}")
    # The duration, which takes a varying number of draws, comes last: turning one
    # knob moves nothing else.
    is_failing, share = dice.random() < knobs.failing_jobs, dice.uniform(0.4, 0.6)
    duration = seconds_drawn(knobs.duration_seconds, dice)
    starts_at = now + knobs.pending_share * duration
    if error:
        return Course(starts_at, starts_at, reach=0, error=error)
    if is_failing and spelled:
        reach = min(len(spelled) - 1, round(share * len(spelled)))
        return Course(starts_at, now + duration, reach, error=_STOPPED)
    return Course(starts_at, now + duration, reach=len(spelled))
