"""A server that counts what it applies, and a client with an open connection to it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad


class Bank:
    """A server that applies every POST and answers with ``status``."""

    def __init__(self) -> None:
        self.applied: list[str] = []
        self.status = 500
        bank = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.path == "/refused":
                    return self._answer(400)
                bank.applied.append(body.decode())
                return self._answer(bank.status)

            def do_GET(self) -> None:
                self._answer(200)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "2")
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


class Settings(ad.Settings):
    endpoint: str = ad.field("Endpoint")


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def run_of(session: ad.Session, bank: Bank, perform: Callable[..., Any], **action: Any) -> ad.Run:
    act = ad.Action(title="Act", payload=Payload, perform=perform, **action)
    found = ad.Destination(name="Bank", slug="bank", settings=Settings, actions={"act": act})
    run = session.connect(found, endpoint=bank.url).submit(
        pd.DataFrame({"user_id": ["u-1"]}), "act"
    )
    run.wait(timeout=30)
    return run


def require_unknown(run: ad.Run) -> None:
    assert run.counts["unknown"] == 1, run.results()
    assert run.retryable == 0
    with pytest.raises(ad.UsageError):
        run.retry()


class Vendor:
    """A client with a connection of its own, open before it is used."""

    def __init__(self, bank: Bank) -> None:
        self.socket = socket.create_connection(("127.0.0.1", bank.port))

    def create(self, body: str) -> dict[str, Any]:
        content = body.encode()
        head = f"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {len(content)}\r\n\r\n"
        self.socket.sendall(head.encode() + content)
        return {"status": self.socket.recv(10_000).decode()}
