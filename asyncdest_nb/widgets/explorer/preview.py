"""A preview of what would be sent, as values to show."""

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

LIVE_ROWS = 200  # Rows of a preview while choices change: it takes some milliseconds.
SHOWN = 5  # Rows of each kind in the table.


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of the preview: its values by field, as they would be sent if they were valid.

    ``reason`` is why it is not sent, empty = it is; ``faulty`` are the fields that
    the reason is about.
    """

    label: str
    values: Mapping[str, Any]
    reason: str = ""
    faulty: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """What would be sent of the first ``rows`` of ``total`` rows.

    ``frame`` is a copy of all of them, as they were at the preview.
    """

    preview: Preview
    frame: DataFrame
    rows: int
    total: int
    lines: Sequence[PreviewRow]

    @property
    def is_whole(self) -> bool:
        """Whether it is of every row."""
        return self.rows == self.total


def preview_rows(
    connection: Connection,
    frame: DataFrame,
    action: str,
    keywords: Mapping[str, Any],
    *,
    limit: int | None = None,
) -> PreviewResult:
    """Return what ``submit`` would send of the first *limit* rows, None = of all.

    Raises what ``preview`` raises.
    """
    frame = frame.copy()
    given = {name: value for name, value in keywords.items() if name != "again"}
    preview = connection.preview(frame, action, rows=limit, **given)
    fields = connection.destination.action(action).fields
    count = len(preview.labels)
    at = sorted({*range(min(SHOWN, count)), *list(preview.invalid)[:SHOWN]})
    intended = _intended(frame, at, fields, given)
    lines = [
        PreviewRow(
            label=preview.labels[row],
            values=preview.payloads.get(row, values),
            reason=(reason := preview.invalid.get(row, "")),
            faulty=faulty(reason, fields) | unsendable,
        )
        for row, (values, unsendable) in zip(at, intended, strict=True)
    ]
    return PreviewResult(preview, frame, rows=count, total=len(frame), lines=lines)


def _intended(
    frame: DataFrame,
    at: list[int],
    fields: Mapping[str, InputField],
    keywords: Mapping[str, Any],
) -> list[tuple[dict[str, Any], frozenset[str]]]:
    """Return what the rows *at* these positions would be if they were valid.

    With each come the fields that read a cell which cannot be sent, such as an infinite
    number.
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
    except MappingError:  # The row's reason explains it.
        return {}


def faulty(reason: str, fields: Mapping[str, InputField]) -> frozenset[str]:
    """Return the fields that *reason* names; it is the text of a payload's refusal."""
    parts = reason.split("; ")
    return frozenset(
        key
        for key, field in fields.items()
        if any(part.startswith(_openings(key, field.label)) for part in parts)
    )


def _openings(key: str, label: str) -> tuple[str, ...]:
    return (f"{label} ({key})", f"{label} ({key}.", f"{label}: ", f"{key}: ")
