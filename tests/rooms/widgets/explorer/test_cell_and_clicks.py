"""The cell does what the clicks did, against a simulator."""

from __future__ import annotations

import getpass
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from explorer_clicks import CASES, FRAME, SECRET, Clicks, payloads, ready


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_cell_gives_the_same_results_as_the_clicks(case, demo, session, monkeypatch):
    clicks = ready(demo, session, names={"customers": FRAME})
    for label, kind, value, control in case:
        clicks.fill(label, kind, value, control)
    clicks.put(**{"Rows per request": "2", "Only the first rows": "3"})
    clicks.click("Send 3 rows")
    clicked = clicks.explorer.run
    clicked.wait(30)
    sent = payloads(demo)
    # In a new notebook nothing is known of what was sent before.
    monkeypatch.setattr(getpass, "getpass", {"API key": SECRET}.__getitem__)
    monkeypatch.setattr(ad, "Session", lambda: session)
    names = {"customers": FRAME}
    exec(clicks.explorer.code.replace("batch_size=2", "batch_size=2, again=True"), names)
    pasted = names["run"]
    pasted.wait(30)
    assert payloads(demo) == [*sent, *sent]
    assert len(sent) == 3
    same = ["status", "error_code", "progress"]
    pd.testing.assert_frame_equal(pasted.results()[same], clicked.results()[same])


def test_a_change_of_choices_changes_the_cell(demo, session):
    clicks = ready(demo, session)
    assert 'operation_type="sync_profile"' in clicks.explorer.code
    assert "columns=" not in clicks.explorer.code
    clicks.fill("User ID (required)", "column", "customer_id", "Column for User ID")
    assert 'columns={"user_id": "customer_id"}' in clicks.explorer.code
    clicks.find("User ID (required)").value = "default"
    assert "columns=" not in clicks.explorer.code


def test_a_sync_mode_and_an_audience_are_chosen_like_fields(session):
    given = []

    async def perform_batch(request: Any, data: Any) -> None:
        given.append((data.sync_mode, data.matching_key, data.audience_membership))

    class Payload(ad.Payload):
        id: str = ad.field("Id")

    modes = {"sync_mode": ["add", "mirror"]}
    action = ad.Action(title="Sync", payload=Payload, perform_batch=perform_batch, **modes)
    own = {"name": "VIPs", "slug": "vips", "description": "An audience"}
    vips = ad.Destination(**own, actions={"sync": action})
    frame = pd.DataFrame({"id": ["a", None], "vip": [True, False]})
    clicks = Clicks(frame, session=session, names={"vips": vips})
    clicks.choose("vips")
    clicks.click("Connect")
    clicks.fill("Sync mode (optional)", "constant", "mirror", "Constant for Sync mode")
    clicks.fill("Audience membership (optional)", "column", "vip", "Column for Audience membership")
    assert 'columns={"audience_membership": "vip"}' in clicks.explorer.code
    assert 'sync_mode="mirror"' in clicks.explorer.code
    shown = clicks.text.replace(' dir="auto"', "").replace("&quot;", "")
    assert "<td>a</td><td>mirror</td><td>true</td>" in shown
    clicks.click("Send 1 row")
    clicks.explorer.run.wait(30)
    assert given[-1] == ("mirror", None, [True])  # Before come rehearsals, for the preview.
