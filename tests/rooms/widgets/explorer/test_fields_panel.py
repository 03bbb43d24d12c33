"""What fills each field, driven by labels, against a simulator."""

from __future__ import annotations

import ipywidgets
import pandas as pd

from asyncdest_nb.widgets.explorer.fields_panel import FieldRow
from explorer_clicks import ACTION, CASES, FRAME, Clicks, ready


def test_the_first_choice_of_a_field_shows_its_default_once():
    def first(columns: list[str]) -> str:
        row = FieldRow(ACTION.fields["user_id"], columns, lambda: None)
        (how, *_) = (it for it in row.widget.children if isinstance(it, ipywidgets.Dropdown))
        return str(how.options[0][0])

    assert first(["userId"]) == 'default: {"@path": "$.userId"}'
    assert first(["user_id"]) == "default: column 'user_id'"
    assert first([]) == "default: nothing"


def test_columns_that_cannot_be_keys_of_an_object_are_named(demo, session):
    clicks = ready(demo, session)
    clicks.find("Operation Data (optional)").value = "columns"
    assert "we.ird" not in dict(clicks.find("Columns for Operation Data").options)
    assert "Left out, as dots" in clicks.text
    assert "in a mapping: &#x27;we.ird&#x27;. Rename them" in clicks.text
    assert "Hold Ctrl, or ⌘ on a Mac, to choose several" in clicks.text
    clicks = ready(demo, session, frame=FRAME.drop(columns="we.ird"))
    clicks.find("Operation Data (optional)").value = "columns"
    assert "Left out" not in clicks.text


def test_what_was_chosen_for_the_fields_outlives_a_new_connection(demo, session):
    clicks = ready(demo, session)
    for label, kind, value, control in [each for case in CASES.values() for each in case]:
        clicks.fill(label, kind, value, control)
    code = clicks.explorer.code
    clicks.enter("API key (optional)", "an0ther-key-5c4d")
    clicks.click("Connect")
    assert clicks.explorer.code == code
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert clicks.find("Constant for Operation Type").value == "sync_profile"


def test_what_was_chosen_outlives_a_new_frame_as_far_as_its_columns_do(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame)
    clicks.fill("User ID (required)", "column", "we.ird", "Column for User ID")
    clicks.fill("Operation Data (optional)", "columns", ("userId",), "Columns for Operation Data")
    frame["more"] = 1
    clicks.click("Look again")
    assert clicks.find("Column for User ID").value == "we.ird"
    assert clicks.find("Columns for Operation Data").value == ("userId",)
    del frame["we.ird"]
    clicks.click("Look again")
    assert "User ID: choose the column that fills it" in clicks.text
    assert clicks.find("Constant for Operation Type").value == "sync_profile"


def test_the_action_that_was_chosen_outlives_a_new_connection(session):
    clicks = Clicks(FRAME, session=session)
    clicks.choose("salesforce-bulk, simulated on this machine")
    clicks.click("Connect")
    clicks.put(Actions="upsert")
    clicks.choose("example-async, simulated on this machine")
    clicks.choose("salesforce-bulk, simulated on this machine")
    clicks.click("Connect")
    assert clicks.find("Actions").value == "upsert"


def test_a_column_without_a_name_can_be_chosen(demo, session):
    frame = pd.DataFrame([["u9", "x"]], columns=["", "b.c"])
    clicks = ready(demo, session, frame=frame)
    clicks.fill("User ID (required)", "column", "", "Column for User ID")
    assert clicks.find("Send 1 row")
    assert 'columns={"user_id": ""}' in clicks.explorer.code
    clicks.find("User ID (required)").value = "template"
    assert clicks.find("Template for User ID").placeholder == "any text around it"
