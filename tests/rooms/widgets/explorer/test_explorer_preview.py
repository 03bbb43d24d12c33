"""The preview of what would be sent, driven by labels, against a simulator."""

from __future__ import annotations

import html
import time
from typing import Any

import ipywidgets
import pandas as pd
import pytest
from pydantic import field_validator

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.preview import PreviewColumn, faulty, preview_rows
from asyncdest_nb.widgets.explorer.preview_panel import whole_number
from explorer_clicks import ACTION, FRAME, Clicks, HeldWork, open_connection, own_destination, ready


def test_the_fields_that_a_reason_names_are_known():
    read = ACTION.read({"operation_type": "nope", "data": 3})
    columns = [
        PreviewColumn("user_id", None, ""),
        PreviewColumn("operation_type", None, ""),
        PreviewColumn("data", "a", ""),
        PreviewColumn("data", "b", ""),
    ]
    named = {"user_id", "operation_type", "data: a", "data: b"}
    assert faulty(read, ACTION.fields, columns) == named
    assert faulty("Operation Data (data.a): is odd", ACTION.fields, columns) == {"data: a"}
    assert faulty("", ACTION.fields, columns) == frozenset()


def test_a_preview_shows_the_first_rows_and_the_first_faulty_ones(session):
    frame = pd.DataFrame({"user_id": ["a"] * 20, "operation_type": "sync_profile"})
    frame.loc[15:, "user_id"] = None
    with ad.simulate("example-async") as demo:
        found = preview_rows(session.connect(demo), frame, "asyncOperation", {}, limit=18)
        assert demo.requests == {}
    assert [each.label for each in found.lines] == ["0", "1", "2", "3", "4", "15", "16", "17"]
    assert [each.faulty for each in found.lines[4:6]] == [frozenset(), {"user_id"}]
    assert found.lines[-1].values["operation_type"] == "sync_profile"
    assert not found.is_whole


def test_a_preview_of_some_rows_shows_them_as_they_will_be_sent(session, demo):
    ids = [*map(float, range(299)), None]
    frame = pd.DataFrame({"user_id": ids, "operation_type": "sync_profile"})
    for limit in (200, None):
        found = preview_rows(session.connect(demo), frame, "asyncOperation", {}, limit=limit)
        assert [each.values["user_id"] for each in found.lines[:2]] == ["0", "1"]


def test_what_is_missing_is_shown_in_place_and_nothing_can_be_sent(demo, session):
    clicks = open_connection(demo, session)
    assert "Still to do:</b> Operation Type: nothing fills it by default" in clicks.text
    assert "Problem" not in clicks.text
    assert clicks.find("Send").disabled
    clicks.find("Operation Type (required)").value = "column"
    assert "Operation Type: choose the column" in clicks.text


def test_an_invalid_value_is_marked_in_its_cell_with_the_reason(demo, session):
    frame = FRAME.assign(userId=["u1", None, "u3", "u4"])
    clicks = ready(demo, session, frame=frame)
    assert (
        '<td dir="auto" class="ade-bad"><span aria-label="invalid">✗</span> null</td>'
        in clicks.text
    )
    assert "User ID (user_id): is missing" in clicks.text
    assert clicks.find("Send 3 rows")


def test_a_cell_that_cannot_be_sent_is_marked_where_it_is_read(session, demo):
    frame = pd.DataFrame({"user_id": ["a", "b"], "score": [1.0, float("inf")], "x": [{1j}, 1]})
    data = {"s": {"@path": "$.score"}, "u": {"@path": "$.user_id"}}
    chosen = {"operation_type": "sync_profile", "mapping": {"data": data}}
    found = preview_rows(session.connect(demo), frame, "asyncOperation", chosen)
    assert [each.faulty for each in found.lines] == [frozenset(), {"data: s"}]
    assert "inf is infinite" in found.lines[1].reason


def test_nothing_that_the_user_mapped_is_cut(demo, session):
    text, odd = "long " * 1000 + "end", "<b>" * 60 + "last"
    frame = pd.DataFrame({f"column {i:02}": [f"value {i:02}"] for i in range(80)})
    frame = frame.assign(userId="u1", text=text, odd=odd)
    clicks = ready(demo, session, frame=frame)
    clicks.find("Operation Data (optional)").value = "columns"
    clicks.find("Columns for Operation Data").value = frame.columns
    shown = html.unescape(clicks.text)
    assert all(f'<th scope="col">data: column {i:02}</th>' in shown for i in range(80))
    assert all(f'"value {i:02}"</td>' in shown for i in range(80))
    assert f'"{text}"' in shown
    assert f'"{odd}"' in shown
    clicks.fill("User ID (required)", "template", f"{{{{userId}}}}{odd}", "Template for User ID")
    assert f'"u1{odd}"</td>' in html.unescape(clicks.text)
    assert f'mapping {{"@template": "{{{{userId}}}}{odd}"}}</td>' in html.unescape(clicks.text)


