"""Processes that send rows to a simulator in this one, and are killed at a request or a commit.

A process is forked from one that has imported what all of them import, and its time runs fast.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock
from asyncdest_nb.operation import State
from asyncdest_nb.simulators.exchange import IncomingRequest
from asyncdest_nb.simulators.faulty_server import FaultyReply, FaultyServer
from asyncdest_nb.store import Store
from contract_partners import CONTRACTS
from forked_children import Child, Nursery, serve
from session_engines import session_engines

SPEED = 40.0
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Kill:
    """When a process dies: its request *number*, from 1, is applied, or its commit is made."""

    number: int
    at: Literal["request", "commit"] = "request"


@dataclass(frozen=True)
class Sent:
    """What a process sends: so many rows to a destination, in batches of so many."""

    slug: str
    rows: int
    batch_size: int


@dataclass(frozen=True)
class End:
    """How a run is when its process ends by itself.

    *commits* is how many transactions it wrote. *held* are the positions of rows that wait for
    the user, each with what the user reads, and *unsent* those that the user may send again,
    since they never arrived.
    """

    is_at_rest: bool
    runs: int
    statuses: Sequence[str]
    counts: Mapping[str, int]
    held: Mapping[int, str]
    unsent: frozenset[int]
    commits: int = 0


@dataclass(frozen=True)
class Life:
    """The methods of the requests of a process, and its end; None = it was killed."""

    methods: Sequence[str]
    end: End | None


class _Watch:
    """Looks at the requests of a process, and kills it."""

    def __init__(self, kill: Kill | None) -> None:
        self._kill = kill
        self._child: Child | None = None
        self._has_begun = threading.Event()
        self.methods: list[str] = []

    def begin(self, child: Child) -> None:
        """Hear of the process."""
        self._child = child
        self._has_begun.set()

    def answer(self, method: str, apply: Callable[[], FaultyReply]) -> FaultyReply:
        """Return what a server answers to the next request of the process."""
        self.methods.append(method)
        reply = apply()
        if self._kill != Kill(len(self.methods)):
            return reply
        self._has_begun.wait(PATIENCE_SECONDS)
        if self._child is not None:
            self._child.kill()
        return reply


class Lives:
    """Runs processes, one after the other or at once, and looks at the simulators they ask."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._watches: dict[str, _Watch] = {}

    def live(
        self, sent: Sent, path: Path, simulator: ad.Simulator, kill: Kill | None = None
    ) -> Life:
        """Let a process with the session at *path* send rows, until it ends or is killed."""
        host = simulator.endpoint.removeprefix("http://")
        watch = self._watches[host] = _Watch(kill)
        with self._nursery.child(_live, sent, path, dict(simulator.settings), kill) as child:
            watch.begin(child)
            answer = child.answer()
        del self._watches[host]
        return Life(watch.methods, answer.value if answer else None)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at each request that arrives at a simulator of this process."""
        plain = FaultyServer.answer

        def answer(server: FaultyServer, request: IncomingRequest) -> FaultyReply:
            watch = self._watches.get(request.host)
            apply = lambda: plain(server, request)  # noqa: E731
            return watch.answer(request.method, apply) if watch else apply()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FaultyServer, "answer", answer)
            yield


@contextmanager
def lives() -> Iterator[Lives]:
    """Give what runs processes."""
    with serve("contract_imports") as nursery:
        found = Lives(nursery)
        with found.watching():
            yield found


def _live(sent: Sent, path: Path, settings: Mapping[str, Any], kill: Kill | None) -> End:
    """Submit, or attach to what was submitted, and return how it ended."""
    commits = _Commits(kill)
    Store.writing = commits.counted(Store.writing)  # type: ignore[method-assign]
    warnings.simplefilter("ignore", ad.AlreadySubmitted)
    [contract] = [each for each in CONTRACTS if each.slug == sent.slug]
    with session_engines(Clock(_wall, _steady, _sleep)), ad.Session(path=path) as session:
        run = contract.submit(session, settings, sent.rows, sent.batch_size, minimum=2.0)
        run.wait(timeout=PATIENCE_SECONDS)
        return replace(_end(session, run), commits=commits.count)


class _Commits:
    """Counts what is written, and kills this process after it."""

    def __init__(self, kill: Kill | None) -> None:
        self._kill = kill
        self.count = 0

    def counted(self, writing: Callable[[Store], Any]) -> Any:
        """Return the transaction *writing*, which is counted."""

        @contextmanager
        def write(store: Store) -> Iterator[None]:
            with writing(store):
                yield
            self.count += 1
            if self._kill == Kill(self.count, "commit"):
                os.kill(os.getpid(), signal.SIGKILL)

        return write


def _wall() -> float:
    # As fast as the other, and the same for all processes: how old a submission is goes by it.
    return 1.8e9 + _steady()


def _steady() -> float:
    return time.monotonic() * SPEED


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


def _end(session: ad.Session, run: ad.Run) -> End:
    held = [each for each in run.operations if each.state is State.HELD]
    results = run.results()
    is_unsent = (results["status"] == "canceled") & results["retryable"].fillna(False)
    return End(
        is_at_rest=run.is_at_rest,
        runs=len(session.runs()),
        statuses=list(results["status"]),
        counts={status: count for status, count in run.counts.items() if count},
        held={row: each.message for each in held for row in each.rows},
        unsent=frozenset(is_unsent.to_numpy().nonzero()[0].tolist()),
    )
