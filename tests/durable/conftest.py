"""The place of a session's file, and a wall clock that jumps."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncdest_nb.engine import Clock
from wall_clock import Wall


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a session's file that does not exist yet."""
    return tmp_path / "s.sqlite"


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """Give the wall clock of this test, which may be set."""
    wall = Wall()
    monkeypatch.setattr("time.time", wall)
    monkeypatch.setattr("asyncdest_nb.engine.engine.Clock", lambda: Clock(wall=wall))
    return wall
