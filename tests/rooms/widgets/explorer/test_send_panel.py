"""Sending, driven by labels, against a simulator."""

from __future__ import annotations

import html
import re
import warnings
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.offers import real_place
from explorer_clicks import SECRET, HeldWork, own_destination, payloads, ready, sent_again


def test_a_click_on_send_sends_what_was_previewed(demo, session):
    clicks = ready(demo, session)
    assert "4 fit" in clicks.text
    assert demo.operations == []
    clicks.click("Send 4 rows")
    assert clicks.explorer.run is not None
    clicks.explorer.run.wait(30)
    assert [each["user_id"] for each in payloads(demo)] == ["u1", "u2", "u3", "u4"]


def test_nothing_is_sent_if_a_change_comes_after_the_click_that_followed_it(demo, session):
    work = HeldWork()
    clicks = ready(demo, session, start=work)
    work.is_held = True
    clicks.click("Send 4 rows")
    work.is_held = False
    clicks.fill("User ID (required)", "column", "customer_id", "Column for User ID")
    work.held.pop()()
    assert clicks.explorer.run is None
    assert "something was changed as you clicked" in clicks.text
    assert demo.operations == []
    assert clicks.find("Send 4 rows")


def test_only_rows_that_have_changed_are_sent_by_a_key_that_is_chosen(demo, session):
    frame = pd.DataFrame({"userId": ["u1", "u2"], "plan": ["a", "b"]})
    clicks = ready(demo, session, frame=frame)
    assert clicks.find("Rows to send").label == "every row"
    clicks.put(**{"Rows to send": "userId"})
    assert 'key="userId", changed_only=True' in " ".join(clicks.explorer.code.split())
    clicks.click("Send 2 rows")
    clicks.explorer.run.wait(30)
    completed = clicks.explorer.run.counts["completed"]
    clicks.put(**{"Rows to send": ""})
    clicks.put(**{"Rows to send": "userId"})
    assert f"{2 - completed} fit; {completed} unchanged, which will not be sent" in clicks.text


MANY = pd.DataFrame({"userId": [f"u{i}" for i in range(101)]})


@pytest.fixture
def real(demo, monkeypatch):
    """A destination at an address of which nobody knows that it is a simulator."""
    monkeypatch.setattr(ad.Simulator, "running", set())
    return demo


def test_many_rows_go_to_something_real_only_after_one_question(real, session):
    clicks = ready(real, session, frame=MANY)
    clicks.click("Send 101 rows")
    assert f"Send 101 rows to Example Async at {real.endpoint}? This is no" in clicks.text
    assert clicks.buttons("Send") == []
    clicks.click("No")
    assert "Nothing was sent." in clicks.text
    assert session.runs() == []
    clicks.click("Send 101 rows")
    clicks.click("Yes, send them")
    assert len(session.runs()) == 1
    assert clicks.buttons("Yes") == []


def test_a_question_is_gone_once_something_else_would_be_sent(real, session):
    clicks = ready(real, session, frame=MANY)
    clicks.click("Send 101 rows")
    clicks.put(**{"Only the first rows": "100"})
    assert "This is no simulator" not in clicks.text
    clicks.click("Send 100 rows")
    assert clicks.explorer.run is not None


def test_many_rows_go_to_a_simulator_at_once(demo, session):
    clicks = ready(demo, session, frame=MANY)
    clicks.click("Send 101 rows")
    assert clicks.explorer.run is not None


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"endpoint": "http://127.0.0.1:9"}, "Example Async at http://127.0.0.1:9"),
        ({"endpoint": "https://api.example", "api_key": SECRET}, "Example Async at https://api"),
    ],
)
def test_an_address_that_is_no_simulator_of_this_process_is_real(settings, place, session):
    assert real_place(session.connect("example-async", **settings)).startswith(place)
    with ad.simulate("salesforce-bulk") as demo:
        assert real_place(session.connect(demo)) == ""
    assert real_place(session.connect(own_destination(settings=ad.Settings))) == "Own"


def test_what_was_sent_is_found_in_a_cell(demo, session):
    clicks = ready(demo, session, names={"crm_sync": session})
    clicks.click("Send 4 rows")
    run = clicks.explorer.run
    assert f'In a cell it is: run = crm_sync.run("{run.id}")' in html.unescape(clicks.text)
    assert session.run(run.id) is run
    assert "choose correct: only these are sent" in clicks.text


def test_what_was_sent_in_the_default_session_is_found_too(demo):
    clicks = ready(demo, None)
    clicks.click("Send 4 rows")
    clicks.explorer.run.wait(20)
    [found] = re.findall(
        r'run = ad\.default_session\(\)\.run\("(\w+)"\)', html.unescape(clicks.text)
    )
    assert ad.default_session().run(found) is clicks.explorer.run


def test_rows_that_were_sent_before_are_not_sent_twice_unless_asked_for(demo, session):
    clicks = ready(demo, session)
    clicks.click("Send 4 rows")
    first = clicks.explorer.run
    first.wait(30)
    clicks.click("Send 4 rows")
    assert clicks.explorer.run is first
    assert "these rows were sent before" in clicks.text
    clicks.find("Send again what was sent before").value = True
    assert "again=True" in clicks.explorer.code
    clicks.click("Send 4 rows")
    assert clicks.explorer.run is not first
    clicks.explorer.run.wait(30)
    assert len(demo.operations) == 8
    assert "again=True" not in clicks.explorer.code


def test_warnings_of_a_cell_that_runs_during_a_send_are_the_cells_own(demo, session, monkeypatch):
    clicks = ready(demo, session)
    sent_again(clicks, demo)
    submit = ad.Connection.submit

    def while_a_cell_warns(*arguments: Any, **options: Any) -> ad.Run:
        warnings.warn("mine", stacklevel=1)
        return submit(*arguments, **options)

    monkeypatch.setattr(ad.Connection, "submit", while_a_cell_warns)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clicks.click("Send 4 rows")
    assert [str(each.message) for each in caught if each.category is UserWarning] == ["mine"]
    assert "these rows were sent before" in clicks.text
