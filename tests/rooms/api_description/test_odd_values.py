"""Values in files of results that JSON does not have; a small server on loopback sends them."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from test_bodies import PEOPLE, job_with_results, packed

import asyncdest_nb as ad
from described_api import ApiCall, DescribedApi

ODD = '{"key": "r0", "ok": true, "odd": [NaN, 1e999, "\\ud83d", "a\tb"]}'


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ({}, f"[{ODD}]".encode()),
        ({"format": "jsonl"}, ODD.encode()),
        ({"archive": "gzip"}, gzip.compress(f"[{ODD}]".encode())),
        ({"archive": "tar.gz"}, packed("a.json", f"[{ODD}]".encode())),
    ],
    ids=["json", "jsonl", "json gz", "json tgz"],
)
def test_values_that_are_no_json_are_the_same_wherever_they_are(
    session: ad.Session, source: dict[str, Any], content: bytes
):
    def answer(call: ApiCall):
        if call.method == "POST":
            return {"id": 7}
        kind = {"content-type": "application/octet-stream"}
        return (200, kind, content) if call.path == "/r" else {"state": "finished", "url": "/r"}

    with DescribedApi(answer) as api:
        action = job_with_results(source)
        description = {"name": "x", "base_url": api.url, "actions": {"send": action}}
        run = session.connect(ad.http_destination(description)).submit(PEOPLE[:1], "send")
        run.wait(timeout=60)
    found = run.results()
    assert found["result"].iloc[0]["odd"] == [None, None, "\ufffd", "a\tb"]
    found.to_json()
