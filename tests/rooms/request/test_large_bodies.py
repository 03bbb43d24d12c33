"""Bodies that are sent and read in pieces, at a server on loopback that holds none of them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import io
import socket
import threading
import zlib
from pathlib import Path
from typing import Any

import pytest

from asyncdest_nb.errors import HTTPError, NotSent, ReplyLost
from asyncdest_nb.request import Client, FileResponse, RelayTransport, saved_body
from client_calls import answered, ask, every_transport
from large_files import LINE, large_files, peak_memory, temporary_files
from raw_server import RawServer, answer, cut_body, raw, reset

SIZE = 30_000_000
HEAD = b"HTTP/1.1 200 OK\r\n"


def zipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def until_closed(connection: socket.socket) -> int:
    """Return how many bytes arrive until the other side closes."""
    count = 0
    with contextlib.suppress(ConnectionError):
        while found := connection.recv(2**16):
            count += len(found)
    return count


@every_transport
@pytest.mark.parametrize("is_form", [False, True])
def test_an_upload_of_a_file_is_never_whole_in_memory(tmp_path: Path, new_transport, is_form):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(LINE * (SIZE // len(LINE)))
    size, body = path.stat().st_size, {"files": {"file": path}} if is_form else {"content": path}
    with large_files() as server:
        client = Client(transport=new_transport(), timeout_seconds=60)
        with peak_memory() as peak:
            response = ask(server.url, client=client, method="POST", **body)
    assert peak.bytes < SIZE / 4
    found = response.json()
    assert found["size"] > size if is_form else found["size"] == size
    if not is_form:
        assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@every_transport
def test_a_response_to_a_file_is_never_whole_in_memory(new_transport):
    lines = SIZE // len(LINE)
    with large_files() as server, peak_memory() as peak:
        client = Client(transport=new_transport(), timeout_seconds=60)
        response = ask(f"{server.url}/{lines * len(LINE)}", client=client, to_file=True)
        assert isinstance(response, FileResponse)
        assert sum(1 for _ in response.lines()) == lines
    assert peak.bytes < SIZE / 4
    assert response.size == lines * len(LINE)


def test_a_small_response_to_a_file_reads_like_any_other():
    body = {"a": [1, "ž"]}
    in_file, other = answered(answer(200, body), to_file=True), answered(answer(200, body))
    assert isinstance(in_file, FileResponse)
    for name in ("content", "text", "data", "status", "ok", "problem", "location"):
        assert getattr(in_file, name) == getattr(other, name)
    assert in_file.json() == other.json() == in_file.data
    assert "url=" in repr(in_file)


def test_an_error_to_be_read_into_a_file_is_raised_with_its_text():
    error = answered(answer(404, {"message": "no such batch"}), to_file=True)
    assert isinstance(error, HTTPError)
    assert "no such batch" in str(error)
    page = answered(answer(200, "<html>Log in</html>"), to_file=True)
    assert "an HTML page" in page.problem


@every_transport
@pytest.mark.parametrize(
    "given_answer",
    [
        cut_body,
        raw(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n"),
        answer(200, zipped(b"a" * 99)[:12], {"content-encoding": "gzip"}),
        answer(200, b"abcd", {"content-encoding": "gzip"}),
    ],
    ids=["length", "chunk", "gzip", "no gzip"],
)
def test_a_body_that_is_cut_raises_and_leaves_no_file(new_transport, given_answer, monkeypatch):
    monkeypatch.setattr(saved_body, "IN_MEMORY_BYTES", 1)
    before = temporary_files()
    with RawServer(given_answer) as server:
        client = Client(transport=new_transport(), timeout_seconds=5)
        outcome = ask(server.url, client=client, to_file=True)
    assert isinstance(outcome, ReplyLost)
    assert temporary_files() <= before


@every_transport
@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", zipped(b"one\n") + zipped(b"two\n")),
        ("gzip", zipped(b"one\ntwo\n") + b"\0\0\0"),
        ("deflate", zlib.compress(b"one\ntwo\n")),
        ("deflate", zlib.compress(b"one\ntwo\n")[2:-4]),
        ("", b"one\ntwo\n"),
    ],
    ids=["two members", "zeros after it", "zlib", "deflate", "none"],
)
def test_a_compressed_body_is_decompressed_on_its_way_to_the_file(new_transport, coding, body):
    with RawServer(answer(200, body, {"content-encoding": coding})) as server:
        client = Client(transport=new_transport(), timeout_seconds=5)
        response = ask(server.url, client=client, to_file=True)
        assert list(response.lines()) == ["one", "two"]


def test_a_body_of_more_than_the_limit_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(saved_body, "MAX_SAVED_BYTES", 100_000)
    bomb = zipped(b"0" * 1_000_000)
    outcome = answered(answer(200, bomb, {"content-encoding": "gzip"}), to_file=True)
    assert isinstance(outcome, ReplyLost)
    assert "larger than" in str(outcome)


def test_the_file_of_a_response_is_removed_with_the_response(monkeypatch):
    monkeypatch.setattr(saved_body, "IN_MEMORY_BYTES", 1)
    before = temporary_files()
    response = answered(answer(200, "text"), to_file=True)
    lines = response.lines()
    assert next(lines) == "text"
    assert temporary_files() in (before + 1, 0)
    del response, lines
    assert temporary_files() == before


def test_a_refusal_that_comes_before_the_end_of_an_upload_is_read_and_closes_the_connection(
    tmp_path: Path,
):
    path = tmp_path / "rows"
    path.write_bytes(b"x" * 20_000_000)

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            while b"\r\n\r\n" not in connection.recv(2**16):
                pass
            connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 8\r\n\r\ntoo long")
            ended.append(until_closed(connection))

    ended: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=refuse)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        error = ask(url, method="PUT", content=path)
        server.join(10)
    assert ended[0] < 20_000_000
    assert isinstance(error, HTTPError)
    assert error.status == 413
    assert "too long" in str(error)


@every_transport
def test_an_upload_whose_reply_is_lost_may_have_been_applied(new_transport, tmp_path: Path):
    path = tmp_path / "rows"
    path.write_bytes(b"x" * 300_000)
    with RawServer(reset) as server:
        client = Client(transport=new_transport(), timeout_seconds=5)
        assert isinstance(ask(server.url, client=client, method="POST", content=path), ReplyLost)
    client = Client(transport=new_transport(), timeout_seconds=5)
    unsent = ask("http://127.0.0.1:1/", client=client, method="POST", content=path)
    assert isinstance(unsent, NotSent)


def test_a_file_that_has_become_shorter_is_not_sent_as_a_whole():
    class ShorterFile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return b"" if self.tell() > 100_000 else super().read(size)

    with RawServer() as server:
        file = ShorterFile(b"x" * 300_000)
        outcome = ask(server.url, method="PUT", content=file)
    assert isinstance(outcome, ReplyLost)
    assert "become shorter" in str(outcome)
    assert server.arrived == []


def test_large_bodies_are_not_relayed_but_sent_and_read_here(tmp_path: Path):
    path = tmp_path / "rows"
    path.write_bytes(b"a\nb")
    relayed = []

    async def relay(request: Any) -> None:
        relayed.append(request)
        return None

    def asked(url: str, **options: Any) -> Any:
        client = Client(transport=RelayTransport(relay, route=None))
        return ask(url, client=client, **options)

    with RawServer(answer(200, "x\ny")) as server:
        assert asked(server.url, method="PUT", content=path).ok
        assert list(asked(server.url, to_file=True).lines()) == ["x", "y"]
        assert relayed == []
        assert asked(server.url).text == "x\ny"
    assert len(relayed) == 1
    assert [each.body for each in server.arrived] == [b"a\nb", b"", b""]


def test_a_presigned_url_of_another_origin_gets_no_credentials_and_its_query_is_not_shown():
    signed = "/results.tar.gz?X-Amz-Signature=0123abcdef&token=t0ps3cret"

    async def both(home: str, store: str) -> Any:
        options = {"base_url": home, "headers": {"authorization": "Bearer k-12345678"}}
        client = Client(options=options)
        found = [await exchanged_open(client, store + signed, to_file=True)]
        found.append(await exchanged_open(client, "http://127.0.0.1:1" + signed, to_file=True))
        await client.aclose()
        return found

    async def exchanged_open(client: Client, url: str, **options: Any) -> Any:
        call = client.call()
        try:
            return call, await call(url, **options)
        except Exception as error:
            return call, error

    with RawServer() as home, RawServer(answer(200, "x")) as store:
        (call, response), (failed, error) = asyncio.run(both(home.url, store.url))
    assert "authorization" not in store.arrived[0].headers
    assert store.arrived[0].target == signed
    shown = f"{call.exchanges[0]!r} {failed.exchanges[0]!r} {error}"
    assert "t0ps3cret" not in shown
    assert "0123abcdef" not in shown
    assert "0123abcdef" not in repr(response)
