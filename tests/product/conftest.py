"""What several tests of the command line have: a home of their own, and a simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import asyncdest_nb as ad


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep named sessions in the folder of the test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


@pytest.fixture
def simulator() -> Iterator[ad.Simulator]:
    """Give an example destination that is quick and refuses no row."""
    with ad.simulate("example-async", duration_seconds=0.05, failing=0.0) as simulator:
        yield simulator
