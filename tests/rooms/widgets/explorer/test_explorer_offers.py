"""What the explorer offers: pure, without a widget."""

from __future__ import annotations

import pytest

import asyncdest_nb as ad
from asyncdest_nb.simulators import SIMULATORS
from asyncdest_nb.widgets.explorer.offers import frames, name_of, offers, search
from explorer_clicks import EXAMPLE, FRAME


def test_destinations_are_offered_real_and_simulated_and_those_of_the_notebook():
    own = ad.Destination(name="Own", slug="own", actions=EXAMPLE.actions)
    found = offers({"mine": own, "_": own, "same": EXAMPLE})
    simulated = [slug for slug in ad.destinations() if slug in SIMULATORS]
    assert {"example-async", "salesforce-bulk"} <= set(simulated)
    assert [each.title for each in found] == [
        *[f"{slug}, simulated on this machine" for slug in simulated],
        *ad.destinations(),
        "own",
    ]
    assert found[-1].variable == "mine"


@pytest.mark.parametrize(
    ("text", "count"),
    [("SALESFORCE-BULK", 2), ("simulated salesforce-bulk", 1), ("asyncoperation", 2), ("nope", 0)],
)
def test_a_search_looks_for_every_word_in_all_texts(text, count):
    assert len(search(offers({}), text)) == count
    assert search(offers({}), "") == offers({})


def test_frames_are_found_by_their_names():
    names = {"df": FRAME, "n": 1, "_12": FRAME}
    assert list(frames(names)) == ["df"]
    assert name_of(FRAME, names, "other") == "df"
    assert name_of(FRAME.copy(), names, "other") == "other"
