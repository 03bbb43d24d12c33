"""The engines of sessions, for tests that give them a clock or look at their store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from asyncdest_nb.engine import Clock, Engine


@contextmanager
def session_engines(clock: Clock | None = None) -> Iterator[list[Engine]]:
    """Give the engines of all sessions that are opened here, in that order.

    They go by *clock*, None = the real one.
    """
    engines: list[Engine] = []

    def engine(loop: asyncio.AbstractEventLoop, **options: Any) -> Engine:
        engines.append(Engine(loop, clock=clock, **options))
        return engines[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("asyncdest_nb.session.registry.Engine", engine)
        yield engines
