"""What a preview and a single call say as text, whatever the frame and the destination say."""

from __future__ import annotations

import pandas as pd
import pytest

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


def test_an_answer_forges_no_line_of_what_a_call_shows(session):
    with RawServer(answer(200, 'first\n  200 {"forged": "\x1b[32m"}')) as server:
        crm = session.connect("example-async", endpoint=server.url)
        found = repr(crm.execute_action("asyncOperation", dict(people("a").iloc[0])))
    assert r"first\n  200" in found
    assert "\x1b" not in found
    assert len(found.splitlines()) == 3
