"""Previews and the texts of single calls, also with hostile frames and answers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import asyncdest_nb as ad
from raw_server import RawServer, answer

FORGED = "a\n9 rows in 1 batch\x1b[32m"


@pytest.fixture
def crm(session):
    """A connection to where nobody listens: a preview sends nothing."""
    return session.connect("example-async", endpoint="http://127.0.0.1:1")


def people(*labels: str) -> pd.DataFrame:
    rows = {"user_id": list(labels), "operation_type": "sync_profile"}
    return pd.DataFrame(rows, index=list(labels))


def test_a_preview_counts_one_row_as_one(crm):
    assert repr(crm.preview(people("a"), "asyncOperation")).startswith("1 row in 1 batch, ")
    two = crm.preview(people("a", "b"), "asyncOperation", batch_size=1)
    assert repr(two).startswith("2 rows in 2 batches, ")


def test_a_preview_of_a_long_constant_is_short(crm):
    constant = {"note": "x" * 1_000_000}
    found = repr(crm.preview(people("a"), "asyncOperation", mapping={"data": constant}))
    assert "  data <- " in found
    assert len(found) < 1_000


def test_a_label_forges_no_line_of_a_preview(crm):
    bad = people(FORGED, "b" * 1_000_000).assign(operation_type=["sync_profile", None])
    lines = repr(crm.preview(bad, "asyncOperation")).split("\n")
    assert len([line for line in lines if "9 rows in 1 batch" in line]) == 1
    assert any(line.startswith(r"  row a\n9 rows in 1 batch\x1b[32m: {") for line in lines)
    assert max(map(len, lines)) < 1_000
    assert "\x1b" not in "".join(lines)


def test_an_answer_forges_no_line_in_the_text_of_a_call(session):
    with RawServer(answer(200, 'first\n  200 {"forged": "\x1b[32m"}')) as server:
        crm = session.connect("example-async", endpoint=server.url)
        found = repr(crm.execute_action("asyncOperation", dict(people("a").iloc[0])))
    assert r"first\n  200" in found
    assert "\x1b" not in found
    assert len(found.splitlines()) == 3


def test_a_preview_shows_what_would_be_sent_and_sends_nothing(session):
    with RawServer(answer(200)) as server:
        crm = session.connect("example-async", endpoint=server.url)
        frame = pd.DataFrame(
            {"userId": ["a", None, "c"], "operation_type": "sync_profile"}, index=["x", "y", "x"]
        )
        preview = crm.preview(frame, "asyncOperation", batch_size=1)
        assert server.arrived == []
    assert preview.payloads == {
        0: {"user_id": "a", "operation_type": "sync_profile"},
        2: {"user_id": "c", "operation_type": "sync_profile"},
    }
    assert list(preview.invalid) == [1]
    assert preview.batches == [1, 1]
    assert preview.first_request is not None
    assert preview.first_request.method == "POST"
    assert preview.first_request.url == f"{server.url}/operations"
    assert json.loads(preview.first_request.request_body) == preview.payloads[0]
    assert "nothing has been sent" in repr(preview)


def test_a_preview_of_some_rows_shows_them_as_they_are_among_all(session, simulator):
    ids = [*map(float, range(300)), None]
    frame = pd.DataFrame({"user_id": ids, "operation_type": "sync_profile"})
    preview = session.connect(simulator).preview(frame, "asyncOperation", rows=2)
    assert [each["user_id"] for each in preview.payloads.values()] == ["0", "1"]
    assert preview.invalid == {}
    assert preview.labels == ["0", "1"]


def test_a_cell_that_cannot_be_sent_is_no_harm_in_a_column_that_nothing_reads(session, simulator):
    crm = session.connect(simulator)
    frame = pd.DataFrame({"user_id": ["a", "b"], "mean": [0.5, float("inf")], "odd": [1j, 1j]})
    run = crm.submit(frame, "asyncOperation", operation_type="sync_profile")
    assert run.wait(timeout=30) == "completed"
    frame["odd"] = "other"
    with pytest.warns(ad.AlreadySubmitted):
        assert crm.submit(frame, "asyncOperation", operation_type="sync_profile") is run
    read = {"data": {"mean": {"@path": "$.mean"}}}
    preview = crm.preview(frame, "asyncOperation", operation_type="sync_profile", mapping=read)
    assert preview.invalid == {1: "column 'mean': inf is infinite, and JSON has no such number"}


def test_a_preview_has_the_rows_beside_what_would_be_sent(crm):
    frame = pd.DataFrame(
        {"customer": ["u-1", "u-2", None], "n": [1.5, float("inf"), 2]}, index=["a", "b", "b"]
    )
    mapping = {"operation_type": "sync_profile", "data": {"n": {"@path": "$.n"}}}
    found = crm.preview(
        frame, "asyncOperation", columns={"user_id": "customer"}, mapping=mapping
    ).table()
    assert found.index.tolist() == ["a", "b", "b"]
    assert found.columns.tolist() == [
        "customer",
        "n",
        "→ user_id",
        "→ operation_type",
        "→ data",
        "not sent",
    ]
    assert found["→ user_id"].tolist()[:2] == ["u-1", "u-2"]
    assert found["→ data"].tolist() == [{"n": 1.5}, {"n": None}, {"n": 2}]
    assert found["not sent"].isna().tolist() == [True, False, False]
    assert found["not sent"].iloc[2] == "User ID (user_id): is missing"


def test_a_preview_in_a_notebook_is_a_table_in_which_nothing_is_markup(crm):
    frame = people("<b>a</b>", "c").assign(operation_type=["sync_profile", "nothing"])
    html = crm.preview(frame, "asyncOperation")._repr_html_()
    assert "&lt;b&gt;a&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "✗ Operation Type (operation_type)" in html
    assert html.count("<tr>") == 3


def test_a_preview_of_no_rows_is_a_table_without_rows(crm):
    found = crm.preview(people().assign(x=[]), "asyncOperation")
    assert len(found.table()) == 0
    assert "0 rows in 0 batches" in found._repr_html_()
