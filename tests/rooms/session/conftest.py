"""Fixtures of the session's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import asyncdest_nb as ad


@pytest.fixture(scope="module")
def simulator() -> Iterator[ad.Simulator]:
    with ad.simulate("example-async", duration_seconds=0.05, failing=0.2, seed=7) as simulator:
        yield simulator
