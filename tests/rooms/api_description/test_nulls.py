"""What is sent for nulls within objects, against a small server."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from described_api import DescribedApi

HOME = {"city": "Rome", "zip": None, "geo": {"lat": float("nan"), "at": [1, None]}}


def sent(session: ad.Session, nulls: str) -> tuple[ad.Run, list[bytes]]:
    """Return the run that sends a home, and the bodies that arrived."""
    fields = {"home": {"label": "Home", "type": "object"}}
    action = {"fields": fields, "submit": [{"url": "/x", "jsonl": {}}], "nulls": nulls}
    with DescribedApi(lambda call: {}) as api:
        description = {"name": "Homes", "base_url": api.url, "actions": {"send": action}}
        homes = session.connect(ad.http_destination(description))
        run = homes.submit(pd.DataFrame({"home": [HOME]}), "send")
        run.wait(timeout=60)
        return run, [call.body for call in api.calls]


@pytest.mark.parametrize(
    ("nulls", "wanted"),
    [
        ("omit", {"city": "Rome", "geo": {"at": [1, None]}}),
        ("null", {"city": "Rome", "zip": None, "geo": {"lat": None, "at": [1, None]}}),
        ("empty", {"city": "Rome", "zip": "", "geo": {"lat": "", "at": [1, None]}}),
    ],
)
def test_a_null_in_an_object_is_sent_as_one_in_a_row(
    session: ad.Session, nulls: str, wanted: dict[str, Any]
):
    _, [body] = sent(session, nulls)
    assert json.loads(body) == {"home": wanted}


def test_a_null_in_an_object_is_named_where_nulls_are_errors(session: ad.Session):
    run, bodies = sent(session, "error")
    assert "home.zip, home.geo.lat: null" in run.results().loc[0, "message"]
    assert not bodies
