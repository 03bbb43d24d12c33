"""A look at what would be sent, as values to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...destination import InputField
from ...errors import MappingError
from ...frame import DataFrame, to_rows
from ...mapping import FieldMap, plan_fields
from ...session import Connection, Preview, field_plans
from .choices import TAKEN

LIVE = 200  # Rows looked at while choices change: some milliseconds.
SHOWN = 5  # Rows of each kind in the table.


@dataclass(frozen=True, slots=True)
class Line:
    """A row in the table: its values by field, as they would be sent or were meant to be.

    ``reason`` is why it is not sent, empty = it is; ``faulty`` are the fields that
    the reason is about.
    """

    label: str
    values: Mapping[str, Any]
    reason: str = ""
    faulty: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking at the first ``rows`` of ``total`` rows.

    ``frame`` is a copy of all of them, as they were then.
    """

    preview: Preview
    frame: DataFrame
    rows: int
    total: int
    lines: Sequence[Line]

    @property
    def is_whole(self) -> bool:
        """Whether every row was looked at."""
        return self.rows == self.total


def look(
    connection: Connection,
    frame: DataFrame,
    action: str,
    keywords: Mapping[str, Any],
    *,
    limit: int | None = None,
) -> Look:
    """Return what ``submit`` would send of the first *limit* rows, None = of all.

    Raises what ``preview`` raises.
    """
    frame = frame.copy()
    given = {name: value for name, value in keywords.items() if name != "again"}
    preview = connection.preview(frame, action, rows=limit, **given)
    fields = connection.destination.action(action).fields
    count = len(preview.labels)
    at = sorted({*range(min(SHOWN, count)), *list(preview.invalid)[:SHOWN]})
    meant = _meant(frame, at, fields, given)
    lines = [
        Line(
            label=preview.labels[row],
            values=preview.payloads.get(row, values),
            reason=(reason := preview.invalid.get(row, "")),
            faulty=faulty(reason, fields) | unsendable,
        )
        for row, (values, unsendable) in zip(at, meant, strict=True)
    ]
    return Look(preview, frame, rows=count, total=len(frame), lines=lines)


def _meant(
    frame: DataFrame,
    at: list[int],
    fields: Mapping[str, InputField],
    keywords: Mapping[str, Any],
) -> list[tuple[dict[str, Any], frozenset[str]]]:
    """Return what the rows *at* these positions would be, were they valid.

    And the fields of each that read a cell which cannot be sent, as an infinite number.
    """
    rows = to_rows(frame, at)
    mapping = dict(keywords.get("mapping", {}))
    constants = keywords.keys() - TAKEN
    mapping |= {key: value for key, value in keywords.items() if key in constants}
    plans = field_plans(fields, is_lenient=True)
    plan = plan_fields(plans, rows.columns, columns=keywords.get("columns"), mapping=mapping)
    unsendable = [
        frozenset(
            key
            for column, faults in rows.faults.items()
            if place in faults
            for key in plan.readers(column)
        )
        for place in range(len(at))
    ]
    return list(zip([_payload(plan, row) for row in rows.rows], unsendable, strict=True))


def _payload(plan: FieldMap, row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return plan.payload(row)
    except MappingError:  # The row's reason says it.
        return {}


def faulty(reason: str, fields: Mapping[str, InputField]) -> frozenset[str]:
    """Return the fields that *reason* names, in the words a payload is refused with."""
    parts = reason.split("; ")
    return frozenset(
        key
        for key, field in fields.items()
        if any(part.startswith(_openings(key, field.label)) for part in parts)
    )


def _openings(key: str, label: str) -> tuple[str, ...]:
    return (f"{label} ({key})", f"{label} ({key}.", f"{label}: ", f"{key}: ")
