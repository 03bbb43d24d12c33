"""From rows to batches: pure, and the only place where rows are laid on operations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..destination import Action, Payload
from ..mapping import FieldMap
from ..operation import Operation


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that may be sent; ``text`` is its payload as JSON."""

    position: int
    payload: Payload
    text: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """A row that cannot be sent, and why."""

    position: int
    reason: str


@dataclass(frozen=True)
class Source:
    """The rows of a run as submitted, by position: values, faults, and labels for a screen."""

    rows: Sequence[Mapping[str, Any]]
    faults: Mapping[int, str]
    labels: Sequence[str]


@dataclass(slots=True)
class Batch:
    """What one call of ``perform`` or ``perform_batch`` carries, and for which operations."""

    number: int
    rows: list[Prepared]
    operations: range


def prepare(source: Source, *, action: Action, fields: FieldMap) -> Iterator[Prepared | Invalid]:
    """Map and validate every row of *source*, in order."""
    for position, row in enumerate(source.rows):
        fault = source.faults.get(position)
        found = fault if fault is not None else _read(row, action=action, fields=fields)
        if isinstance(found, str):
            yield Invalid(position, found)
        else:
            yield Prepared(position, *found)


def _read(row: Mapping[str, Any], *, action: Action, fields: FieldMap) -> tuple[Payload, str] | str:
    try:
        payload = action.read(fields.payload(row))
        if isinstance(payload, str):
            return payload
        text = json.dumps(payload.as_json(), ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode())
    except Exception as error:  # A user's validator may raise anything; the row is at fault.
        return f"{type(error).__name__}: {error}"
    if size > action.batch_bytes:
        return f"the row is {size:,} bytes of JSON; a request may carry {action.batch_bytes:,}"
    return payload, text


def rows_per_call(action: Action, batch_size: int | None) -> int:
    """Return how many rows one call carries: one, unless the action takes batches."""
    if action.perform_batch is None:
        return 1
    return action.batch_size if batch_size is None else min(batch_size, action.batch_size)


def split(rows: Iterable[Prepared], *, count: int, size_bytes: int) -> Iterator[list[Prepared]]:
    """Cut *rows*, in order, into lists of at most *count* rows and *size_bytes* of JSON."""
    batch: list[Prepared] = []
    held = 0
    for row in rows:
        size = len(row.text.encode()) + 1  # With the comma that parts it from the next.
        if batch and (len(batch) == count or held + size > size_bytes):
            yield batch
            batch, held = [], 0
        batch.append(row)
        held += size
    if batch:
        yield batch


def plan(
    rows: Iterable[Prepared], *, action: Action, batch_size: int | None
) -> tuple[list[Batch], list[Operation]]:
    """Lay *rows* on batches, and batches on operations: one per row, or one per batch."""
    batches: list[Batch] = []
    operations: list[Operation] = []
    count = rows_per_call(action, batch_size)
    for number, members in enumerate(split(rows, count=count, size_bytes=action.batch_bytes)):
        start = len(operations)
        operations.extend(_operations(members, start=start, batch=number, action=action))
        batches.append(Batch(number, members, range(start, len(operations))))
    return batches, operations


def _operations(
    members: Sequence[Prepared], *, start: int, batch: int, action: Action
) -> Iterator[Operation]:
    positions = [row.position for row in members]
    groups = [positions] if action.operation_per == "batch" else [[each] for each in positions]
    for offset, group in enumerate(groups):
        yield Operation(number=start + offset, rows=tuple(group), batch=batch)
