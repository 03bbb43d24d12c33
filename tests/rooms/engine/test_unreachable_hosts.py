"""Hosts that are down: real HTTP to scripted servers on loopback, on a fast clock.

Nothing may end as failed or lost because the host could not be reached.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine import Engine
from asyncdest_nb.operation import State
from fast_time import fast_engines, fast_steady
from polled_partner import (
    DOWN,
    GOING,
    LOST,
    PolledPartner,
    assert_ended_well,
    connect,
    rows,
    wait_until,
)
from raw_server import Writer, answer, reset, silence


@pytest.fixture
def engines() -> Iterator[list[Engine]]:
    """Make time run fast, and give the engines that are made meanwhile."""
    with fast_engines() as engines:
        yield engines


@pytest.fixture
def session(engines: list[Engine]) -> Iterator[ad.Session]:
    """Give a session in memory whose time runs fast."""
    with ad.Session() as session:
        yield session


@pytest.mark.parametrize(
    "fault", [answer(502), answer(503), reset, silence], ids=["502", "503", "reset", "silence"]
)
def test_a_host_that_is_down_for_ten_minutes_is_probed_now_and_then(session, engines, fault):
    with PolledPartner(GOING) as partner:
        crm = connect(session, partner, fault=fault)
        (channel,) = engines[0].channels
        run = crm.submit(rows(50), "asyncOperation")
        wait_until(run, lambda: [each.polls > 0 for each in run.operations] == [True] * 50)
        partner.polls, before = fault, len(partner.polled_at)
        until = fast_steady() + 600
        wait_until(run, lambda: channel.is_unreachable)
        wait_until(run, lambda: fast_steady() > until)
        assert channel.is_unreachable
        expected = rf"{DOWN.format('50[23]')}|{LOST}"
        assert any(re.search(expected, each) for each in run.notices), run.notices
        assert run.counts["pending"] == 50
        # Up to 32 polls were on their way at first; then one probe follows each pause of 1 to
        # 32 s. The transport repeats a GET that is reset. Without a circuit breaker it would
        # be about 700 polls.
        probes = 15 + (partner.polled_at[-1] - partner.polled_at[before]) / 32
        assert len(partner.polled_at) - before < 2 * (32 + probes)
        rate, partner.polls = channel.limiter.rate, None
        assert run.wait(timeout=60) == "partial"
        assert channel.limiter.rate >= rate
    assert not channel.is_unreachable
    assert_ended_well(run)


@pytest.fixture
def port() -> Iterator[int]:
    """Give a port that stays reserved while no server listens on it."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def test_a_host_that_is_gone_is_found_again_by_itself(session, engines, port):
    with PolledPartner(GOING, port=port) as partner:
        crm = connect(session, partner)
        (channel,) = engines[0].channels
        run = crm.submit(rows(50), "asyncOperation")
        wait_until(run, lambda: [each.polls > 0 for each in run.operations] == [True] * 50)
    until = fast_steady() + 600
    wait_until(run, lambda: channel.is_unreachable)
    later = crm.submit(rows(5), "asyncOperation", batch_size=1)
    wait_until(run, lambda: fast_steady() > until)
    assert any("was not sent" in each for each in run.notices), run.notices
    # What waits for the host is known not to be sent, even if the kernel dies now; one row at a
    # time tries whether the host is back.
    states = Counter(each.state for each in later.operations)
    assert states.keys() <= {State.PLANNED, State.SUBMITTING}
    assert states[State.SUBMITTING] <= 1
    with PolledPartner(port=port) as again:
        assert run.wait(timeout=60) == "partial"
        assert later.wait(timeout=60) == "partial"
        assert len(again.posted_at) == 5
    assert (later.counts["completed"], later.counts["failed"]) == (3, 2)
    assert channel.limiter.rate == 20.0
    assert_ended_well(run)


def test_few_rows_are_sent_to_a_host_that_only_fails(session, engines):
    with PolledPartner() as partner:
        partner.posts = answer(500, "out of order")
        crm = connect(session, partner)
        (channel,) = engines[0].channels
        run = crm.submit(rows(100), "asyncOperation", batch_size=1)
        wait_until(run, lambda: channel.is_unreachable)
        began = fast_steady()
        wait_until(run, lambda: fast_steady() > began + 300)
        tried = len(partner.posted_at)
        assert tried < 30
        partner.posts = None
        run.wait(timeout=60)
    assert run.counts["unknown"] <= tried + 1
    assert run.counts["pending"] == 0
    assert len(partner.posted_at) == 100


def test_a_probe_that_hangs_does_not_stop_the_others_forever(session, engines):
    is_over = threading.Event()

    async def hangs(writer: Writer) -> None:
        await asyncio.to_thread(is_over.wait, 90)
        await GOING(writer)

    with PolledPartner(answer(500)) as partner:
        crm = connect(session, partner, timeout_seconds=100)
        (channel,) = engines[0].channels
        run = crm.submit(rows(4), "asyncOperation")
        wait_until(run, lambda: channel.is_unreachable)
        partner.polls, asked = hangs, len(partner.polled_at)
        wait_until(run, lambda: len(partner.polled_at) > asked)
        partner.polls = None
        wait_until(run, lambda: not channel.is_unreachable)
        is_over.set()
        assert run.wait(timeout=60) == "partial"
    assert_ended_well(run)


def test_the_last_notices_of_a_canceled_run_are_about_no_further_request(session, port):
    last: list[list[str]] = []

    def listen(numbers: Sequence[int], at_rest: bool) -> None:
        if at_rest:
            last.append(run.notices)

    url = f"http://127.0.0.1:{port}"
    crm = session.connect("example-async", endpoint=url)
    run = crm.submit(rows(5), "asyncOperation")
    run.on_change(listen)
    wait_until(run, lambda: any("asking again" in each for each in run.notices))
    run.cancel()
    assert run.wait(timeout=60) == "failed"
    wait_until(run, lambda: bool(last))
    assert [*last, run.notices] == [[], []]


def test_a_canceled_run_shows_what_goes_on_and_not_when_it_is_polled(session, engines, port):
    with PolledPartner(GOING, port=port) as partner:
        run = connect(session, partner).submit(rows(3), "asyncOperation")
        wait_until(run, lambda: [each.polls > 0 for each in run.operations] == [True] * 3)
    wait_until(run, lambda: engines[0].channels[0].is_unreachable)
    run.cancel()
    wait_until(run, lambda: any("cannot cancel" in each for each in run.notices))
    trouble, *rest = run.notices
    assert re.fullmatch(
        r"127.+ cannot be reached \(.+\); 3 operations continue on Example Async", trouble
    )
    assert "asking again" not in "".join(rest)
