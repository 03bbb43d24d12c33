"""The cell does what the clicks did, against a simulator."""

from __future__ import annotations

import getpass

import pandas as pd
import pytest

import asyncdest_nb as ad
from explorer_clicks import CASES, FRAME, SECRET, payloads, ready


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
