"""Columns with dots in their names, which together are the objects of an event."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncdest_nb.errors import UnknownName
from asyncdest_nb.frame import FrameRows, column_names
from asyncdest_nb.mapping import FieldPlan, plan_fields, transform

KEYS = st.sampled_from(["a", "b", "c d", "e1"])
EVENTS = st.recursive(
    st.integers(0, 9) | st.text("xyz", max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=8,
)


def values(frame: pd.DataFrame, mapping: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what *mapping* makes of each row of *frame*."""
    plan = plan_fields(dict.fromkeys(mapping, FieldPlan()), column_names(frame), mapping=mapping)
    rows = FrameRows(frame, plan.reads)
    [part] = rows.slices(len(frame))
    found, faults = plan.values(part.columns, len(frame))
    assert not faults
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


def test_what_columns_begin_with_is_an_object_of_them():
    frame = pd.DataFrame(
        {"properties.plan": ["pro", None], "properties.address.city": ["X", "Y"], "user": [1, 2]}
    )
    mapping = {"all": {"@path": "$.properties"}, "place": {"@path": "$.properties.address"}}
    assert values(frame, mapping) == [
        {"all": {"plan": "pro", "address": {"city": "X"}}, "place": {"city": "X"}},
        {"all": {"plan": None, "address": {"city": "Y"}}, "place": {"city": "Y"}},
    ]


def test_a_column_of_the_whole_name_comes_first():
    frame = pd.DataFrame({"properties": [{"own": 1}], "properties.plan": ["pro"]})
    mapping = {"all": {"@path": "$.properties"}, "plan": {"@path": "$.properties.plan"}}
    assert values(frame, mapping) == [{"all": {"own": 1}, "plan": "pro"}]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ user.name }}", "Ada"),
        ("{{ user.name }} {{ user.city }}", "Ada Bern"),
        ("{{ plain }}", "x"),
        ("{{ both }}", "whole"),
        ("{{ both.part }}", "part"),
    ],
)
def test_a_liquid_template_reads_its_own_columns_alone(template, text):
    columns = {"user.name": "Ada", "user.city": "Bern", "plain": "x"}
    frame = pd.DataFrame([columns | {"both": "whole", "both.part": "part", "other.one": 1}])
    assert values(frame, {"text": {"@liquid": template}}) == [{"text": text}]
    names = column_names(frame)
    plan = plan_fields({"text": FieldPlan()}, names, mapping={"text": {"@liquid": template}})
    assert plan.payload(frame.to_dict("records")[0]) == {"text": text}


def test_a_path_to_no_column_is_still_a_mistake():
    frame = pd.DataFrame({"properties.plan": ["pro"]})
    with pytest.raises(UnknownName, match=r"no column 'properties'.*\$\.properties\.plan"):
        values(frame, {"x": {"@path": "$.properties.address"}})


@settings(max_examples=100, deadline=None)
@given(event=st.fixed_dictionaries({"properties": EVENTS}))
def test_a_normalized_event_is_mapped_as_the_event_itself(event):
    mapping = {"all": {"@path": "$.properties"}}
    # A key that one event has and another lacks would be null in a frame.
    frame = pd.json_normalize([event, event])
    assert values(frame, mapping) == [{"all": transform(mapping["all"], event)}] * 2
