"""The choice of a destination and its settings, driven by labels, against a simulator."""

from __future__ import annotations

import threading
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer import connect_panel
from explorer_clicks import FRAME, SECRET, Clicks, own_destination, ready


def test_a_destination_that_a_cell_defines_later_is_offered_by_a_search(session):
    names: dict[str, Any] = {}
    clicks = Clicks(FRAME, session=session, names=names)
    names["mine"] = own_destination()
    clicks.put(**{"Search destinations": "own"})
    clicks.choose("own")
    clicks.click("Connect")
    assert "crm = session.connect(mine)" in clicks.explorer.code


def test_a_destination_that_was_defined_again_is_used_only_after_a_new_connection(session):
    names: dict[str, Any] = {"mine": own_destination()}
    frame = pd.DataFrame({"user_id": ["u1"]})
    clicks = Clicks(frame, session=session, names=names)
    clicks.choose("own")
    clicks.put(**{"Endpoint (optional)": "http://127.0.0.1:7"})
    clicks.click("Connect")
    names["mine"] = own_destination(slug="newer")
    clicks.click("Send 1 row")
    assert "mine was defined again in a cell: connect again" in clicks.text
    assert session.runs() == []
    clicks.click("Connect")
    assert clicks.explorer.connection.destination is names["mine"]
    assert 'endpoint="http://127.0.0.1:7"' in clicks.explorer.code
    assert clicks.find("Send 1 row")


def test_a_destination_with_other_settings_has_another_form(session):
    class Settings(ad.Settings):
        token: str = ad.field("Token")

    names: dict[str, Any] = {"mine": own_destination()}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    names["mine"] = own_destination(settings=Settings)
    clicks.put(**{"Search destinations": "o"})
    assert clicks.find("Token (required)")
    del names["mine"]
    clicks.click("Connect")
    assert "mine is not a destination now: choose another one" in clicks.text


