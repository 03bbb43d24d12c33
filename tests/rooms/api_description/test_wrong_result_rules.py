"""Rules for results that do not fit what an API answers: the messages say what to correct."""

from __future__ import annotations

from typing import Any

import pytest
from test_shapes import described, sent

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

RULE: dict[str, Any] = {
    "items": "$.rows",
    "match": {"by": "index", "path": "$.at"},
    "outcome": {"path": "$.state", "words": {"completed": "ok", "failed": ["bad", "late"]}},
}


def messages(session: ad.Session, **changed: Any) -> set[str]:
    """Return the messages of rows that are unknown: their job says "ok" and "dropped"."""

    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": "j-1"}
        rows = [{"at": at, "state": ["ok", "dropped"][at % 2]} for at in range(4)]
        return {"state": "done", "rows": rows}

    job = {
        "submit": [{"url": "/jobs", "json": {"rows": "{{ rows }}"}, "extract": {"job": "$.id"}}],
        "handle": "job",
        "poll": {
            "url": "/jobs/{{ job }}",
            "status": {"path": "$.state", "words": {"completed": "done"}},
        },
        "results": {"sources": [{**RULE, **changed}]},
    }
    with DescribedApi(answer) as api:
        found = sent(session, described(api.url, **job)).results()
    return set(found.loc[found["status"] == "unknown", "message"])


def test_a_word_that_no_list_has_is_shown_with_the_known_ones(session: ad.Session):
    assert messages(session) == {"$.state is 'dropped', none of the known words: ok, bad, late"}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.nr", "4 results are of no row that was sent (4 of them have nothing at $.nr)"),
        ("$.state", "4 results are of no row that was sent"),
    ],
)
def test_a_match_path_with_nothing_there_is_named(session: ad.Session, path: str, reason: str):
    match = {"by": "field", "path": path, "row": "{{ row.email }}"}
    (message,) = messages(session, match=match)
    assert message.endswith(f"; {reason}")
