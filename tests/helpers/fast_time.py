"""Engines whose time runs 500 times faster, so that minutes of waiting take a second.

It hardly passes at all while the machine is busy with something else; only the timeouts of
requests are real.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from asyncdest_nb.engine import Clock, Engine
from session_engines import session_engines

SPEED = 500
TICK_SECONDS = 0.001
LONGEST_TICK_SECONDS = 0.004  # 2 s of the fast clock.
BEGUN = time.time()


class FastClock:
    """Time that runs fast, tick by tick.

    A tick that comes late counts for little: where threads wait a second for their turn, so
    does the one that ticks. In that second a bare clock, as fast, would be minutes on.
    """

    def __init__(self) -> None:
        self.now = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        is_over = threading.Event()
        thread = threading.Thread(target=self._tick, args=(is_over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _tick(self, is_over: threading.Event) -> None:
        last = time.monotonic()
        while not is_over.wait(TICK_SECONDS):
            before, last = last, time.monotonic()
            self.now += min(last - before, LONGEST_TICK_SECONDS) * SPEED

    async def sleep(self, seconds: float) -> None:
        until, left = self.now + seconds, seconds
        await asyncio.sleep(0)
        while left > 0:
            await asyncio.sleep(max(left / SPEED, TICK_SECONDS))
            left = until - self.now


FAST = FastClock()


def fast_wall() -> float:
    """Return Unix seconds of the fast clock."""
    return BEGUN + FAST.now


def fast_steady() -> float:
    """Return seconds of the fast clock."""
    return FAST.now


@contextmanager
def fast_engines() -> Iterator[list[Engine]]:
    """Make time run fast for all sessions that are opened here, and give their engines."""
    clock = Clock(wall=fast_wall, steady=fast_steady, sleep=FAST.sleep)
    with FAST.running(), session_engines(clock) as engines:
        yield engines
