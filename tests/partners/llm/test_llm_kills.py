"""A kernel that asks a simulated vendor is killed at any of its requests, and opened again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot
from asyncdest_nb.simulators import SIMULATORS
from asyncdest_nb.simulators.exchange import Reply
from asyncdest_nb.simulators.faulty_server import FaultyReply, FaultyServer
from asyncdest_nb.simulators.server import LoopbackServer
from settled_soon import settled_soon

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
    pytest.mark.filterwarnings("ignore::asyncdest_nb.AlreadySubmitted"),
]

FRAME = pd.DataFrame({"word": [f"w{at:02d}" for at in range(40)]})
OFTEN = SquareRoot(minimum=0.05, cost=0.001)
VENDORS = {
    "openai-batch": ("chat", "gpt-4o-mini"),
    "anthropic-batches": ("messages", "claude-haiku-4-5"),
}
SECONDS = 60
# Before and after each request is applied. Later ones only read: to die before them is to die
# after the one before, whose reply changes nothing.
MOMENTS = [(1, False), (1, True), (2, False), *((number, True) for number in range(2, 7))]

_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["asyncdest_nb", "pandas"])


class DeadlyServer:
    """A partner that kills the process ``victim`` at its request ``number``, counted from 1.

    ``is_applied`` is whether the request is applied first, and only its reply is lost.
    """

    def __init__(self, partner: FaultyServer, number: int, *, is_applied: bool) -> None:
        self._partner = partner
        self._number = number
        self._is_applied = is_applied
        self._count = 0
        self.victim: int | None = None

    def answer(self, request: Any) -> FaultyReply:
        """Answer *request*, or kill who sent it."""
        self._count += 1
        if self._count != self._number or self.victim is None:
            return self._partner.answer(request)
        found = self._partner.answer(request) if self._is_applied else None
        with suppress(ProcessLookupError):
            os.kill(self.victim, signal.SIGKILL)
        return FaultyReply(found.reply if found else Reply(503, b""), 0.0, is_lost=True)


def submit(connection: ad.Connection, slug: str) -> ad.Run:
    action, model = VENDORS[slug]
    asked = {"prompt": {"@template": "Say {{word}}"}, "model": model}
    return connection.submit(FRAME, action, schedule=OFTEN, **asked)


def life(slug: str, file: Path, settings: dict[str, Any]) -> None:
    """Be a kernel whose cell sends rows, and waits."""
    warnings.simplefilter("ignore")
    with ad.Session(path=file) as session:
        submit(session.connect(slug, **settings), slug).wait(timeout=SECONDS)


def killed_at(slug: str, file: Path, number: int, *, is_applied: bool) -> tuple[Any, ...]:
    """Send rows, die at a request, run the cell again, and return what is known in the end."""
    partner_type: Any = SIMULATORS[slug]
    knobs = partner_type.Knobs.of({"duration_seconds": 0.1, "failing": 0.2})
    partner = partner_type(knobs)
    inner = FaultyServer(partner, knobs, time.monotonic)
    deadly = DeadlyServer(inner, number, is_applied=is_applied)
    server = LoopbackServer(deadly, name=slug)
    server.start()
    try:
        settings = partner.settings(f"http://127.0.0.1:{server.port}")
        child = _fork.Process(target=life, args=(slug, file, settings))
        child.start()
        deadly.victim = child.pid
        child.join(SECONDS)
        deadly.victim = None
        with ad.Session(path=file) as session:
            run = submit(session.connect(settled_soon(slug), **settings), slug)
            run.wait(timeout=SECONDS)
            return child.exitcode, run.results()["status"].tolist(), inner.operations
    finally:
        server.stop()


@pytest.mark.parametrize("slug", VENDORS)
def test_a_job_is_paid_once_and_each_row_has_its_outcome_wherever_the_kernel_is_killed(
    slug: str, tmp_path: Path
):
    kills = 0
    for number, is_applied in MOMENTS:
        file = tmp_path / f"{number} {is_applied}.sqlite"
        code, statuses, jobs = killed_at(slug, file, number, is_applied=is_applied)
        if code == 0:
            break
        kills += 1
        assert len(jobs) == 1, (number, is_applied)
        fates = [each["fate"] for each in jobs[0]["rows"]]
        assert statuses == [("failed", "completed")[each == "succeeded"] for each in fates]
    assert kills >= 5
