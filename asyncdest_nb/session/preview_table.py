"""The rows of a preview beside what would be sent of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..destination import BESIDE, NAMES
from ..frame import DataFrame, FrameRows, with_columns
from ..mapping import UNDEFINED, FieldMap
from ..responses import JSONObject

ARROW = "→"
NOT_SENT = "not sent"


def preview_table(
    frame: DataFrame,
    fields: FieldMap,
    positions: Sequence[int],
    *,
    payloads: Mapping[int, JSONObject],
    reasons: Mapping[int, str],
) -> DataFrame:
    """Return the rows of *frame* at *positions* with their own columns, and beside them each field.

    A row that is not sent has the values that it was mapped to, before they were checked.
    """
    mapped = _mapped(frame, fields, positions)
    beside = mapped.get(BESIDE, [])
    sent = [payloads.get(at) for at in positions]
    columns: dict[str, list[Any]] = {}
    for field in fields.sources:
        if beside and field in NAMES:
            columns[f"{ARROW} {field}"] = [
                None if each is UNDEFINED else each.get(field) for each in beside
            ]
            continue
        own = mapped.get(field, [UNDEFINED] * len(positions))
        values = [
            row.get(field, UNDEFINED) if row is not None else value
            for row, value in zip(sent, own, strict=True)
        ]
        columns[f"{ARROW} {field}"] = [None if each is UNDEFINED else each for each in values]
    columns[NOT_SENT] = [reasons.get(at) for at in positions]
    return with_columns(frame, positions, columns)


def _mapped(frame: DataFrame, fields: FieldMap, positions: Sequence[int]) -> dict[str, list[Any]]:
    if not positions:
        return {}
    [part] = FrameRows(frame, fields.reads).at(positions).slices(len(positions))
    values, _ = fields.values(part.columns, len(positions))
    return values