def test_bad_settings_are_explained_in_place(session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", "no url")
    clicks.click("Connect")
    assert (
        "Endpoint (endpoint): Input should be a valid URL, with its scheme: https://…"
        in clicks.text
    )
    assert clicks.explorer.connection is None


def test_to_connect_is_to_test_the_connection_and_a_refusal_stays_in_its_place(demo, session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.click("Connect")
    assert "refuses these settings: an API key is needed (401)" in clicks.text
    assert "No row was sent. Check API key, then connect again." in clicks.text
    assert clicks.explorer.connection is None
    assert clicks.buttons("Send") == []
    clicks.put(**{"Search destinations": "example"})
    assert "an API key is needed (401)" in clicks.text
    clicks.enter("API key (optional)", "wr0ng-key-9f8e7d")
    clicks.click("Connect")
    assert "the API key is not accepted (401)" in clicks.text
    clicks.enter("API key (optional)", SECRET)
    clicks.click("Connect")
    assert "it answers, and does not refuse these settings. No row was sent." in clicks.text
    assert "not accepted" not in clicks.text
    assert set(demo.requests) == {"GET /operations/{id}"}


def test_a_refusal_is_still_there_while_the_settings_are_changed(demo, session, monkeypatch):
    monkeypatch.setattr(connect_panel, "SLIP_SECONDS", 0)
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.click("Connect")
    clicks.enter("API key (optional)", SECRET)
    assert "an API key is needed (401)" in clicks.text
    assert "The settings have changed: connect again." in clicks.text
    assert clicks.buttons("Go on") == []


def test_who_knows_better_goes_on_in_spite_of_a_refusal_that_stays_visible(demo, session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.click("Connect")
    clicks.click("Go on without a test")
    assert "an API key is needed (401)" in clicks.text
    assert "You go on without a test" in clicks.text
    assert clicks.explorer.connection is not None
    assert 'crm = session.connect("example-async", endpoint=' in clicks.explorer.code
    assert clicks.buttons("Go on") == []


def test_a_host_that_is_not_there_is_asked_again_with_every_click(session):
    with ad.simulate("example-async") as gone:
        endpoint = gone.endpoint
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", endpoint)
    for _ in range(4):
        clicks.click("Connect")
        assert "example-async cannot be reached" in clicks.text
        assert "Check Endpoint and your network, then connect again." in clicks.text


@pytest.mark.parametrize(
    ("changed", "happened", "to_do"),
    [
        ({"Client secret (optional)": "wr0ng-5ecret-1a2b"}, "refuses these settings", "secret"),
        ({"API version (optional)": "99.0"}, "could not be tested", "Check the settings"),
    ],
)
def test_salesforce_is_asked_for_a_token_and_a_list(changed, happened, to_do, session):
    with ad.simulate("salesforce-bulk") as org:
        given = org.settings
        typed = {
            "Instance URL (required)": given["instance_url"],
            "Client ID (optional)": given["client_id"],
            "Client secret (optional)": given["client_secret"],
        }
        clicks = Clicks(FRAME, session=session)
        clicks.choose("salesforce-bulk")
        for label, text in {**typed, **changed}.items():
            clicks.enter(label, text)
        clicks.click("Connect")
        assert f"salesforce-bulk {happened}" in clicks.text
        assert to_do in clicks.text
        for label, text in {**typed, "API version (optional)": "59.0"}.items():
            clicks.enter(label, text)
        clicks.click("Connect")
        assert "salesforce-bulk: it answers" in clicks.text
        assert not any("jobs" in each for each in org.requests)


def test_that_a_destination_cannot_be_tested_is_said(session):
    clicks = Clicks(FRAME, session=session, names={"mine": own_destination()})
    clicks.choose("own")
    clicks.click("Connect")
    assert "Not tested: this destination has no request that sends nothing." in clicks.text


@pytest.mark.filterwarnings("ignore:.*is not encrypted")
def test_a_key_that_others_can_read_on_its_way_is_a_problem(session):
    class Settings(ad.Settings):
        endpoint: str = ad.field("Endpoint")
        key: SecretStr = ad.field("Key", default=SecretStr(SECRET))

    clicks = Clicks(FRAME, session=session, names={"mine": own_destination(settings=Settings)})
    clicks.choose("own")
    clicks.put(**{"Endpoint (required)": "http://crm.example/api"})
    clicks.click("Connect")
    assert "http://crm.example/api is not encrypted, so others on the way can" in clicks.text
    clicks.put(**{"Endpoint (required)": "https://crm.example/api"})
    clicks.click("Connect")
    assert "not encrypted" not in clicks.text


def test_changed_settings_need_a_new_connection(demo, session, monkeypatch):
    clicks = ready(demo, session)
    monkeypatch.setattr(connect_panel, "SLIP_SECONDS", 0)
    clicks.enter("Endpoint (required)", "http://127.0.0.1:9")
    assert clicks.explorer.connection is None
    assert "connect again" in clicks.text
    assert clicks.buttons("Send") == []


def test_a_key_that_comes_after_the_click_that_followed_it_counts(demo, session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("example-async")
    clicks.enter("Endpoint (required)", demo.endpoint)
    clicks.click("Connect")
    assert "an API key is needed (401)" in clicks.text
    clicks.enter("API key (optional)", SECRET)
    assert "it answers, and does not refuse" in clicks.text


def test_a_search_narrows_the_list_and_keeps_the_choice(session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("salesforce-bulk")
    chosen = clicks.find("Destinations").value
    form = [each.description for each in clicks.all() if hasattr(each, "description")]
    clicks.put(**{"Search destinations": "example"})
    assert len(clicks.find("Destinations").options) == 2
    clicks.put(**{"Search destinations": ""})
    assert clicks.find("Destinations").value == chosen
    assert [each.description for each in clicks.all() if hasattr(each, "description")] == form


def test_a_slow_test_of_the_connection_shows_that_it_goes_on(session):
    waiting: list[Any] = []
    clicks = Clicks(FRAME, session=session, start=waiting.append)
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert "Connecting …" in clicks.text
    worker = threading.Thread(target=waiting.pop())
    worker.start()
    worker.join(20)
    assert "Connected to example-async, simulated on this machine." in clicks.text


def test_a_setting_that_is_kept_elsewhere_is_named_with_its_place(session, monkeypatch):
    key = "Not-0n-the-screen-9"
    monkeypatch.setenv("ASYNCDEST_OWN_ENDPOINT", f"http://127.0.0.1:7/{key}")
    clicks = Clicks(FRAME, session=session, names={"mine": own_destination()})
    clicks.choose("own")
    clicks.click("Connect")
    assert "endpoint is from the variable ASYNCDEST_OWN_ENDPOINT." in clicks.text
    assert key not in clicks.text
