"""Files of results that do not tell what a row's outcome is: real HTTP to a small server."""

from __future__ import annotations

from typing import Any

import pytest
from test_shapes import PEOPLE, described

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

ACTION: dict[str, Any] = {
    "handle": "id",
    "submit": [{"url": "/jobs", "json": "{{ rows }}", "extract": {"id": "id"}}],
    "poll": {"url": "/jobs/{{ id }}", "status": {"path": "is", "words": {"completed": "done"}}},
    "results": {
        "sources": [
            {
                "url": "/file",
                "format": "csv",
                "match": {"by": "field", "path": "email", "row": "{{ row.email }}"},
                "outcome": {"path": "ok", "words": {"completed": "true", "failed": "false"}},
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("columns", "statuses"),
    [
        ("email,ok,note", {"completed"}),
        ("email,ok,ok", {"unknown"}),
        ("email,email,ok", {"unknown"}),
        ("email,ok,note,note", {"completed"}),
    ],
)
def test_a_column_that_is_there_twice_decides_nothing(
    session: ad.Session, columns: str, statuses: set[str]
):
    def answer(call: ApiCall) -> Any:
        if call.path != "/file":
            return {"id": 7} if call.method == "POST" else {"is": "done"}
        cells = {"ok": "true", "note": "new"}
        lines = [
            ",".join(cells.get(name, email) for name in columns.split(","))
            for email in PEOPLE["email"]
        ]
        return 200, {"content-type": "text/csv"}, "\n".join([columns, *lines])

    with DescribedApi(answer) as api:
        run = session.connect(described(api.url, **ACTION)).submit(PEOPLE, "send")
        run.wait(timeout=30)
    assert set(run.results()["status"]) == statuses
