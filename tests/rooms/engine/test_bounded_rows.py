"""Rows of a large frame are objects of Python for as long as their slice is worked on."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.destination import Payload
from asyncdest_nb.engine import SlicePreparer
from asyncdest_nb.frame import FrameRows
from asyncdest_nb.mapping import plan_fields
from asyncdest_nb.session import field_plans

SLICE = 1_000
ROWS = 20_000
COLUMNS = {f"c{at}" for at in range(10)}
FIELDS = {
    "id": {"label": "ID", "type": "string", "required": True},
    "plan": {"label": "Plan", "type": "string", "choices": ["pro", "free"]},
    "data": {"label": "Data", "type": "object"},
    **{f"n{at}": {"label": f"N{at}", "type": "number"} for at in range(7)},
}
MAPPING = {
    "id": {"@template": "u-{{c0}}"},
    "plan": {"@if": {"exists": {"@path": "$.c1"}, "then": "pro", "else": "free"}},
    "data": {
        "x": {"@path": "$.c2"},
        "all": {"@json": {"mode": "encode", "value": {"@path": "$.c3"}}},
    },
    **{f"n{at}": {"@path": f"$.c{at + 3}"} for at in range(7)},
}


def nothing(request: Any, data: Any) -> None:
    """Send nothing."""


def row_objects() -> int:
    """Return how many payloads, rows and values of `data` are alive."""
    gc.collect()
    return sum(map(_is_of_a_row, gc.get_objects()))


def _is_of_a_row(found: object) -> bool:
    if type(found) is dict:
        return found.keys() in ({"x", "y"}, COLUMNS) or "n6" in found
    return isinstance(found, Payload)


def test_a_large_frame_is_mapped_and_checked_with_a_bounded_number_of_row_objects():
    frame = pd.DataFrame({f"c{at}": np.arange(ROWS) for at in range(10)})
    action = ad.Action(title="Act", fields=FIELDS, perform_batch=nothing)
    fields = plan_fields(field_plans(action.fields), list(frame.columns), mapping=MAPPING)
    preparer, texts, alive = SlicePreparer(action, fields), 0, []
    before = row_objects()
    for number, part in enumerate(FrameRows(frame, fields.reads).slices(SLICE)):
        mapped = preparer.mapped(part)
        prepared = preparer.prepared(mapped)
        texts += len(prepared.texts)
        if number % 5 == 4:
            alive.append(row_objects() - before)
        del mapped, prepared, part
    assert texts == ROWS
    assert len(alive) == ROWS // SLICE // 5
    # The objects in `data`, and one for each row of the slice.
    assert max(alive) <= 3 * SLICE
    assert max(alive) - min(alive) < SLICE / 10
