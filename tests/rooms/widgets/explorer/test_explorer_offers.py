"""What the explorer offers: pure, without a widget."""

from __future__ import annotations

import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.offers import frames, name_of, offers, search
from explorer_clicks import EXAMPLE, FRAME


def test_destinations_are_offered_real_and_simulated_and_those_of_the_notebook():
    own = ad.Destination(name="Own", slug="own", actions=EXAMPLE.actions)
    found = offers({"mine": own, "_": own, "same": EXAMPLE})
    assert [each.title for each in found] == [
        "example-async, simulated on this machine",
        "salesforce-bulk, simulated on this machine",
        "example-async",
        "salesforce-bulk",
        "own",
    ]
    assert found[-1].variable == "mine"


@pytest.mark.parametrize(
    ("text", "count"), [("", 4), ("SALES", 2), ("simulated sales", 1), ("upsert", 2), ("nope", 0)]
)
def test_a_search_looks_for_every_word_in_all_texts(text, count):
    assert len(search(offers({}), text)) == count


def test_frames_are_found_by_their_names():
    names = {"df": FRAME, "n": 1, "_12": FRAME}
    assert list(frames(names)) == ["df"]
    assert name_of(FRAME, names, "other") == "df"
    assert name_of(FRAME.copy(), names, "other") == "other"
