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


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["id"])
def test_nested_directives_and_templates_do_what_segment_does(recorded):
    row = recorded.get("input", LIQUID_ROW["input"])
    if "error" not in recorded:
        result = run({**recorded, "input": row})
        assert comparable(result) == comparable(recorded.get("output", UNDEFINED))
        return
    with pytest.raises(MappingError) as raised:
        run({**recorded, "input": row})
    assert str(raised.value).split("\n") == messages(recorded)
