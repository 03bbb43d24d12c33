"""What fills each field, driven by labels, against a simulator."""

from __future__ import annotations

import getpass

import ipywidgets
import pandas as pd

from asyncdest_nb.widgets.explorer.column_list import ColumnList
from asyncdest_nb.widgets.explorer.fields_panel import FieldRow
from explorer_clicks import ACTION, CASES, FRAME, SECRET, Clicks, ready


def test_the_first_choice_of_a_field_shows_its_default_once():
    def first(columns: list[str]) -> str:
        row = FieldRow(ACTION.fields["user_id"], columns, lambda: None)
        (how, *_) = (it for it in row.widget.children if isinstance(it, ipywidgets.Dropdown))
        return str(how.options[0][0])

    assert first(["userId"]) == 'default: {"@path": "$.userId"}'
    assert first(["user_id"]) == "default: column 'user_id'"
    assert first([]) == "default: nothing"


WIDE = pd.DataFrame({f"column.{i:02}": [f"value {i}"] for i in range(80)} | {"userId": ["u1"]})


def test_one_of_many_columns_is_chosen_in_a_list(demo, session):
    clicks = ready(demo, session, frame=WIDE)
    clicks.find("User ID (required)").value = "column"
    assert "User ID: choose the column that fills it" in clicks.text
    listed = clicks.find("Column for User ID")
    assert len(listed.labels) == 81
    listed.set_state({"chosen": [77]})
    assert 'columns={"user_id": "column.77"}' in clicks.explorer.code


def test_the_keys_of_an_object_are_chosen_and_renamed(demo, session, monkeypatch):
    clicks = ready(demo, session, frame=WIDE, names={"df": WIDE, "session": session})
    monkeypatch.setattr(getpass, "getpass", lambda label: SECRET)
    clicks.find("Operation Data (optional)").value = "columns"
    chosen = clicks.find("Columns for Operation Data")
    chosen.set_state({"chosen": [80, *range(80)]})
    chosen.set_state({"renames": {"7": "seven", "8": ""}})
    names = {"df": WIDE, "session": session}
    exec(clicks.explorer.code.replace(".submit(", ".preview("), names)
    [sent] = names["run"].payloads.values()
    whole = {f"column.{i:02}": f"value {i}" for i in range(80)}
    del whole["column.07"]
    assert sent["data"] == {"seven": "value 7", **whole, "userId": "u1"}
    chosen.set_state({"chosen": []})
    assert "Operation Data: choose the columns that fill it" in clicks.text


def test_a_page_cannot_change_what_a_list_offers():
    listed = ColumnList("Columns", ["a", "b"], lambda: None, is_several=True)
    listed.set_state({"labels": ["x"], "chosen": [1, 7], "renames": {"9": "k"}})
    assert listed.labels == ["a", "b"]
    assert listed.value == ("b",)
    assert listed.renamed == {}


def test_a_key_of_two_columns_is_explained_in_place(demo, session):
    clicks = ready(demo, session)
    chosen = ("userId", "we.ird")
    clicks.fill("Operation Data (optional)", "columns", chosen, "Columns for Operation Data")
    listed = clicks.find("Columns for Operation Data")
    listed.renamed = {"we.ird": "userId"}
    assert "have the key &#x27;userId&#x27;; rename one of them" in clicks.text
    assert clicks.buttons("Send")[0].disabled
    listed.renamed = {"we.ird": ""}
    assert clicks.find("Send 4 rows")


def test_what_was_chosen_for_the_fields_outlives_a_new_connection(demo, session):
    clicks = ready(demo, session)
    for label, kind, value, control in [each for case in CASES.values() for each in case]:
        clicks.fill(label, kind, value, control)
    code = clicks.explorer.code
    clicks.enter("API key (optional)", "an0ther-key-5c4d")
    clicks.click("Connect")
    assert clicks.explorer.code == ""
    clicks.click("Go on without a test")
    assert clicks.explorer.code == code
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert clicks.find("Constant for Operation Type").value == "sync_profile"


def test_what_was_chosen_outlives_a_new_frame_as_far_as_its_columns_do(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame)
    clicks.fill("User ID (required)", "column", "we.ird", "Column for User ID")
    clicks.fill("Operation Data (optional)", "columns", ("userId",), "Columns for Operation Data")
    clicks.find("Columns for Operation Data").renamed = {"userId": "id"}
    frame["more"] = 1
    clicks.click("Look again")
    assert clicks.find("Column for User ID").value == "we.ird"
    assert clicks.find("Columns for Operation Data").value == ("userId",)
    assert '"data": {"id": {"@path": "$.userId"}}' in clicks.explorer.code
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
    assert clicks.find("Template for User ID").placeholder == "{{b.c}}, and any text around it"
