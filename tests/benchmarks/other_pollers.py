"""How long other clients wait between polls of one operation, from their own code.

Nothing here needs a network.

Where a client is not installed (pip install -e ".[bench]"), its delays are written down here as
they are in the version named; ``source`` says which it is. All of them poll once at the start,
but "fixed 5 s", which waits first, as simple-salesforce and airbyte do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from itertools import repeat
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

MOST_POLLS = 400  # That are recorded; later delays are like the last.


class OtherPoller(NamedTuple):
    """A client: where its delays are from, and the seconds before each poll."""

    source: str
    delays: Callable[[Random], Iterator[float]]


class _EnoughError(Exception):
    """As many delays are recorded as are needed."""


def other_pollers() -> dict[str, OtherPoller]:
    """Return the clients by name."""
    return {
        "google-api-core": _client("google-api-core", "google.api_core", _google, _google_written),
        "azure-core": _client("azure-core", "azure.core", _azure, lambda _: repeat(30.0)),
        "databricks": _client("databricks-sdk", "databricks.sdk", _databricks, _linear),
        "fixed 5 s": OtherPoller("by definition", lambda _: repeat(5.0)),
        "fixed 30 s": OtherPoller("by definition", lambda _: _at_once(repeat(30.0))),
    }


def _client(name: str, module: str, real: Any, written: Any) -> OtherPoller:
    if _is_installed(module):
        return OtherPoller(f"{name} {version(name)}", lambda seed: _at_once(real(seed)))
    return OtherPoller("written down, not installed", lambda seed: _at_once(written(seed)))


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # Of the package around it.
        return False


def _at_once(delays: Iterator[float]) -> Iterator[float]:
    yield 0.0
    yield from delays


def _google(seed: Random) -> Iterator[float]:
    from google.api_core.future.polling import DEFAULT_POLLING
    from google.api_core.retry import exponential_sleep_generator

    # The library draws from the global generator.
    random.seed(seed.random())
    made = exponential_sleep_generator(1.0, 20.0, 1.5)
    assert "initial=1.0, maximum=20.0, multiplier=1.5" in str(DEFAULT_POLLING)
    return iter(made)


def _google_written(seed: Random) -> Iterator[float]:
    """google-api-core 2.44: full jitter up to min(1.5^k, 20) seconds."""
    most = 1.0
    while True:
        yield seed.uniform(0, most)
        most = min(1.5 * most, 20.0)


def _azure(seed: Random) -> Iterator[float]:
    from azure.core.polling.base_polling import LROBasePolling

    found: list[float] = []

    class Unfinished(LROBasePolling):
        """Its waits are recorded, and the service answers "running" without Retry-After."""

        def __init__(self) -> None:
            super().__init__()
            response = SimpleNamespace(http_response=SimpleNamespace(headers={}), context={})
            self._pipeline_response = response

        def finished(self) -> bool:
            return len(found) >= 10

        def update_status(self) -> None:
            pass

        def _sleep(self, delay: float) -> None:
            found.append(delay)

        def status(self) -> str:
            return "Succeeded" if self.finished() else "InProgress"

    with suppress(_EnoughError, AttributeError):
        Unfinished().run()
    return _endless(found)


def _databricks(seed: Random) -> Iterator[float]:
    from databricks.sdk.service import jobs

    random.seed(seed.random())
    found: list[float] = []

    def sleep(seconds: float) -> None:
        found.append(seconds)
        if len(found) >= MOST_POLLS:
            raise _EnoughError

    state = SimpleNamespace(life_cycle_state="RUNNING", state_message="")
    client = SimpleNamespace(get_run=lambda **_: SimpleNamespace(state=state))
    clock, jobs.time = jobs.time, SimpleNamespace(time=lambda: 0.0, sleep=sleep)
    try:
        with suppress(_EnoughError, AttributeError):
            jobs.JobsAPI.wait_get_run_job_terminated_or_skipped(client, 1)
    finally:
        jobs.time = clock
    return _endless(found)


def _linear(seed: Random) -> Iterator[float]:
    """databricks-sdk 0.162: 1, 2, … 10 seconds and a random part of a second."""
    for attempt in range(1, 10):
        yield attempt + seed.random()
    while True:
        yield 10 + seed.random()


def _endless(delays: list[float]) -> Iterator[float]:
    yield from delays
    yield from repeat(delays[-1])
