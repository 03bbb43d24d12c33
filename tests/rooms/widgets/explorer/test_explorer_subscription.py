"""The rows that a subscription is for, typed in the explorer, against a simulator."""

from __future__ import annotations

import pandas as pd
import pytest

from explorer_clicks import FRAME, Clicks, ready, sent_again

LABEL = "Only rows that match"
EVENTS = pd.DataFrame(
    {
        "userId": ["u1", "u2", "u3", None],
        "type": ["track", "page", "track", "track"],
        "properties.plan": ["pro", "pro", "free", "pro"],
    }
)


@pytest.fixture
def clicks(demo, session) -> Clicks:
    return ready(demo, session, frame=EVENTS, names={"events": EVENTS})


def test_rows_that_match_are_previewed_counted_and_sent_and_the_cell_says_so(clicks, demo):
    assert "Looked at all rows: 3 fit; 1 will not be sent." in clicks.text
    clicks.enter(LABEL, 'type = "track" and properties.plan = "pro"')
    assert "Looked at all rows, of which 2 match: 1 fit; 1 will not be sent." in clicks.text
    assert "u3" not in clicks.text
    assert """subscribe='type = "track" and properties.plan = "pro"'""" in clicks.explorer.code
    assert clicks.find("Send 1 row")
    assert sent_again(clicks, demo) == ["u1"]


def test_of_many_rows_it_is_said_how_many_of_those_looked_at_match(demo, session):
    frame = pd.concat([EVENTS[:3]] * 100, ignore_index=True)
    clicks = ready(demo, session, frame=frame)
    clicks.enter(LABEL, 'type = "page"')
    assert "Looked at the first 200 of 300 rows, of which 67 match: 67 fit." in clicks.text
    assert clicks.find("Send up to 167 rows")
    clicks.click("Check all 300 rows")
    assert clicks.find("Send 100 rows")


def test_a_text_that_segment_would_misread_is_a_problem_until_it_is_mended(clicks):
    clicks.enter(LABEL, "type = 'track'")
    assert "Problem:" in clicks.text
    assert clicks.find("Send 3 rows").disabled
    clicks.enter(LABEL, "")
    assert not clicks.find("Send 3 rows").disabled
    assert "subscribe" not in clicks.explorer.code


def test_it_is_offered_only_for_rows_that_are_events(demo, session):
    clicks = ready(demo, session, frame=FRAME[["customer_id", "first name"]])
    assert LABEL not in {getattr(each, "description", "") for each in clicks.all()}
