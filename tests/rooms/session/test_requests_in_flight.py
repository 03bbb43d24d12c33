"""Functions with several requests at a time: what is on its way when one of them fails."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import asyncdest_nb as ad
from one_action import destination, users
from raw_server import Answer, RawServer, Writer, answer


def well_after(event: threading.Event) -> Answer:
    """Return what answers that all is well, once *event* is there."""

    async def write(writer: Writer) -> None:
        await asyncio.to_thread(event.wait, 10)
        await answer(200, {})(writer)

    return write


def test_a_request_that_gather_leaves_on_its_way_is_not_sent_again(session):
    has_failed = threading.Event()

    async def perform_batch(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/x"
        asked = [request(url, method="POST", json=each.user_id) for each in data.payload]
        try:
            await asyncio.gather(*asked)
        except ad.HTTPError:
            has_failed.set()
            raise

    with RawServer(answer(429, {}), well_after(has_failed)) as server:
        crm = session.connect(destination(perform_batch=perform_batch), endpoint=server.url)
        run = crm.submit(users("a", "b"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 2
    assert len(server.arrived) == 2


def test_tasks_that_a_function_leaves_behind_send_nothing_after_its_end(session):
    has_failed = threading.Event()

    async def perform_batch(request: Any, data: Any) -> Any:
        left = list(data.payload)

        async def work() -> None:
            while left:
                user = left.pop()
                await request(f"{data.settings.endpoint}/x", method="POST", json=user.user_id)

        try:
            await asyncio.gather(work(), work())
        except ad.HTTPError:
            has_failed.set()
            raise

    with RawServer(answer(400, {}), well_after(has_failed)) as server:
        crm = session.connect(destination(perform_batch=perform_batch), endpoint=server.url)
        run = crm.submit(users("a", "b", "c", "d"), "act")
        run.wait(timeout=10)
    assert run.counts["unknown"] == 4
    assert len(server.arrived) == 2


def test_a_function_may_give_up_a_request_that_waits_for_its_turn(session):
    async def perform(request: Any, data: Any) -> Any:
        url = f"{data.settings.endpoint}/x"
        await request(url, method="POST", json={})
        try:
            async with asyncio.timeout(0.2):
                await request(url, method="POST", json={})
        except TimeoutError:
            return {"in_time": False}
        return {"in_time": True}

    with RawServer(answer(200, {})) as server:
        act = destination(perform=perform)
        crm = session.connect(act, endpoint=server.url, requests_per_second=0.01)
        run = crm.submit(users("first"), "act")
        assert run.wait(timeout=10) == "completed"
        assert len(server.arrived) == 1
    assert run.results()["result"][0]["in_time"] is False


def test_a_function_that_requests_nothing_takes_the_turn_of_no_other(session):
    async def perform(request: Any, data: Any) -> Any:
        return {"id": 1}

    act = destination(perform=perform)
    crm = session.connect(act, endpoint="http://127.0.0.1:1", requests_per_second=0.01)
    run = crm.submit(users("first", "second", "third"), "act")
    assert run.wait(timeout=10) == "completed"
