"""A fixture: a server that keeps the rows that arrive."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from recorded_rows import Recorder


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)
