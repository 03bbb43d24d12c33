"""Hosts that ask for fewer requests: real HTTP to scripted servers on loopback, on a fast clock."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate

import pytest

import asyncdest_nb as ad
from asyncdest_nb.operation import State
from fast_time import fast_engines, fast_wall
from polled_partner import PolledPartner, connect, rows, wait_until
from raw_server import Answer, Writer, answer


@pytest.fixture
def session() -> Iterator[ad.Session]:
    """Give a session in memory whose time runs fast."""
    with fast_engines(), ad.Session() as session:
        yield session


def test_a_throttled_poll_pauses_submissions_too(session):
    with PolledPartner(answer(429, headers={"retry-after": "120"})) as partner:
        crm = connect(session, partner)
        first = crm.submit(rows(1), "asyncOperation")
        wait_until(first, lambda: any("fewer requests" in each for each in first.notices))
        partner.polls = None
        second = crm.submit(rows(2).tail(1), "asyncOperation")
        wait_until(second, lambda: any("fewer requests" in each for each in second.notices))
        wait_until(second, lambda: second.operations)  # The notice may come before the plan.
        assert [each.state for each in second.operations] == [State.PLANNED]
        assert first.wait(timeout=60) == "completed"
        second.wait(timeout=60)
        throttled_at = partner.polled_at[0]
        assert partner.posted_at[1] - throttled_at >= 120
        assert partner.polled_at[1] - throttled_at >= 120


def once(partner: PolledPartner, fault: Answer) -> Answer:
    """Return *fault* as the answer to the first poll; later polls find the operations done."""

    async def write(writer: Writer) -> None:
        partner.polls = None
        await fault(writer)

    return write


def later(status: int, retry_after: str | int) -> Answer:
    """Refuse with a retry-after header: a text, or a date so many seconds from then on."""

    async def write(writer: Writer) -> None:
        value = retry_after
        if isinstance(value, int):
            value = formatdate(fast_wall() + value, usegmt=True)
        await answer(status, headers={"retry-after": value})(writer)

    return write


@pytest.mark.parametrize("status", [429, 503, 502])
@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        pytest.param("90", 90, 300, id="seconds"),
        # A date has whole seconds, and the answer takes some seconds of the fast clock.
        pytest.param(90, 60, 300, id="date"),
        pytest.param("0", 0, 60, id="zero"),
        pytest.param(-3600, 0, 60, id="past"),
        pytest.param("-5", 0, 60, id="negative"),
        pytest.param("in a minute", 0, 60, id="no time"),
        pytest.param("99999999999999", 600, 900, id="for ever"),
    ],
)
def test_the_whole_host_is_left_alone_for_as_long_as_it_asks(
    session, status, retry_after, least, most
):
    with PolledPartner() as partner:
        partner.polls = once(partner, later(status, retry_after))
        crm = connect(session, partner)
        run = crm.submit(rows(1), "asyncOperation")
        wait_until(run, lambda: any(each.polls for each in run.operations))
        crm.execute_poll("asyncOperation", [{"operation_id": "op-0"}])
        assert run.wait(timeout=60) == "completed"
    first, *others = partner.polled_at
    assert least <= others[0] - first <= most