def test_a_value_of_more_than_a_page_can_hold_says_what_is_not_shown(demo, session):
    frame = pd.DataFrame({"userId": ["x" * 100_010]})
    clicks = ready(demo, session, frame=frame)
    assert "… and 12 characters more, which are sent" in clicks.text


def test_a_number_is_also_read_as_the_page_writes_it(demo, session):
    clicks = ready(demo, session)
    clicks.put(**{"Rows per request": " 1,000 ", "Only the first rows": "2"})
    assert clicks.find("Send 2 rows")
    assert "batch_size=1000" in clicks.explorer.code


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1,00", ",100", "1,,000", "9" * 5000])
def test_a_number_that_is_none_is_refused(text):
    with pytest.raises(ad.UsageError, match="write a whole number of 1 or more"):
        whole_number("Rows", text)


def test_a_number_that_is_none_is_explained_in_place(demo, session):
    clicks = ready(demo, session)
    clicks.put(**{"Rows per request": "many"})
    assert "Problem:</b> Rows per request: &#x27;many&#x27;; write a whole" in clicks.text
    assert all(
        each.disabled
        for each in clicks.all()
        if getattr(each, "description", "").startswith("Send")
    )


def test_more_rows_than_are_previewed_live_can_all_be_checked(session):
    frame = pd.DataFrame({"user_id": ["a"] * 299 + [None], "operation_type": "sync_profile"})
    clicks = Clicks(frame, session=session)
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert "the first 200 of 300 rows" in clicks.text
    assert clicks.find("Send up to 300 rows")
    clicks.click("Check all 300 rows")
    assert clicks.find("Send 299 rows")


def test_salesforce_is_asked_for_its_fields_only_by_its_own_check(session):
    frame = pd.DataFrame({"LastName": ["Neu"], "Email": ["a@b.example"]})
    clicks = Clicks(frame, session=session, names={"df": frame})
    clicks.choose("salesforce-bulk, simulated on this machine")
    clicks.click("Connect")
    clicks.put(Actions="insert")
    clicks.fill("Object (required)", "constant", "Contact", "Constant for Object")
    assert clicks.find("Send 1 row")
    assert 'run = crm.submit(df, "insert", object="Contact")' in clicks.explorer.code


def test_fields_called_like_arguments_of_submit_can_be_previewed(session):
    class Payload(ad.Payload):
        columns: str = ad.field("Columns")
        mapping: str = ad.field("Mapping")

    names = {"mine": own_destination(payload=Payload)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    clicks.click("Connect")
    clicks.fill("Columns (required)", "column", "userId", "Column for Columns")
    clicks.fill("Mapping (required)", "constant", "v", "Constant for Mapping")
    assert clicks.find("Send 4 rows")
    assert "<td>u1</td>" in clicks.text.replace(' dir="auto"', "").replace("&quot;", "")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (0, "There are no rows, so there is nothing to send.</div>"),
        (1, "Looked at all rows: 1 fit. 1 request of 1 row.</div>"),
        (300, "Looked at the first 200 of 300 rows: 200 fit.</div>"),
    ],
)
def test_batches_are_only_named_when_all_rows_are_known(rows, sentence, session):
    frame = pd.DataFrame({"user_id": ["a"] * rows, "operation_type": "sync_profile"})
    work = HeldWork()
    clicks = Clicks(frame, session=session, start=work)
    clicks.choose("example-async, simulated on this machine")
    work.is_held = True
    clicks.click("Connect")
    work.held.pop()()
    assert f"Looking at {min(rows, 200)} row{'s' * (rows != 1)} …" in clicks.text
    work.held.pop()()
    assert sentence in clicks.text


class SlowPayload(ad.Payload):
    user_id: str = ad.field("User ID")

    @field_validator("user_id")
    @classmethod
    def slow(cls, value: str) -> str:
        time.sleep(0.3)
        return value


def test_a_preview_that_takes_long_shows_how_far_it_is(session):
    names = {"slow": own_destination(payload=SlowPayload, settings=ad.Settings)}
    works: list[Any] = []
    frame = pd.DataFrame({"user_id": list("abcdefgh")})
    clicks = Clicks(frame, session=session, names=names, start=works.append)
    clicks.choose("own")
    clicks.click("Connect")
    works.pop()()
    shown: list[str] = []
    for each in clicks.all():
        if isinstance(each, ipywidgets.HTML):
            each.observe(lambda change: shown.append(change["new"]), "value")
    works.pop()()
    assert any("Looking at 8 rows, mapping and checking: 5 …" in each for each in shown)
    assert "Looked at all rows: 8 fit." in clicks.text
