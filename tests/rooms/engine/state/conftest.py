"""Fixtures of the tests of state: a session on disk, and the clock of sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock
from stateful_actions import Times, soon


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite"


@pytest.fixture
def session(path: Path) -> Iterator[ad.Session]:
    with ad.Session(path=path) as session:
        yield session


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    """Give the clocks of the sessions that are opened from now on; waits take no time of theirs."""
    times = Times()
    clock = Clock(wall=lambda: times.wall, steady=lambda: times.steady, sleep=soon)
    monkeypatch.setattr("asyncdest_nb.engine.engine.Clock", lambda: clock)
    return times
