"""A job: its properties, its plan, and its state at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from ..exchange import JSONObject
from ..faults import seconds_drawn
from .columns import UploadColumn, resolve_column
from .csv_files import Row, UploadedCsv
from .knobs import SalesforceBulkKnobs
from .objects import USER_ID
from .records import Outcome, RowInstructions, repeated
from .schema import Field, Object

_STOPPED = "InternalServerError : The job was stopped by an internal error"


@dataclass(frozen=True)
class JobPlan:
    """When the rows of a closed job are processed, how many of them, and how it ends.

    ``reach`` is the number of rows that are processed. Times are seconds of the
    simulator's clock. ``error`` None = every row is processed.
    """

    starts_at: float
    ends_at: float
    reach: int
    error: str | None = None

    def due_at(self, index: int) -> float:
        """Return when row *index* is processed: never after the end, in spite of rounding."""
        share = (index + 1) / self.reach
        return min(self.ends_at, self.starts_at + share * (self.ends_at - self.starts_at))


@dataclass
class Job:
    """A job. ``number`` counts jobs from 1; times are seconds of the simulator's clock."""

    job_id: str
    number: int
    object: Object
    properties: JSONObject
    created_at: float
    created_date: datetime
    upload: UploadedCsv | None = None
    instructions: RowInstructions | None = None
    plan: JobPlan | None = None
    aborted_at: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """Its rows, in the order of the file."""
        return self.upload.rows if self.upload else []

    def cells(self, row: Row) -> list[str]:
        """Return the cells of *row*, with the empty ones."""
        return [row.get(column, "") for column in self.upload.columns] if self.upload else []

    def state(self, now: float) -> str:
        """Return its state as Salesforce names it."""
        if self.aborted_at is not None:
            return "Aborted"
        if self.plan is None:
            return "Open"
        if now < self.plan.ends_at:
            return "UploadComplete" if now < self.plan.starts_at else "InProgress"
        return "Failed" if self.plan.error else "JobComplete"

    def ended_at(self, now: float) -> float | None:
        """Return when it ended; None if it has not ended."""
        if self.aborted_at is not None:
            return self.aborted_at
        return self.plan.ends_at if self.plan and now >= self.plan.ends_at else None

    def due(self, now: float) -> Iterator[tuple[float, int, int, Job]]:
        """Yield the rows that are due and not yet processed, in order: (time, number, index, job).

        The job's number comes after the time, so that the rows of two jobs can be merged.
        """
        if self.plan is None or self.aborted_at is not None:
            return
        for index in range(len(self.outcomes), self.plan.reach):
            at = self.plan.due_at(index)
            if at > now:
                return
            yield at, self.number, index, self

    def close(self, now: float, knobs: SalesforceBulkKnobs) -> None:
        """Close the job, and decide how it will end."""
        self.upload = (
            self.upload or UploadedCsv()
        )  # A job without rows has nothing to do, and no error.
        instructions = _instructions_for(self.object, self.properties, self.upload)
        self.instructions = instructions if isinstance(instructions, RowInstructions) else None
        error = instructions if isinstance(instructions, str) else None
        self.plan = _planned(self, now, knobs, error)

    def summary(self, now: float) -> JSONObject:
        """Return the answer when it is made, closed, aborted or listed."""
        changed = self.created_date + timedelta(seconds=self._changed_at(now) - self.created_at)
        state = self.state(now)
        answer = {
            "id": self.job_id,
            **self.properties,
            "createdById": USER_ID,
            "createdDate": _stamp(self.created_date),
            "systemModstamp": _stamp(changed),
            "state": state,
            "concurrencyMode": "Parallel",
            "jobType": "V2Ingest",
        }
        if state == "Open":
            version = self.properties["apiVersion"]
            path = f"services/data/v{version}/jobs/ingest/{self.job_id}/batches"
            answer["contentUrl"] = path
        return answer

    def status_answer(self, now: float) -> JSONObject:
        """Return the answer to a request for its status."""
        started_at = self.plan.starts_at if self.plan else now
        milliseconds = round(1000 * max(0.0, self._changed_at(now) - started_at))
        answer = {
            **self.summary(now),
            "numberRecordsProcessed": len(self.outcomes),
            "numberRecordsFailed": sum(outcome.error is not None for outcome in self.outcomes),
            "retries": 0,
            "totalProcessingTime": milliseconds,
            "apiActiveProcessingTime": milliseconds,
            "apexProcessingTime": 0,
        }
        if self.plan and self.state(now) == "Failed":
            answer["errorMessage"] = self.plan.error
        return answer

    def _changed_at(self, now: float) -> float:
        if self.state(now) == "Open":
            return self.created_at
        ended_at = self.ended_at(now)
        return now if ended_at is None else ended_at


def _stamp(at: datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}+0000"


def _instructions_for(
    object: Object, properties: JSONObject, upload: UploadedCsv
) -> RowInstructions | str:
    """Return what to do with each row, or why the file cannot be processed."""
    operation, names = properties["operation"], upload.columns
    if upload.error:
        return upload.error
    if operation == "delete" and names and [name.lower() for name in names] != ["id"]:
        return "InvalidBatch : The 'delete' batch must contain only 'Id'"
    key = object.find(properties.get("externalIdFieldName", "")) if operation == "upsert" else None
    columns = {}
    for place, name in enumerate(names):
        column = resolve_column(name, place, object)
        if isinstance(column, UploadColumn) and not _is_taken(column, operation, key):
            column = f"Field name not found : {name}"
        if isinstance(column, str):
            return f"InvalidBatch : {column}"
        columns[name] = column
    if len({each.target for each in columns.values()}) < len(names):
        return f"InvalidBatch : Field name duplicated in {', '.join(names)}"
    by = next((name for name, each in columns.items() if key and each.is_field(key.name)), None)
    twice = repeated(key, by, upload.rows) if key and by else frozenset()
    return RowInstructions(operation, columns, key, twice)


def _is_taken(column: UploadColumn, operation: str, key: Field | None) -> bool:
    field = column.field
    is_name = operation in ("update", "delete") or field == key
    return field.is_writable or (field.type == "id" and is_name)


def _planned(job: Job, now: float, knobs: SalesforceBulkKnobs, error: str | None) -> JobPlan:
    """Return the plan, which follows from the seed and the rows; *error* = no row is processed."""
    spelled = job.upload.canonical_rows if job.upload else []
    content = sha256("\n".join(spelled).encode()).hexdigest()
    dice = random.Random(f"{knobs.seed} {job.properties['operation']} {job.object.name} {content}")
    # The duration comes last, since it takes a varying number of draws: so changing one
    # knob does not change other outcomes.
    is_failing, share = dice.random() < knobs.failing_jobs, dice.uniform(0.4, 0.6)
    duration = seconds_drawn(knobs.duration_seconds, dice)
    starts_at = now + knobs.pending_share * duration
    if error:
        return JobPlan(starts_at, starts_at, reach=0, error=error)
    if is_failing and spelled:
        reach = min(len(spelled) - 1, round(share * len(spelled)))
        return JobPlan(starts_at, now + duration, reach, error=_STOPPED)
    return JobPlan(starts_at, now + duration, reach=len(spelled))
