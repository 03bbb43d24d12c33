"""The choice of the rows, driven by labels, against a simulator."""

from __future__ import annotations

import html
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer import explore
from explorer_clicks import ACTION, FRAME, Clicks, ready, sent_again


def test_without_a_frame_one_of_the_notebook_is_chosen(demo, session):
    names: dict[str, Any] = {}
    clicks = Clicks(session=session, names=names)
    assert "None yet" in clicks.text
    names |= {"customers": FRAME, "twice": pd.DataFrame([[1, 2]], columns=["a", "a"])}
    clicks.click("Look again")
    clicks.put(**{"DataFrame of this notebook": "twice"})
    assert "columns named twice" in clicks.text
    clicks.put(**{"DataFrame of this notebook": "customers"})
    assert "customers: 4 rows, 4 columns." in clicks.text
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert "crm.submit(customers" not in clicks.explorer.code
    clicks.fill(
        "Operation Type (required)", "constant", "sync_profile", "Constant for Operation Type"
    )
    assert "crm.submit(customers" in clicks.explorer.code


def test_an_action_that_is_chosen_before_the_rows_shows_how_to_go_on(session):
    names: dict[str, Any] = {"people": FRAME}
    clicks = Clicks(session=session, names=names)
    clicks.choose("example-async, simulated on this machine")
    clicks.click("Connect")
    assert ACTION.description in clicks.text
    assert "To go on, choose the rows at the top." in clicks.text
    clicks.put(**{"DataFrame of this notebook": "people"})
    assert "To go on" not in clicks.text


def test_a_frame_called_df_is_chosen_at_first(session):
    clicks = Clicks(session=session, names={"customers": FRAME, "df": FRAME.head(2)})
    assert clicks.find("DataFrame of this notebook").value == "df"
    assert "df: 2 rows, 4 columns." in clicks.text


@pytest.mark.parametrize("is_given", [True, False])
def test_a_frame_that_was_made_again_is_not_sent_before_its_preview(is_given, demo, session):
    names = {"df": FRAME}
    clicks = ready(demo, session, frame=FRAME if is_given else None, names=names)
    names["df"] = FRAME.assign(userId="new").head(2)
    assert sent_again(clicks, demo) == []
    assert "df was made anew in a cell, or is gone: look again" in clicks.text
    clicks.put(**{"Only the first rows": "1"})
    assert clicks.find("Send 4 rows").disabled
    clicks.click("Look again")
    assert "df: 2 rows, 4 columns." in clicks.text
    assert "made anew" not in clicks.text


def test_what_was_previewed_is_sent_even_if_the_frame_was_changed_since(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame, names={"df": frame})
    frame.loc["w", "userId"] = "never seen"
    assert sent_again(clicks, demo) == ["u1", "u2", "u3", "u4"]


def test_columns_that_were_added_are_offered_after_another_look(demo, session):
    frame = FRAME.copy()
    clicks = ready(demo, session, frame=frame)
    frame["plan"] = "pro"
    assert sent_again(clicks, demo) == []
    assert "the frame has other columns than it had: look again" in clicks.text
    clicks.click("Look again")
    clicks.fill("User ID (required)", "column", "plan", "Column for User ID")


@pytest.mark.parametrize("is_given", [True, False])
def test_a_frame_that_is_gone_cannot_be_sent(is_given, demo, session):
    names = {"df": FRAME}
    clicks = ready(demo, session, frame=FRAME if is_given else None, names=names)
    del names["df"]
    assert sent_again(clicks, demo) == []
    clicks.click("Look again")
    assert clicks.buttons("Send") == []
    assert ("df is not a frame now" if is_given else "None yet") in clicks.text


def test_beside_the_frame_that_was_given_another_one_can_be_chosen(demo, session):
    names = {"people": FRAME}
    clicks = ready(demo, session, frame=FRAME, names=names)
    assert "DataFrame of this notebook" not in [
        getattr(each, "description", "") for each in clicks.all()
    ]
    names["correct"] = FRAME.assign(userId="corrected").head(1)
    clicks.click("Look again")
    assert clicks.find("DataFrame of this notebook").value == "people"
    clicks.put(**{"DataFrame of this notebook": "correct"})
    assert "correct: 1 row, 4 columns." in clicks.text
    assert sent_again(clicks, demo) == ["corrected"], "what was chosen for the fields stays"


def test_a_frame_without_a_variable_is_one_of_the_choices(session):
    clicks = Clicks(FRAME.copy(), session=session, names={"df": FRAME})
    choice = clicks.find("DataFrame of this notebook")
    assert choice.value == ""
    choice.value = "df"
    assert "df: 4 rows, 4 columns." in clicks.text
    choice.value = ""
    assert "Your frame: 4 rows, 4 columns." in clicks.text


def test_a_frame_that_is_none_is_refused_at_once(session):
    with pytest.raises(ad.FrameError, match="got a list"):
        explore([1], session=session)  # type: ignore[arg-type]


FIRST = "head" if hasattr(duckdb.DuckDBPyRelation, "head") else "limit"  # Before 1.2.


@pytest.mark.parametrize(
    ("convert", "rows"),
    [
        (pl.from_pandas, "people.head(2)"),
        (lambda frame: pa.Table.from_pandas(frame, preserve_index=False), "people.slice(0, 2)"),
        (lambda frame: duckdb.from_df(frame).order("userId"), f"people.{FIRST}(2)"),
    ],
)
def test_a_frame_of_another_library_is_sent_by_clicks(convert, rows, demo, session):
    people = convert(FRAME)
    clicks = ready(demo, session, frame=people, names={"people": people})
    assert "people: 4 rows, 4 columns." in clicks.text
    clicks.put(**{"Only the first rows": "2"})
    assert f"crm.submit({rows}, " in clicks.explorer.code
    assert len(sent_again(clicks, demo)) == 2


def test_frames_of_other_libraries_are_offered_if_their_rows_are_in_memory(session):
    names = {"eager": pl.from_pandas(FRAME), "lazy": pl.from_pandas(FRAME).lazy(), "number": 3}
    clicks = Clicks(session=session, names=names)
    options = clicks.find("DataFrame of this notebook").options
    assert [name for _, name in options] == ["eager"]


@pytest.mark.parametrize(
    ("header", "told"), [("id;name", "sep=';'"), ("id\tname", r"sep='\t'"), ("id", "")]
)
def test_a_file_that_was_read_as_one_column_is_noticed(session, header, told):
    frame = pd.DataFrame({header: ["1;Zoë"]})
    clicks = Clicks(frame, session=session, names={"df": frame})
    assert ("another delimiter" in clicks.text) is bool(told)
    assert html.escape(told) in clicks.text
