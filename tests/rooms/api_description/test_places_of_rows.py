"""Rows stay in their places: in the file that is sent, and in the results that name places."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from test_contradictions import job, statuses
from test_shapes import described

from described_api import ApiCall, DescribedApi


def test_a_lone_carriage_return_does_not_end_a_row(session):
    with DescribedApi(lambda call: {}) as api:
        crm = session.connect(described(api.url, submit=[{"url": "/x", "csv": {}}]))
        crm.submit(pd.DataFrame({"email": ["a\rb@x.de", "c@x.de"]}), "send").wait(timeout=60)
        assert api.calls[0].body == b'email\n"a\rb@x.de"\nc@x.de\n'


def ended(session: Any, by: str, places: list[Any], **match: Any) -> tuple[list[str], str]:
    """Return how four rows end, of which those at these *places* are listed as failed."""
    entries = [{"row": place, "m": "bad"} for place in places]
    action = job("ok", {"items": entries})
    action["poll"]["counts"] = {"failed": "failed"}
    source = action["results"]["sources"][0] | {"match": {"by": by, "path": "row", **match}}
    # All rows are listed, so that no count decides.
    return statuses(session, **action | {"results": {"sources": [source]}})


@pytest.mark.parametrize(
    ("by", "places", "match"),
    [
        ("index", [1, 2, 3, 4], {}),
        ("index", [0, 1, 2, 3], {"first": 1}),
        ("pointer", ["/rows/1/email", "/rows/9"], {"under": "/rows"}),
    ],
)
def test_a_place_that_no_row_has_puts_all_places_in_doubt(session, by, places, match):
    found, message = ended(session, by, places, **match)
    assert found == ["unknown"] * 4
    assert "so the places of the others are in doubt" in message


@pytest.mark.parametrize("whole", [-1, None, "x"])
def test_an_entry_about_the_whole_leaves_the_others_their_rows(session, whole):
    assert ended(session, "index", [1, whole])[0] == ["unknown", "failed", "unknown", "unknown"]


def lines_of(session: Any, emails: list[str], lines: list[int], **file: Any) -> tuple[Any, str]:
    """Return how rows with these *emails* end, of which those at *lines* are listed as failed."""

    def answer(call: ApiCall) -> Any:
        if call.method == "POST":
            return {"id": 7}
        entries = [{"row": line, "m": "bad"} for line in lines]
        return {"s": "ok", "failed": len(lines), "items": entries}

    action = job("ok", {})
    del action["answer"]
    action["submit"][0] |= {"csv": file}
    del action["submit"][0]["json"]
    source = {"items": "items", "match": {"by": "line", "path": "row"}, "outcome": "failed"}
    action["poll"]["counts"] = {"failed": "failed"}
    action["results"] = {"unlisted": "completed", "sources": [source]}
    with DescribedApi(answer) as api:
        crm = session.connect(described(api.url, **action))
        run = crm.submit(pd.DataFrame({"email": emails}), "send")
        run.wait(timeout=60)
    found = run.results()
    return "".join(each[0] for each in found["status"]), " ".join(found["message"])


@pytest.mark.parametrize(
    ("emails", "lines", "letters"),
    [
        (["a@x", "b@x", "c@x", "d@x"], [2, 4], "fcfc"),
        (["a@x", "b\nb@x", "c@x", "d@x"], [2, 3], "ffcc"),
        (["a@x", "b\nb@x", "c@x", "d@x"], [5], "uuuu"),
        (["a@x", "b\rb@x", "c@x", "d@x"], [2, 6], "fuuu"),
        (["a\r\na@x", "b@x", "c@x", "d@x"], [], "cccc"),
    ],
)
def test_after_a_cell_with_several_lines_a_line_names_no_row(session, emails, lines, letters):
    found, message = lines_of(session, emails, lines)
    assert found == letters
    assert ("lines do not tell which row is meant" in message) is ("u" in letters)
