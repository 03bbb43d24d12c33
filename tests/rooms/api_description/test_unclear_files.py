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


def run_of(session: ad.Session, content: str, **source: Any) -> ad.Run:
    def answer(call: ApiCall) -> Any:
        if call.path == "/file":
            return 200, {"content-type": "text/csv"}, content
        return {"id": 7} if call.method == "POST" else {"is": "done"}

    sources = [{**each, **source} for each in ACTION["results"]["sources"]]
    with DescribedApi(answer) as api:
        action = {**ACTION, "results": {"sources": sources}}
        run = session.connect(described(api.url, **action)).submit(PEOPLE, "send")
        run.wait(timeout=30)
    return run


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_may_have_another_delimiter_than_a_comma(session: ad.Session, delimiter: str):
    lines = [delimiter.join(("email", "ok"))]
    lines += [f"{email}{delimiter}true" for email in PEOPLE["email"]]
    run = run_of(session, "\n".join(lines), delimiter=delimiter)
    assert set(run.results()["status"]) == {"completed"}


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
    cells = {"ok": "true", "note": "new"}
    lines = [
        ",".join(cells.get(name, email) for name in columns.split(",")) for email in PEOPLE["email"]
    ]
    run = run_of(session, "\n".join([columns, *lines]))
    assert set(run.results()["status"]) == statuses
