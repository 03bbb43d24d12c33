"""Orders of a shop, mapped as Segment's framework mapped the first thousand of them."""

from __future__ import annotations

import json

from asyncdest_nb.mapping import transform_batch
from bench_rows import orders
from paths import DATA
from segment_recordings import comparable, recorded_rows


def test_orders_are_mapped_as_by_segment():
    mapping = json.loads((DATA / "bench" / "mapping.json").read_text())
    expected = recorded_rows("bench/sample_expected.jsonl")
    found = transform_batch(mapping, list(orders(len(expected))))
    assert comparable(found) == comparable(expected)


def test_an_object_is_built_of_keys_that_no_code_is_made_of():
    odd = ["'", '"', "\\", "\n", "{}", "]", "\ud800", "é", "__class__", "row", "made"]
    mapping = {key: {"@path": f"$.o.{index}"} for index, key in enumerate(odd)}
    row = {"o": {str(index): key for index, key in enumerate(odd)}}
    assert transform_batch(mapping, [row]) == [{key: key for key in odd}]
    path = {"x": {"@path": "$.a\\\nb.c"}, "y": {"@path": "$.\u2028"}}
    assert transform_batch(path, [{"a\\\nb": {"c": 1}, "\u2028": 2}]) == [{"x": 1, "y": 2}]
