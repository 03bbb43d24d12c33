"""Polls that fail for long: real HTTP to scripted servers on loopback, on a fast clock.

Nothing may end as failed or lost because no answer came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from fast_time import fast_engines
from polled_partner import (
    DOWN,
    LOST,
    SLOWER,
    PolledPartner,
    assert_ended_well,
    connect,
    final_answer,
    polled_by,
    rows,
    wait_until,
)
from raw_server import Writer, answer, raw, reset, silence

GARBAGE = answer(200, "<<<", {"content-type": "application/json"})
NO_RESULT = answer(200, ["no", "result"])
SILENT = r"2 operations cannot be polled: .*{}"


@pytest.fixture
def session() -> Iterator[ad.Session]:
    """Give a session in memory whose time runs fast."""
    with fast_engines(), ad.Session() as session:
        yield session


class Watch:
    """What a run showed while it went on."""

    def __init__(self, run: ad.Run) -> None:
        self.errors = 0
        self.notices: set[str] = set()
        self._run = run
        run.on_change(self._look)

    def _look(self, numbers: object, at_rest: object) -> None:
        self.errors = max([self.errors, *(each.poll_errors for each in self._run.operations)])
        self.notices.update(self._run.notices)

    def has_seen(self, pattern: str) -> bool:
        return any(re.search(pattern, notice) for notice in self.notices)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "notice"),
    [
        pytest.param(answer(408), SILENT.format("408"), id="408"),
        pytest.param(answer(425), SLOWER, id="425"),
        pytest.param(answer(429), SLOWER, id="429"),
        pytest.param(answer(429, headers={"retry-after": "0"}), SLOWER, id="429, retry at once"),
        pytest.param(answer(500), DOWN.format(500), id="500"),
        pytest.param(answer(502, "<html>"), DOWN.format(502), id="502"),
        pytest.param(answer(503), DOWN.format(503), id="503"),
        pytest.param(answer(504), DOWN.format(504), id="504"),
        pytest.param(reset, LOST, id="reset"),
        pytest.param(raw(b""), LOST, id="closed"),
        pytest.param(silence, r"no whole answer within 0.1 seconds\)", id="timeout"),
        pytest.param(GARBAGE, SILENT.format("is not"), id="no JSON"),
        pytest.param(NO_RESULT, SILENT.format("not a JSON object"), id="no result"),
    ],
)
def test_twenty_failed_polls_in_a_row_change_no_outcome(session, fault, notice):
    with PolledPartner(fault) as partner:
        run = connect(session, partner, fault=fault).submit(rows(2), "asyncOperation")
        watch = Watch(run)
        wait_until(run, lambda: bool(run.operations) and run.operations[0].poll_errors >= 20)
        wait_until(run, lambda: run.operations[1].poll_errors >= 20)
        assert {each.state for each in run.operations} == {State.ACCEPTED}
        assert list(run.results()["status"]) == ["pending", "pending"]
        assert watch.has_seen(notice), watch.notices
        partner.polls = None
        assert run.wait(timeout=60) == "partial"
    assert len(partner.posted_at) == 1
    assert watch.errors >= 20
    assert_ended_well(run)


def test_an_operation_that_is_not_known_for_a_while_is_waited_for(session):
    async def not_yet(writer: Writer) -> None:
        if len(partner.polled_at) == 2:  # After a third one, half a minute later, it would be lost.
            partner.polls = None
        await answer(404, "who?")(writer)

    with PolledPartner(not_yet) as partner:
        run = connect(session, partner).submit(rows(1), "asyncOperation")
        assert run.wait(timeout=60) == "completed"
    assert len(partner.polled_at) == 3
    assert_ended_well(run)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        pytest.param(answer(404, "who?"), State.LOST, id="gone"),
        pytest.param(answer(400, "what?"), State.ACCEPTED, id="refused"),
        pytest.param(GARBAGE, State.ACCEPTED, id="no JSON"),
    ],
)
def test_an_operation_without_an_answer_does_not_keep_its_group_from_theirs(session, fault, state):
    async def all_but_one(writer: Writer) -> None:
        number = partner.polled_number()
        await (fault if number == 2 else final_answer(number))(writer)

    with PolledPartner(all_but_one) as partner:
        found = polled_by(lambda poll, *given: poll(*given), poll_batch_size=4)
        crm = session.connect(found, endpoint=partner.url)
        run = crm.submit(rows(6), "asyncOperation")
        wait_until(run, lambda: list(run.results()["status"]).count("pending") <= 1)
        wait_until(run, lambda: run.operations[2].state is state)
        partner.polls = None
        run.wait(timeout=60)
    others = [each.state for each in run.operations if each.number != 2]
    assert others == [State.COMPLETED, State.FAILED, State.FAILED, State.COMPLETED, State.FAILED]


def test_the_operations_of_a_group_are_polled_together_while_the_host_is_down(session):
    sizes = []

    def ask(poll: Any, request: Any, data: Any) -> Any:
        sizes.append(len(data.async_contexts))
        return poll(request, data)

    with PolledPartner(answer(500)) as partner:
        crm = session.connect(polled_by(ask, poll_batch_size=4), endpoint=partner.url)
        run = crm.submit(rows(4), "asyncOperation")
        wait_until(run, lambda: run.operations and run.operations[0].poll_errors >= 10)
        partner.polls = None
        assert run.wait(timeout=60) == "partial"
    # Once they are polled one by one, in case only some of them get no answer.
    assert sizes[:5] == [4, 2, 1, 1, 2]
    assert set(sizes[5:]) == {4}
    assert_ended_well(run)
