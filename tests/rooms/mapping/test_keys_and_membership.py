"""Runs against outputs recorded from Segment's action-destinations framework."""

from __future__ import annotations

import pytest

from asyncdest_nb.mapping import audience_membership, value_keys
from segment_recordings import recorded_rows

KEYS = recorded_rows("value_keys.jsonl")
ODD_PERSON = {"computation_class": "audience", "computation_key": ["k"]}
MEMBERSHIPS = recorded_rows("audience_membership.jsonl")


@pytest.mark.parametrize("recorded", KEYS, ids=lambda recorded: recorded["id"])
def test_the_keys_of_a_mapping_are_listed_as_by_segment(recorded):
    assert value_keys(recorded["value"]) == recorded["keys"]


@pytest.mark.parametrize("recorded", MEMBERSHIPS, ids=lambda recorded: recorded["id"])
def test_an_event_says_as_in_segment_who_is_in_an_audience(recorded):
    found = audience_membership(
        recorded["raw"], sync_mode=recorded.get("syncMode"), features=recorded.get("features")
    )
    assert found is recorded["membership"]


def test_the_recorded_rows_are_there():
    assert (len(KEYS), len(MEMBERSHIPS)) == (36, 99)


@pytest.mark.parametrize("event", [None, "text", {"context": None}, {"context": {"personas": 1}}])
def test_an_event_without_a_person_says_nothing(event):
    assert audience_membership(event, sync_mode="add") is None


def test_keys_are_listed_in_the_order_of_javascript():
    value = {"b": {"@path": "$.b"}, "10": {"@path": "$.ten"}, "9": {"@path": "$.nine"}}
    assert value_keys(value) == ["$.nine", "$.ten", "$.b"]


@pytest.mark.parametrize(
    "odd", [{"type": ["track"]}, {"event": ["new"]}, {"context": {"personas": ODD_PERSON}}]
)
def test_an_event_of_odd_types_says_nothing(odd):
    event = {"type": "track", "event": "viewed", "properties": {"k": True}, **odd}
    assert audience_membership(event, sync_mode="add") is None
