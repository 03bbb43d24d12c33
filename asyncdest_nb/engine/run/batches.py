"""From rows to batches: pure, and the only place where rows are assigned to operations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...destination import Action, Payload
from ...mapping import FieldMap
from ...operation import Operation
from ...responses import clean_text


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that may be sent: its payload, the same as JSON text, and its bytes in a request."""

    position: int
    payload: Payload
    text: str
    size: int


@dataclass(frozen=True, slots=True)
class Invalid:
    """A row that cannot be sent, and why."""

    position: int
    reason: str


@dataclass(frozen=True)
class InputRows:
    """The rows of a run as submitted, by position: values, faults, and labels to show.

    ``texts`` are the stored payloads that they must map to again, None = any.
    """

    rows: Sequence[Mapping[str, Any]]
    faults: Mapping[int, str]
    labels: Sequence[str]
    texts: Sequence[str | None] | None = None

    def at(self, positions: Sequence[int]) -> InputRows:
        """Return the rows at *positions*, in that order."""
        return InputRows(
            [self.rows[each] for each in positions],
            {new: self.faults[old] for new, old in enumerate(positions) if old in self.faults},
            [self.labels[each] for each in positions],
            None if self.texts is None else [self.texts[each] for each in positions],
        )


@dataclass(slots=True)
class Batch:
    """What one call of ``perform`` or ``perform_batch`` carries, and for which operations."""

    number: int
    rows: list[Prepared]
    operations: range


def prepare(source: InputRows, *, action: Action, fields: FieldMap) -> Iterator[Prepared | Invalid]:
    """Map and validate every row of *source*, in order."""
    for position, row in enumerate(source.rows):
        fault = source.faults.get(position)
        found = fault if fault is not None else _read(row, action=action, fields=fields)
        if isinstance(found, str):
            yield Invalid(position, found)
        elif source.texts is not None and source.texts[position] != found[1]:
            # A validator that hashes or shifts a value would do so a second time.
            yield Invalid(position, "its payload does not fit the action as it is defined now")
        else:
            yield Prepared(position, *found)


def _read(
    row: Mapping[str, Any], *, action: Action, fields: FieldMap
) -> tuple[Payload, str, int] | str:
    try:
        payload = action.read(fields.payload(row))
        if isinstance(payload, str):
            return payload
        text = text_of(payload)
        size = len(text.encode())
        size = size if action.row_bytes is None else action.row_bytes(payload)
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start : error.end])
        return f"half a character (a lone surrogate: {half}), which UTF-8 cannot encode"
    except Exception as error:  # A user's validator may raise anything; the row is at fault.
        return clean_text(f"{type(error).__name__}: {error}")
    if size > action.batch_bytes:
        return f"the row is {size:,} bytes; a request may carry {action.batch_bytes:,}"
    return payload, text, size


def text_of(payload: Payload) -> str:
    """Return *payload* as JSON text, in the form that a store has it."""
    return json.dumps(payload.as_json(), ensure_ascii=False, separators=(",", ":"))


def batched(
    rows: Iterable[Prepared], *, action: Action, batch_size: int | None
) -> Iterator[list[Prepared]]:
    """Split *rows* into batches: by rows, by bytes, and by the action's batch keys.

    *batch_size* None = as many rows as the action takes. Rows of the same keys keep their
    order.
    """
    count = 1
    if action.perform_batch is not None:
        count = min(batch_size or action.batch_size, action.batch_size)
    for group in _grouped(rows, action.batch_keys):
        yield from _split(group, count=count, size_bytes=action.batch_bytes)


def _grouped(rows: Iterable[Prepared], keys: Sequence[str]) -> Iterable[Iterable[Prepared]]:
    if not keys:
        return [rows]
    groups: dict[str, list[Prepared]] = {}
    for row in rows:
        values = [getattr(row.payload, key) for key in keys]
        groups.setdefault(repr(values), []).append(row)
    return groups.values()


def _split(rows: Iterable[Prepared], *, count: int, size_bytes: int) -> Iterator[list[Prepared]]:
    batch: list[Prepared] = []
    held = 0
    for row in rows:
        size = row.size + 1  # With the comma or line end that separates it from the next.
        if batch and (len(batch) == count or held + size > size_bytes):
            yield batch
            batch, held = [], 0
        batch.append(row)
        held += size
    if batch:
        yield batch


def plan(
    rows: Iterable[Prepared], *, action: Action, batch_size: int | None
) -> Iterator[tuple[Batch, list[Operation]]]:
    """Assign *rows* to batches, and each batch to its operations: one per row, or one for all."""
    start = 0
    for number, members in enumerate(batched(rows, action=action, batch_size=batch_size)):
        operations = list(_operations(members, start=start, batch=number, action=action))
        yield Batch(number, members, range(start, start + len(operations))), operations
        start += len(operations)


def _operations(
    members: Sequence[Prepared], *, start: int, batch: int, action: Action
) -> Iterator[Operation]:
    positions = [row.position for row in members]
    groups = [positions] if action.operation_per == "batch" else [[each] for each in positions]
    for offset, group in enumerate(groups):
        yield Operation(number=start + offset, rows=tuple(group), batch=batch)
