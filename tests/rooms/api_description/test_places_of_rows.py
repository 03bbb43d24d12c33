"""Rows stay in their places: in the file that is sent, and in the results that name places."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from test_contradictions import job, statuses
from test_shapes import described

from described_api import DescribedApi


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
