"""What reaches perform, and why rows do not, against batches recorded from Segment's framework.

``data/batch.jsonl`` was recorded by running that framework as ``fields.jsonl`` was: events,
a mapping and fields, the payloads that its functions were called with, and the outcome of
each event.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import MappingError
from asyncdest_nb.mapping import transform
from paths import DATA
from segment_framework import comparable

RECORDED = [json.loads(line) for line in (DATA / "batch.jsonl").read_text("utf-8").splitlines()]
# Here the framework's own key dynamicAuthSettings reaches perform beside the fields. Ours has
# credentials in the settings.
OWN_KEY = "b-054"
BATCHES = [
    each
    for each in RECORDED
    if each["kind"] in ("batch", "async_batch") and each["fields"] and each["id"] != OWN_KEY
]


def nothing(request: Any, data: Any) -> None:
    """Send nothing."""


def read_rows(recorded: dict[str, Any]) -> list[Any]:
    """Return what the mapping and the fields make of each event: a payload, or a reason."""
    action = ad.Action(title="Act", fields=recorded["fields"], performBatch=nothing)
    read = [action.read(transform(recorded["mapping"], each)) for each in recorded["events"]]
    return [each if isinstance(each, str) else each.as_json() for each in read]


@pytest.mark.parametrize("recorded", BATCHES, ids=lambda recorded: recorded["id"])
def test_the_payloads_of_a_batch_are_those_of_segment(recorded):
    try:
        rows = read_rows(recorded)
    except MappingError:
        # One row loses the whole batch there; here it fails alone where a run maps it.
        assert not recorded["perform_calls"]
        return
    sent = [each for each in rows if not isinstance(each, str)]
    for call in recorded["perform_calls"]:
        assert comparable(sent) == comparable(call["payload"])
    outcomes = recorded.get("result")
    outcomes = outcomes["responses"] if isinstance(outcomes, dict) else outcomes
    for row, outcome in zip(rows, outcomes or [], strict=bool(outcomes)):
        if isinstance(row, str):
            assert row == outcome.get("value", outcome)["errormessage"]
