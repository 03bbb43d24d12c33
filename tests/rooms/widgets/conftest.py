"""Fixtures of the screen: comms that keep what is sent, and a clock that stands still."""

from __future__ import annotations

import comm
import pytest
from ipywidgets.widgets import widget

from asyncdest_nb.widgets import monitor, sent_state
from monitor_comm import RecordingComm, StandingClock


@pytest.fixture
def comms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each widget a comm that keeps what is sent."""
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    if hasattr(widget, "Comm"):  # ipywidgets 7
        monkeypatch.setattr(widget, "Comm", RecordingComm)
        monkeypatch.setattr(widget.Widget.comm, "klass", RecordingComm)


@pytest.fixture
def clock(comms: None) -> StandingClock:
    """Give the clock of a monitor."""
    return StandingClock()


@pytest.fixture
def slices_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two operations be as many as go into a message."""
    monkeypatch.setattr(sent_state, "SLICE", 2)
    monkeypatch.setattr(monitor, "SLICE", 2)
