"""Runs against outputs of ``@segment/actions-core`` 3.170.0, as npm has it, on Node 20.

The inputs were made at random: directives in directives, with odd arguments and values, and
Liquid templates with every filter. All templates read the row of the first recording. A template
that prints what a date in no standard format means in V8, or what JSON makes of ``nil``, is not
among them.
"""

from __future__ import annotations

import pytest

from asyncdest_nb.errors import MappingError
from asyncdest_nb.mapping import UNDEFINED
from segment_recordings import comparable, messages, recorded_rows, run

LIQUID_ROW, *RECORDED = recorded_rows("mapping_published.jsonl")


@pytest.mark.parametrize("kind", ["nested", "liquid"])
def test_nested_directives_and_templates_do_what_segment_does(kind):
    rows = [recorded for recorded in RECORDED if recorded["id"].startswith(kind)]
    assert len(rows) >= 230
    assert {recorded["id"]: wrong for recorded in rows if (wrong := difference(recorded))} == {}


def difference(recorded):
    """Return what is found where something else was recorded, None if there is no difference."""
    row = recorded.get("input", LIQUID_ROW["input"])
    try:
        found = comparable(run({**recorded, "input": row}))
    except MappingError as error:
        expected = messages(recorded) if "error" in recorded else []
        return None if str(error).split("\n") == expected else str(error)
    expected = comparable(recorded.get("output", UNDEFINED))
    return None if "error" not in recorded and found == expected else found
