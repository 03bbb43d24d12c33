"""Forms and files as they arrive at a server on loopback, read by Python's parser of mail."""

from __future__ import annotations

import asyncio
import io
import tempfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from asyncdest_nb.errors import UsageError
from asyncdest_nb.request import Client
from asyncdest_nb.request.form import form_body
from client_calls import ask, every_transport, exchanged
from raw_server import Arrived, RawServer, answer


def arrived_of(**options: Any) -> Arrived:
    with RawServer() as server:
        outcome = ask(server.url, method="POST", **options)
        assert not isinstance(outcome, Exception), outcome
    (arrived,) = server.arrived
    return arrived


def parts_of(arrived: Arrived) -> list[tuple[str, str | None, str | None, bytes]]:
    """Return name, filename, content type and content of each part."""
    head = f"content-type: {arrived.headers['content-type']}\r\n\r\n".encode()
    found = BytesParser().parsebytes(head + arrived.body)
    assert not found.defects
    return [_part(each) for each in found.get_payload()]


def _part(part: Message) -> tuple[str, str | None, str | None, bytes]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    return str(name), part.get_filename(), part.get("content-type"), content


@every_transport
def test_a_form_with_a_file_arrives_in_the_order_in_which_it_was_given(new_transport):
    with RawServer() as server:
        fields = {"purpose": "batch", "expires_after[anchor]": "created_at", "n": 7, "x": None}
        file = ("rows.jsonl", b'{"a": 1}\r\n\x00\xff', "application/jsonl")
        client = Client(transport=new_transport())
        response = ask(server.url, client=client, method="POST", data=fields, files={"file": file})
    assert response.ok
    (arrived,) = server.arrived
    assert arrived.headers["content-length"] == str(len(arrived.body))
    assert parts_of(arrived) == [
        ("purpose", None, None, b"batch"),
        ("expires_after[anchor]", None, None, b"created_at"),
        ("n", None, None, b"7"),
        ("file", "rows.jsonl", "application/jsonl", b'{"a": 1}\r\n\x00\xff'),
    ]


def test_parts_may_come_in_any_order_and_as_files_of_every_kind(tmp_path: Path):
    path = tmp_path / "leads.csv"
    path.write_bytes(b"email\na@b.c\n")
    opened = io.BytesIO(b"skipped|rest")
    opened.seek(8)
    spooled = tempfile.SpooledTemporaryFile(max_size=10)
    spooled.write(b"more than ten bytes")  # Not flushed: its size on the disk is smaller.
    spooled.seek(0)
    files = [
        ("path", path),
        ("request", (None, '{"name": "ž"}', "application/json")),
        ("file", ("a.bin", opened)),
        ("file", ("b.bin", spooled, "x/y", {"x-part": "1"})),
        ("empty", ("c.bin", b"")),
    ]
    with spooled:
        arrived = arrived_of(files=files)
        again = arrived_of(files=files)  # Files are read again from where they stood.
    assert parts_of(arrived) == [
        ("path", "leads.csv", "text/csv", b"email\na@b.c\n"),
        ("request", None, "application/json", '{"name": "ž"}'.encode()),
        ("file", "a.bin", "application/octet-stream", b"rest"),
        ("file", "b.bin", "x/y", b"more than ten bytes"),
        ("empty", "c.bin", "application/octet-stream", b""),
    ]
    assert parts_of(again) == parts_of(arrived)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_any_bytes_arrive_as_they_are(contents: list[bytes]):
    body, headers = form_body(
        {}, [("file", (f"{at}.bin", each)) for at, each in enumerate(contents)]
    )
    whole = b"".join(body.content)
    assert len(whole) == body.size
    found = parts_of(Arrived("POST", "/", headers, whole))
    assert [each[3] for each in found] == contents


def test_names_that_contain_quotes_and_line_ends_cannot_add_a_part():
    evil = 'a"\r\n\r\nContent-Disposition: form-data; name="admin'
    parts = parts_of(arrived_of(files={evil: (evil, b"x", "text/plain")}))
    assert len(parts) == 1
    assert parts[0][3] == b"x"


def test_a_form_without_files_is_urlencoded():
    secret = SecretStr("s&cret=1")
    data = [("grant_type", "client_credentials"), ("client_secret", secret), ("to", ["a b", "č"])]
    arrived = arrived_of(data=data)
    assert arrived.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(arrived.body.decode()) == [
        ("grant_type", "client_credentials"),
        ("client_secret", "s&cret=1"),
        ("to", "a b"),
        ("to", "č"),
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": {"a": {"b": 1}}}, "json=… for JSON"),
        ({"data": "a=1"}, "content=… for a text"),
        ({"files": {"a": ("x",)}}, "a tuple of 1"),
        ({"files": {"a": 7}}, "the file 'a' is a int"),
        ({"files": {"a": io.StringIO("x")}}, "mode 'rb'"),
        ({"files": {"a": Path("/no/such/file")}}, "cannot be read"),
        ({"files": {7: b"x"}}, "must be a text"),
        ({"files": {"a": b"x"}, "json": 1}, "not both"),
        ({"files": {"a": b"x"}, "headers": {"Content-Type": "multipart/form-data"}}, "boundary"),
        ({"content": {"a": 1}}, "content is a dict"),
        ({"content": io.StringIO("x")}, "mode 'rb'"),
    ],
)
def test_what_a_form_cannot_hold_is_refused_before_it_is_sent(options: Any, message: str):
    with RawServer() as server:
        outcome = ask(server.url, method="POST", **options)
    assert isinstance(outcome, UsageError)
    assert message in str(outcome)
    assert "nothing was sent" in str(outcome)
    assert server.connections == 0


def test_the_record_of_a_form_describes_its_files_and_masks_its_fields():
    async def post(url: str) -> Any:
        client = Client(options={"headers": {"authorization": "Bearer sk_live_51Hx9Qw"}})
        files = {"file": ("rows.jsonl", b'{"secret": "row"}' * 100, "application/jsonl")}
        data = {"purpose": "batch", "key": "sk_live_51Hx9Qw"}
        call, _ = await exchanged(client, url, method="POST", data=data, files=files)
        return call.exchanges[0]

    with RawServer(answer(200, "ok")) as server:
        exchange = asyncio.run(post(server.url))
    assert exchange.request_body == (
        "multipart/form-data\npurpose: batch\nkey: •••\n"
        "file: rows.jsonl, application/jsonl, 1,700 bytes"
    )
