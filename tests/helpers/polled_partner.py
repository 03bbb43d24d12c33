"""A partner whose answers to polls a test can change while a run goes on, on the fast clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Self

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from fast_time import fast_steady
from raw_server import Answer, RawServer, Writer, answer, silence

SHORT_SECONDS = 0.1  # Of the real clock.
GOING = answer(200, {"status": "processing"})

# Notices about the host, as patterns.
DOWN = r"127\.0\.0\.1:\d+ is not available \(it answers {}\); asking again (in \d+ s|soon)"
LOST = r"127\.0\.0\.1:\d+ cannot be reached \(.+\); asking again (in \d+ s|soon)"
SLOWER = r"127\.0\.0\.1:\d+ asks for fewer requests; asking again in \d+ s"


class PolledPartner:
    """Takes operations, and gives one answer to all polls until a test changes it.

    Without a given answer the even operations complete, and the odd ones fail. ``polled_at``
    has the times of the polls, ``posted_at`` of the rest, in seconds of the fast clock.
    """

    def __init__(self, polls: Answer | None = None, *, port: int = 0) -> None:
        self.polls = polls
        self.posts: Answer | None = None
        self.polled_at: list[float] = []
        self.posted_at: list[float] = []
        self.server = RawServer(self._answer, port=port)
        self.url = self.server.url
        self._taken = 0

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    async def _answer(self, writer: Writer) -> None:
        arrived = self.server.arrived[-1]
        if arrived.method == "POST":
            self.posted_at.append(fast_steady())
            await (self.posts or self._accept(arrived.body.count(b"user_id")))(writer)
        else:
            self.polled_at.append(fast_steady())
            await (self.polls or final_answer(self.polled_number()))(writer)

    def polled_number(self) -> int:
        """Return the number of the operation that was polled last."""
        return int(self.server.arrived[-1].target.rpartition("-")[2])

    def _accept(self, count: int) -> Answer:
        first, self._taken = self._taken, self._taken + count
        found = [{"operation_id": f"op-{number}"} for number in range(first, self._taken)]
        # The answer to one operation, and to a batch of them.
        return answer(202, {"status": "accepted", **found[0], "operations": found})


def final_answer(number: int) -> Answer:
    """Return how operation *number* ends: the even ones complete, and the odd ones fail."""
    if number % 2 == 0:
        return answer(200, {"status": "completed", "result": {"number": number}})
    return answer(200, {"status": "failed", "error_code": "E7", "error_message": "no user"})


def rows(count: int) -> pd.DataFrame:
    """Return rows for *count* operations."""
    names = [f"user-{number}" for number in range(count)]
    return pd.DataFrame({"user_id": names, "operation_type": "sync_profile"})


def connect(
    session: ad.Session,
    partner: PolledPartner,
    *,
    fault: Answer | None = None,
    timeout_seconds: float = 5,
) -> ad.Connection:
    """Connect to *partner*; polls time out early if their *fault* is silence."""
    patience = SHORT_SECONDS if fault is silence else timeout_seconds
    return session.connect(
        polled_by(
            lambda poll, request, data: poll(partial(request, timeout_seconds=patience), data)
        ),
        endpoint=partner.url,
        timeout_seconds=timeout_seconds,
    )


def polled_by(ask: Callable[..., Any], **action: Any) -> ad.Destination:
    """Return the example destination with its poll wrapped in *ask*, and more of its *action*."""
    whole = ad.destinations()["example-async"]
    given = whole.actions["asyncOperation"]

    async def poll(request: Any, data: Any) -> Any:
        return await ask(given.poll, request, data)

    return replace(whole, actions={"asyncOperation": replace(given, poll=poll, **action)})


def wait_until(run: ad.Run, is_so: Callable[[], bool]) -> None:
    """Wait until *is_so*, for a minute of real time at most."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, (run, run.notices)
        run.wait(timeout=0.005)


def assert_ended_well(run: ad.Run) -> None:
    """Fail unless every operation ended as its partner answered."""
    assert {each.state for each in run.operations[::2]} == {State.COMPLETED}
    assert {each.state for each in run.operations[1::2]} <= {State.FAILED}
    results = run.results()
    assert set(results["error_code"][1::2]) <= {"E7"}
    assert run.notices == []
