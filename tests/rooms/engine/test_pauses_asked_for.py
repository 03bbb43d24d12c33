"""Pauses that a 429 asks for otherwise than in seconds: real HTTP to a small server."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

import asyncdest_nb as ad
from polled_partner import wait_until
from raw_server import RawServer, answer
from scripted_jobs import Payload, connect, submit


async def perform(request: Any, data: Any) -> Any:
    return await request(f"{data.settings.endpoint}/rows", method="POST", json={})


@pytest.mark.parametrize(
    "headers",
    [
        lambda: {"retry-after": str(int(time.time()) + 300)},
        lambda: {"retry-after-ms": "300000"},
        lambda: {"x-ratelimit-reset": str(int(time.time()) + 300)},
        lambda: {"ratelimit-reset": "300"},
    ],
    ids=["time", "milliseconds", "reset time", "reset"],
)
def test_a_429_is_waited_out_as_long_as_it_says(session: ad.Session, headers: Any):
    with RawServer(answer(429, {}, headers())) as server:
        crm = connect(session, ad.Action(title="Act", payload=Payload, perform=perform), server.url)
        run = submit(crm, ["a"])
        wait_until(run, lambda: server.arrived and run.notices)
        (notice,) = run.notices
        run.cancel()
        assert len(server.arrived) == 1
    found = re.search(r"asks for fewer requests; asking again in (\d+) s", notice)
    assert found, notice
    assert 200 < int(found[1]) <= 301
