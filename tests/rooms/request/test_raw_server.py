"""The server of the tests themselves: it leaves no connection open."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from raw_server import Answer, RawServer, answer, flood


@pytest.mark.parametrize("script", [flood, answer(200, b"x" * 50_000_000)])
def test_a_connection_is_closed_whose_data_nobody_has_read(script: Answer):
    with RawServer(script) as server:
        port = int(server.url.rpartition(":")[2])
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        assert server.has_arrived.wait(10)
        assert client.recv(1) == b"H"
    with client, suppress(ConnectionResetError):  # Or it is closed in order.
        while client.recv(2**20):
            pass
