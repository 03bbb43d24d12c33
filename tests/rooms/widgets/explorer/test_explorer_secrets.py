"""Hostile texts and secrets in the explorer."""

from __future__ import annotations

import getpass
import json
from typing import Any

import ipywidgets
import pandas as pd
import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.parts import SecretText
from explorer_clicks import FRAME, SECRET, Clicks, open_connection, own_destination, ready


def test_hostile_names_are_text(session):
    hostile = "<img src=x onerror=alert(1)>"
    frame = pd.DataFrame({hostile: [hostile], "userId": [hostile]}, index=[hostile])
    clicks = Clicks(frame, session=session, names={})
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    clicks.fill("User ID (required)", "column", hostile, "Column for User ID")
    clicks.fill("Operation Type (required)", "column", hostile, "Column for Operation Type")
    assert "&lt;img src=x" in clicks.text
    assert "<img" not in clicks.text


HALF = '{"half": "\\ud83d"}'


@pytest.mark.parametrize(
    "filling",
    [
        ("User ID (required)", "template", "{{name[0]}}", "Template for User ID"),
        ("Operation Data (optional)", "constant", HALF, "Constant for Operation Data"),
    ],
)
def test_half_a_character_does_not_stop_the_page(filling, demo, session):
    half = pd.Index(["\ud83d"], dtype=object)
    columns = pd.Index(["\ud83d", "userId", "name"], dtype=object)
    frame = pd.DataFrame([["\ud83d", "u1", "🙂 Zoe"]], half, columns, dtype=object)
    clicks = ready(demo, session, frame=frame)
    clicks.fill(*filling)
    state = [each.get_state() for each in clicks.all()]
    json.dumps(state, ensure_ascii=False, default=repr).encode()
    assert "Looking at" not in clicks.text


def test_a_secret_is_in_no_trait_no_message_and_no_text(demo, session, monkeypatch):
    sent: list[Any] = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, buffers=None: sent.append(message)
    )
    clicks = ready(demo, session)
    state = {each.model_id: each.get_state() for each in clicks.all()}
    assert SECRET not in repr(state)
    assert SECRET not in repr(sent)
    assert SECRET not in clicks.explorer.code
    assert SECRET not in repr(clicks.explorer)
    assert "does not refuse these settings" in clicks.text


def test_a_secret_box_is_emptied_when_it_was_read():
    calls: list[str] = []
    box = SecretText(lambda: calls.append("changed"))
    sent: list[Any] = []
    box.send_state = lambda key=None: sent.append((key, box.value))
    box.set_state({"value": SECRET})
    assert box.secret.get_secret_value() == SECRET
    assert ("value", "") in sent
    assert calls == ["changed"]


class Login(BaseModel):
    token: SecretStr


class SecretSettings(ad.Settings):
    raw: SecretBytes | None = ad.field("Raw")
    login: Login | None = ad.field("Login")
    keys: list[SecretStr] | None = ad.field("Keys")


SECRETS = {
    "Raw (optional)": f"{SECRET}-raw",
    "Login (optional)": json.dumps({"token": f"{SECRET}-login"}),
    "Keys (optional)": json.dumps([f"{SECRET}-key"]),
}


def test_a_secret_inside_a_setting_is_a_secret_too(session, monkeypatch):
    sent: list[Any] = []
    monkeypatch.setattr(
        ipywidgets.Widget, "_send", lambda self, message, buffers=None: sent.append(message)
    )
    received: list[Any] = []

    async def take(request: Any, data: Any) -> None:
        received.append(data.settings)

    mine = own_destination(settings=SecretSettings, test_authentication=take)
    names: dict[str, Any] = {"mine": mine}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    for label, text in SECRETS.items():
        clicks.enter(label, text)
    clicks.click("Connect")
    received.clear()
    code = clicks.explorer.code
    assert SECRET not in repr([each.get_state() for each in clicks.all()]) + repr(sent) + code
    asked = {label.removesuffix(" (optional)"): text for label, text in SECRETS.items()}
    monkeypatch.setattr(getpass, "getpass", asked.__getitem__)
    names["session"] = session
    exec(code, names)
    for connection in (names["crm"], clicks.explorer.connection):
        connection.test_authentication()
        found = received.pop()
        assert found.raw.get_secret_value() == f"{SECRET}-raw".encode()
        assert found.login.token.get_secret_value() == f"{SECRET}-login"
        assert [each.get_secret_value() for each in found.keys] == [f"{SECRET}-key"]


def test_a_secret_that_is_no_json_is_explained_without_it(session):
    names = {"mine": own_destination(settings=SecretSettings)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    clicks.enter("Login (optional)", SECRET)
    clicks.click("Connect")
    assert "Login: no JSON" in clicks.text
    assert SECRET not in clicks.text


def test_a_secret_that_is_optional_can_be_removed(demo, session):
    clicks = open_connection(demo, session)
    clicks.click("Remove API key")
    clicks.click("Connect")
    assert "getpass" not in clicks.explorer.code
    assert clicks.find("API key (optional)").placeholder == ""
    assert clicks.buttons("Remove") == []
