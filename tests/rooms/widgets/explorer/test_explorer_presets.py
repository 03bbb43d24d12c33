"""The presets of a destination, chosen in the explorer."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from explorer_clicks import Clicks, own_destination

EVENTS = pd.DataFrame(
    {"userId": ["u1", "u2", "u3"], "type": ["track", "page", "track"], "user_id": ["x", "y", "z"]}
)
TRACKED = {
    "name": "Tracked users",
    "partnerAction": "up",
    "subscribe": 'type = "track"',
    # A key that no row has is nothing in a stored mapping, and a mistake in a typed one.
    "mapping": {
        "user_id": {"@if": {"exists": {"@path": "$.nowhere"}, "else": {"@path": "$.userId"}}}
    },
}
EVERYONE = {
    "name": "Everyone",
    "partnerAction": "up",
    "mapping": {"user_id": {"@path": "$.userId"}},
}


def opened(session: ad.Session, *presets: dict[str, Any]) -> tuple[Clicks, dict[str, Any]]:
    names: dict[str, Any] = {"events": EVENTS, "own": own_destination(presets=list(presets))}
    clicks = Clicks(EVENTS, session=session, names=names)
    clicks.choose("own")
    clicks.click("Connect")
    return clicks, names


def test_a_preset_fills_the_fields_and_says_which_rows_are_sent(session: ad.Session):
    clicks, _ = opened(session, TRACKED, EVERYONE)
    assert clicks.find("User ID (required)")
    clicks.put(Preset="Tracked users")
    assert "It fills user_id.\nOnly rows that match: type = &quot;track&quot;." in clicks.text
    assert "Looked at all rows, of which 2 match: 2 fit." in clicks.text
    labels = {getattr(each, "description", "") for each in clicks.all()}
    assert not {"User ID (required)", "Only rows that match"} & labels
    clicks.click("Send 2 rows")
    assert clicks.explorer.run.wait(timeout=10) == "completed"
    assert list(clicks.explorer.run.results().index) == [0, 2]


def test_the_cell_of_a_preset_sends_the_same(session: ad.Session):
    clicks, names = opened(session, TRACKED)
    clicks.put(Preset="Tracked users")
    code = clicks.explorer.code
    assert """crm.submit(events, **crm.destination.presets["Tracked users"])""" in code
    here = {**names, "session": session}
    exec(code.replace("ad.connect(", "session.connect("), here)
    assert here["run"].wait(timeout=10) == "completed"
    assert list(here["run"].results().index) == [0, 2]


def test_without_a_preset_the_fields_are_as_they_were(session: ad.Session):
    clicks, _ = opened(session, EVERYONE)
    clicks.put(Preset="Everyone")
    assert "3 fit" in clicks.text
    clicks.put(Preset="")
    assert clicks.find("User ID (required)")
    assert "presets" not in clicks.explorer.code


@pytest.mark.parametrize("presets", [[], [TRACKED]])
def test_presets_are_offered_only_where_there_are_some(session: ad.Session, presets: list[Any]):
    clicks, _ = opened(session, *presets)
    labels = {getattr(each, "description", "") for each in clicks.all()}
    assert ("Preset" in labels) is bool(presets)
