"""Time that runs fast for the engine: what waits a second for its next try waits a tenth."""

from __future__ import annotations

import asyncio
import time

import pytest

from asyncdest_nb.engine import Clock

SPEED = 10.0


def steady() -> float:
    """Return seconds that pass fast."""
    return time.monotonic() * SPEED


async def sleep(seconds: float) -> None:
    """Wait for so many of the fast seconds."""
    await asyncio.sleep(seconds / SPEED)


def install(patch: pytest.MonkeyPatch) -> None:
    """Let the time of sessions that are opened from now on run fast; timeouts stay real."""
    clock = Clock(steady=steady, sleep=sleep)
    patch.setattr("asyncdest_nb.engine.engine.Clock", lambda: clock)
