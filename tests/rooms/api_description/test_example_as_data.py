"""The API of the example destination, described: rows end as with the one written in Python."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from paths import ROOT

FILE = ROOT / "tests/data/api_descriptions/example_async.json"
ROWS = pd.DataFrame(
    {
        "user_id": [f"u-{at}" for at in range(60)] + [None],
        "operation_type": "sync_profile",
        "data": [{"at": at} for at in range(61)],
    }
)


def outcomes(session: ad.Session, destination: Any, **knobs: Any) -> pd.DataFrame:
    with ad.simulate("example-async", duration_seconds=0.2, seed=5, **knobs) as demo:
        settings = demo.settings
        connection = (
            session.connect(demo)
            if destination is None
            else session.connect(destination, **settings)
        )
        run = connection.submit(ROWS, "asyncOperation")
        run.wait(timeout=60)
        return run.results()


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"failing": 0.3},
        {"failing": 0.3, "batch_answer": "operations", "synchronous": 0.4},
        {"throttle_share": 0.3, "api_key": "k3y-k3y-k3y-k3y"},
    ],
    ids=lambda knobs: ",".join(knobs) or "no faults",
)
def test_rows_end_as_with_the_destination_written_in_python(
    session: ad.Session, knobs: dict[str, Any]
):
    theirs = outcomes(session, None, **knobs)
    ours = outcomes(session, ad.http_destination(FILE), **knobs)
    assert ours["status"].tolist() == theirs["status"].tolist()
    failed = theirs["status"] == "failed"
    assert ours.loc[failed, "message"].tolist() == theirs.loc[failed, "message"].tolist()
    assert ours["status"].iloc[-1] == "invalid"
