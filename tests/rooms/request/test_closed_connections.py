"""Servers that close their connections between requests, each in its own way.

They apply each request that they have read completely, and count it.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.request import Client
from raw_server import Arrived, RawServer, Writer

ROWS = 600


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Row(ad.Payload):
    number: int = ad.field("Number")


async def perform(request, data):
    url = f"{data.settings.endpoint}/rows"
    response = await request(url, method="POST", json=data.payload.as_json())
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": response.data["id"]}])


async def poll(request, data):
    url = data.settings.endpoint
    answers = [await request(f"{url}/{each['operation_id']}") for each in data.async_contexts]
    return ad.AsyncPollResponse.of(
        [ad.AsyncOperationResult(status=each.data["status"]) for each in answers]
    )


CLOSING = ad.Destination(
    name="Closing",
    slug="closing",
    settings=Settings,
    actions={"send": ad.Action(title="Send", payload=Row, perform=perform, poll=poll)},
)


class Server(RawServer):
    """Closes after a *share* of the answers, up to *late_seconds* after them.

    *announced* = with ``connection: close`` in the answer.
    """

    def __init__(
        self,
        *,
        share: float = 0.0,
        late_seconds: float = 0.0,
        announced: bool = False,
    ) -> None:
        super().__init__(self._respond)
        self.applied: Counter[bytes] = Counter()
        self._share, self._late_seconds, self._announced = share, late_seconds, announced
        self._random = random.Random(30)

    async def _respond(self, writer: Writer) -> None:
        is_last = self._random.random() < self._share
        body = json.dumps(self._answer(self.arrived[-1])).encode()
        fields = [b"content-type: application/json", b"content-length: %d" % len(body)]
        fields += [b"connection: close"] if is_last and self._announced else []
        writer.write(b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", body]))
        await writer.drain()
        if is_last:
            await asyncio.sleep(self._random.uniform(0, self._late_seconds))
            writer.close()

    def _answer(self, arrived: Arrived) -> dict[str, str]:
        if arrived.method == "GET":
            return {"status": "completed"}
        self.applied[arrived.body] += 1
        return {"id": f"op-{self.applied.total()}"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "most_unknown"),
    [
        pytest.param({"share": 0.4, "announced": True}, 0, id="announced"),
        pytest.param({"share": 0.4}, ROWS // 20, id="at once"),
        pytest.param({"share": 0.4, "late_seconds": 0.02}, ROWS // 20, id="a little later"),
    ],
)
def test_few_rows_are_in_doubt_where_connections_are_closed_between_requests(
    session: ad.Session, server: dict[str, float], most_unknown: int
):
    with Server(**server) as closing:
        crm = session.connect(CLOSING, endpoint=closing.url, requests_per_second=1000)
        run = crm.submit(pd.DataFrame({"number": range(ROWS)}), "send")
        run.wait(timeout=240)
        assert run.is_at_rest
    outcomes = Counter(run.results()["status"])
    assert outcomes["unknown"] <= most_unknown
    assert outcomes["completed"] == ROWS - outcomes["unknown"]
    assert set(closing.applied.values()) == {1}
    assert len(closing.applied) >= outcomes["completed"]


class StrayAnswers(Server):
    """Sends a second answer shortly after each."""

    async def _respond(self, writer: Writer) -> None:
        await super()._respond(writer)
        await asyncio.sleep(0.02)
        body = b'{"id": "stray", "status": "stray"}'
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))


def test_a_stray_answer_is_not_read_as_the_answer_to_the_next_request():
    async def exchange(url: str) -> list[str]:
        client, found = Client(timeout_seconds=20), []
        for number in range(5):
            response = await client.call()(url, method="POST", json={"number": number})
            found.append(response.data["id"])
            await asyncio.sleep(0.2)  # The event loop has read the stray one.
        await client.aclose()
        return found

    with StrayAnswers() as server:
        assert asyncio.run(exchange(server.url)) == [f"op-{number}" for number in range(1, 6)]


@pytest.mark.slow
def test_a_connection_that_was_closed_while_it_was_idle_is_not_used(session: ad.Session):
    with Server(share=1.0) as closing:
        crm = session.connect(CLOSING, endpoint=closing.url, requests_per_second=1000)
        for number in range(20):
            run = crm.submit(pd.DataFrame({"number": [number]}), "send")
            run.wait(timeout=60)
            assert run.results()["status"].tolist() == ["completed"]
    assert set(closing.applied.values()) == {1}
