"""A server on loopback that answers early, in parts or without a body, on connections that stay."""

from __future__ import annotations

import asyncio
from typing import Any

from asyncdest_nb.request import Client, Response
from raw_server import RawServer, Writer, answer, raw

LARGE = "x" * 5_000_000


def asked(server: RawServer, *requests: dict[str, Any]) -> list[Response]:
    """Return the responses to *requests*, one after the other over one client."""

    async def ask_all() -> list[Response]:
        client = Client(options={"base_url": server.url}, timeout_seconds=20)
        try:
            return [
                await client.call()("/x", **{"throw_http_errors": False, **options})
                for options in requests
            ]
        finally:
            await client.aclose()

    return asyncio.run(ask_all())


def test_informational_answers_are_skipped():
    hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    final = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok"
    with RawServer(raw(hints + final, then_close=False)) as server:
        found = asked(server, {"method": "POST", "json": 1}, {})
    assert [(each.status, each.text) for each in found] == [(201, "ok"), (201, "ok")]
    assert server.connections == 1


def test_an_answer_to_head_has_no_body_and_leaves_the_connection_open():
    head = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", then_close=False)
    with RawServer(head, answer(200, "after")) as server:
        found = asked(server, {"method": "HEAD"}, {})
    assert [each.text for each in found] == ["", "after"]
    assert server.connections == 1


def test_a_large_body_arrives_whole():
    with RawServer() as server:
        asked(server, {"method": "POST", "content": LARGE}, {"method": "PUT", "content": "small"})
    assert [len(each.body) for each in server.arrived] == [len(LARGE), 5]
    assert server.connections == 1


class Impatient(RawServer):
    """Answers once the headers are there, and does not read the body."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[bytes] = []

    async def _serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        await answer(413, "too large")(writer)
        await asyncio.Event().wait()


def test_what_is_left_of_a_body_is_not_sent_in_front_of_the_next_request():
    with Impatient() as server:
        found = asked(server, {"method": "POST", "content": LARGE}, {"method": "POST", "json": 1})
    assert [each.status for each in found] == [413, 413]
    assert [each.split(b" ")[0] for each in server.heads] == [b"POST", b"POST"]
