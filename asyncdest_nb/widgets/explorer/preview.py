"""A preview of what would be sent, as values to show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ...destination import InputField
from ...errors import MappingError
from ...frame import DataFrame, to_rows
from ...mapping import FieldMap, FieldPlan, plan_fields
from ...session import Connection, Preview, field_plans
from .choices import TAKEN

LIVE_ROWS = 200  # Rows of a preview while choices change: it takes some milliseconds.
SHOWN = 5  # Rows of each kind in the table.


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A field that is filled, or a key of one that is filled by an object of the mapping.

    ``key`` None = the whole field. ``source`` is what fills it, in words.
    """

    field: str
    key: str | None
    source: str

    @property
    def title(self) -> str:
        """Its name in a table."""
        return self.field if self.key is None else f"{self.field}: {self.key}"

    def of(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return its value among the *values* of a payload, empty = there is none."""
        if self.field not in values:
            return ()
        found = values[self.field]
        if self.key is None:
            return (found,)
        return (found[self.key],) if isinstance(found, dict) and self.key in found else ()


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of the preview: its values by field, as they would be sent if they were valid.

    ``reason`` is why it is invalid, empty = it is not; ``faulty`` are the titles of the
    columns that the reason is about. ``is_unchanged``: it equals what is there.
    """

    label: str
    values: Mapping[str, Any]
    reason: str = ""
    faulty: frozenset[str] = frozenset()
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """What would be sent of the first ``rows`` of ``total`` rows, of which ``matched`` match.

    ``frame`` is a copy of all of them, as they were at the preview. ``columns`` are those
    of the table of ``lines``.
    """

    preview: Preview
    frame: DataFrame
    rows: int
    matched: int
    total: int
    columns: Sequence[PreviewColumn]
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
    fields = connection.destination.action(action).inputs
    assert preview.submission is not None  # It was made by preview.
    count, chosen = len(preview.labels), preview.submission.frame
    looked = len(frame) if limit is None else min(limit, len(frame))
    at = sorted({*range(min(SHOWN, count)), *list(preview.invalid)[:SHOWN]})
    columns, unchanged = _columns(preview.sources, _mapping(given)), set(preview.unchanged)
    intended = _intended(chosen, at, fields, given, columns)
    lines = [
        PreviewRow(
            label=preview.labels[row],
            values={**preview.payloads[row], **preview.beside.get(row, {})}
            if row in preview.payloads
            else values,
            reason=(reason := preview.invalid.get(row, "")),
            faulty=faulty(reason, fields, columns) | unsendable,
            is_unchanged=row in unchanged,
        )
        for row, (values, unsendable) in zip(at, intended, strict=True)
    ]
    return PreviewResult(
        preview,
        frame,
        rows=looked,
        matched=count,
        total=len(frame),
        columns=columns,
        lines=lines,
    )


def _mapping(keywords: Mapping[str, Any]) -> dict[str, Any]:
    constants = {key: value for key, value in keywords.items() if key not in TAKEN}
    mapping: dict[str, Any] = keywords.get("mapping", {})
    # That of a preset is a StoredMapping, which is read in another way, and stays one.
    return {**mapping, **constants} if constants else mapping


def _columns(sources: Mapping[str, str], mapping: Mapping[str, Any]) -> list[PreviewColumn]:
    """Return a column for each field, and one for each key of an object in the *mapping*."""
    found: list[PreviewColumn] = []
    for field, words in sources.items():
        value = mapping.get(field)
        if is_object(value):
            found += [PreviewColumn(field, key, _words(each)) for key, each in value.items()]
        else:
            found.append(PreviewColumn(field, None, words))
    return found


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether *value* of a mapping is an object with keys of its own, and no directive."""
    if not isinstance(value, dict) or not value:
        return False
    return not any(str(key).startswith("@") for key in value)


def _words(value: Any) -> str:
    path = value.get("@path") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(path, str):
        return f"column {path.removeprefix('$.')!r}"
    is_mapped = isinstance(value, dict | list)
    return f"{'mapping' if is_mapped else 'constant'} {json.dumps(value, ensure_ascii=False)}"


def _intended(
    frame: DataFrame,
    at: list[int],
    fields: Mapping[str, InputField],
    keywords: Mapping[str, Any],
    columns: Sequence[PreviewColumn],
) -> list[tuple[dict[str, Any], frozenset[str]]]:
    """Return what the rows *at* these positions would be if they were valid.

    With each come the titles of the *columns* that read a cell which cannot be sent, such
    as an infinite number.
    """
    rows, mapping = to_rows(frame, at), _mapping(keywords)
    plans = field_plans(fields, is_lenient=True)
    named = keywords.get("columns")
    plan = plan_fields(plans, rows.columns, columns=named, mapping=mapping)
    keys = type(mapping)(
        (each.title, mapping[each.field][each.key]) for each in columns if each.key is not None
    )
    parts = plan_fields(dict.fromkeys(keys, FieldPlan()), rows.columns, mapping=keys)
    whole = {each.title for each in columns if each.key is None}
    unsendable = [
        frozenset(
            title
            for column, faults in rows.faults.items()
            if place in faults
            for title in (plan.readers(column) & whole) | parts.readers(column)
        )
        for place in range(len(at))
    ]
    return list(zip([_payload(plan, row) for row in rows.rows], unsendable, strict=True))


def _payload(plan: FieldMap, row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return plan.payload(row)
    except MappingError:  # The row's reason explains it.
        return {}


def faulty(
    reason: str, fields: Mapping[str, InputField], columns: Sequence[PreviewColumn]
) -> frozenset[str]:
    """Return the titles of the *columns* that *reason* names: the text of a payload's refusal.

    If it names only the field of an object, these are all its keys.
    """
    parts = reason.split("; ")
    named = [
        each
        for each in columns
        if any(part.startswith(_openings(each.field, fields[each.field].label)) for part in parts)
    ]
    exact = [each for each in named if each.key and f"({each.field}.{each.key}" in reason]
    fields_of_exact = {each.field for each in exact}
    rest = [each for each in named if each.field not in fields_of_exact]
    return frozenset(each.title for each in (*exact, *rest))


def _openings(key: str, label: str) -> tuple[str, ...]:
    return (f"{label} ({key})", f"{label} ({key}.", f"{label}: ", f"{key}: ")
