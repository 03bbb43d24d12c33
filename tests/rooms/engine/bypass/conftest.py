"""Fixtures: a server that counts what it applies, and a client with a connection to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bank import Bank, Vendor


@pytest.fixture
def bank() -> Iterator[Bank]:
    bank = Bank()
    thread = threading.Thread(target=bank.server.serve_forever, daemon=True)
    thread.start()
    yield bank
    bank.server.shutdown()
    bank.server.server_close()
    thread.join(10)


@pytest.fixture
def vendor(bank: Bank) -> Iterator[Vendor]:
    vendor = Vendor(bank)
    yield vendor
    vendor.socket.close()
