"""A simulated destination that asks for a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import asyncdest_nb as ad
from explorer_clicks import SECRET


@pytest.fixture
def demo() -> Iterator[ad.Simulator]:
    with ad.simulate(
        "example-async", duration_seconds=(0.02, 0.1), failing=0.3, api_key=SECRET
    ) as demo:
        yield demo
