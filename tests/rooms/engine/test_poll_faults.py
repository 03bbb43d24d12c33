"""Polls that fail for long, and hosts that are down: real HTTP to scripted servers on loopback.

Time runs 500 times faster for the engine, so that minutes of waiting take a second, and
hardly at all while the machine is busy with something else; only timeouts are real.
Nothing may end as failed or lost because nobody could be asked.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from functools import partial
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.engine import Clock
from asyncdest_nb.operation import State
from raw_server import Answer, RawServer, Writer, answer, raw, reset, silence

SHORT_SECONDS = 0.1  # Real ones.
SPEED = 500
TICK_SECONDS = 0.001
LONGEST_TICK_SECONDS = 0.004  # 2 s of the fast clock.
BEGUN = time.time()

GARBAGE = answer(200, "<<<", {"content-type": "application/json"})
NO_RESULT = answer(200, ["no", "result"])
GOING = answer(200, {"status": "processing"})


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
    return BEGUN + FAST.now


def fast_steady() -> float:
    return FAST.now


@pytest.fixture
def session(monkeypatch) -> Iterator[ad.Session]:
    """Give a session in memory whose time runs fast."""
    clock = Clock(wall=fast_wall, steady=fast_steady, sleep=FAST.sleep)
    monkeypatch.setattr("asyncdest_nb.engine.engine.Clock", lambda: clock)
    with FAST.running(), ad.Session() as session:
        yield session


class Port(RawServer):
    """A server on a port of our choice, which nobody listened on before it."""

    def __init__(self, port: int, *answers: Answer) -> None:
        super().__init__(*answers)
        self._socket.close()
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{port}"


class Partner:
    """Takes operations, and answers polls in one way until it is told to do otherwise.

    Of the operations the even ones complete, and the odd ones fail. ``polled_at`` has
    the times of the polls, ``posted_at`` of the rest, in seconds of the fast clock.
    """

    def __init__(self, polls: Answer | None = None, *, port: int = 0) -> None:
        self.polls = polls
        self.posts: Answer | None = None
        self.polled_at: list[float] = []
        self.posted_at: list[float] = []
        self.server = Port(port, self._answer)
        self.port = self.server._socket.getsockname()[1]
        self._taken = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Partner:
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
            await (self.polls or self._ending(int(arrived.target.rpartition("-")[2])))(writer)

    def _accept(self, count: int) -> Answer:
        first, self._taken = self._taken, self._taken + count
        found = [{"operation_id": f"op-{number}"} for number in range(first, self._taken)]
        # The answer to one operation, and to a batch of them.
        return answer(202, {"status": "accepted", **found[0], "operations": found})

    def _ending(self, number: int) -> Answer:
        if number % 2 == 0:
            return answer(200, {"status": "completed", "result": {"number": number}})
        return answer(200, {"status": "failed", "error_code": "E7", "error_message": "no user"})


class Watch:
    """What was seen of a run while it went on."""

    def __init__(self, run: ad.Run) -> None:
        self.errors = 0
        self.notices: set[str] = set()
        self._run = run
        run.on_change(self._look)

    def _look(self, numbers: object, at_rest: object) -> None:
        self.errors = max([self.errors, *(each.poll_errors for each in self._run.operations)])
        self.notices.update(self._run.notices)

    def heard(self, words: str) -> bool:
        return any(re.search(words, notice) for notice in self.notices)


def once(partner: Partner, fault: Answer) -> Answer:
    """Return *fault* for the first poll; the others are answered as the operations end."""

    async def write(writer: Writer) -> None:
        partner.polls = None
        await fault(writer)

    return write


def rows(count: int) -> pd.DataFrame:
    names = [f"user-{number}" for number in range(count)]
    return pd.DataFrame({"user_id": names, "operation_type": "sync_profile"})


def connect(
    session: ad.Session,
    partner: Partner,
    *,
    fault: Answer | None = None,
    timeout_seconds: float = 5,
) -> ad.Connection:
    """Connect to *partner*; who meets silence as the *fault* of a poll has a short patience."""
    patience = SHORT_SECONDS if fault is silence else timeout_seconds
    return session.connect(
        polled_by(
            lambda poll, request, data: poll(partial(request, timeout_seconds=patience), data)
        ),
        endpoint=partner.url,
        timeout_seconds=timeout_seconds,
    )


def polled_by(ask: Callable[..., Any], **action: Any) -> ad.Destination:
    """Return the example destination, whose poll *ask* is given; and more of its *action*."""
    whole = ad.destinations()["example-async"]
    given = whole.actions["asyncOperation"]

    async def poll(request: Any, data: Any) -> Any:
        return await ask(given.poll, request, data)

    return replace(whole, actions={"asyncOperation": replace(given, poll=poll, **action)})


def wait_until(run: ad.Run, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, (run, run.notices)
        run.wait(timeout=0.005)


def ended_well(run: ad.Run) -> None:
    """Fail unless every operation ended as its partner said."""
    assert {each.state for each in run.operations[::2]} == {State.COMPLETED}
    assert {each.state for each in run.operations[1::2]} <= {State.FAILED}
    results = run.results()
    assert set(results["error_code"][1::2]) <= {"E7"}
    assert run.notices == []


DOWN = r"127\.0\.0\.1:\d+ is not available \(it answers {}\); asking again (in \d+ s|soon)"
LOST = r"127\.0\.0\.1:\d+ cannot be reached \(.+\); asking again (in \d+ s|soon)"
SLOWER = r"127\.0\.0\.1:\d+ asks for fewer requests; asking again in \d+ s"
SILENT = r"2 operations cannot be polled: .*{}"


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
    with Partner(fault) as partner:
        run = connect(session, partner, fault=fault).submit(rows(2), "asyncOperation")
        watch = Watch(run)
        wait_until(run, lambda: bool(run.operations) and run.operations[0].poll_errors >= 20)
        wait_until(run, lambda: run.operations[1].poll_errors >= 20)
        assert {each.state for each in run.operations} == {State.ACCEPTED}
        assert list(run.results()["status"]) == ["pending", "pending"]
        assert watch.heard(notice), watch.notices
        partner.polls = None
        assert run.wait(timeout=60) == "partial"
    assert len(partner.posted_at) == 1
    assert watch.errors >= 20
    ended_well(run)


def test_an_operation_that_is_not_known_for_a_while_is_waited_for(session):
    async def not_yet(writer: Writer) -> None:
        if len(partner.polled_at) == 2:  # A third time, after half a minute, it would be lost.
            partner.polls = None
        await answer(404, "who?")(writer)

    with Partner(not_yet) as partner:
        run = connect(session, partner).submit(rows(1), "asyncOperation")
        assert run.wait(timeout=60) == "completed"
    assert len(partner.polled_at) == 3
    ended_well(run)


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        pytest.param(answer(404, "who?"), State.LOST, id="gone"),
        pytest.param(answer(400, "what?"), State.ACCEPTED, id="refused"),
        pytest.param(GARBAGE, State.ACCEPTED, id="no JSON"),
    ],
)
def test_an_operation_that_gets_no_answer_does_not_keep_it_from_its_group(session, fault, state):
    async def all_but_one(writer: Writer) -> None:
        number = int(partner.server.arrived[-1].target.rpartition("-")[2])
        await (fault if number == 2 else partner._ending(number))(writer)

    with Partner(all_but_one) as partner:
        found = polled_by(lambda poll, *given: poll(*given), poll_batch_size=4)
        crm = session.connect(found, endpoint=partner.url)
        run = crm.submit(rows(6), "asyncOperation")
        wait_until(run, lambda: list(run.results()["status"]).count("pending") <= 1)
        wait_until(run, lambda: run.operations[2].state is state)
        partner.polls = None
        run.wait(timeout=60)
    others = [each.state for each in run.operations if each.number != 2]
    assert others == [State.COMPLETED, State.FAILED, State.FAILED, State.COMPLETED, State.FAILED]


def test_the_operations_of_a_group_are_asked_about_together_while_the_host_is_down(session):
    sizes = []

    def ask(poll: Any, request: Any, data: Any) -> Any:
        sizes.append(len(data.async_contexts))
        return poll(request, data)

    with Partner(answer(500)) as partner:
        crm = session.connect(polled_by(ask, poll_batch_size=4), endpoint=partner.url)
        run = crm.submit(rows(4), "asyncOperation")
        wait_until(run, lambda: run.operations and run.operations[0].poll_errors >= 10)
        partner.polls = None
        assert run.wait(timeout=60) == "partial"
    # One by one it is looked once whether it is only some that get no answer.
    assert sizes[:5] == [4, 2, 1, 1, 2]
    assert set(sizes[5:]) == {4}
    ended_well(run)


def test_being_throttled_by_a_poll_pauses_what_is_to_be_sent_too(session):
    with Partner(answer(429, headers={"retry-after": "120"})) as partner:
        crm = connect(session, partner)
        first = crm.submit(rows(1), "asyncOperation")
        wait_until(first, lambda: any("fewer requests" in each for each in first.notices))
        partner.polls = None
        second = crm.submit(rows(2).tail(1), "asyncOperation")
        wait_until(second, lambda: any("fewer requests" in each for each in second.notices))
        wait_until(second, lambda: second.operations)  # The notice is the host's, and comes first.
        assert [each.state for each in second.operations] == [State.PLANNED]
        assert first.wait(timeout=60) == "completed"
        second.wait(timeout=60)
        throttled_at = partner.polled_at[0]
        assert partner.posted_at[1] - throttled_at >= 120
        assert partner.polled_at[1] - throttled_at >= 120


def later(status: int, retry_after: str | int) -> Answer:
    """Refuse, and say when to come back: in a header's words, or so many seconds from then on."""

    async def write(writer: Writer) -> None:
        said = retry_after
        if isinstance(said, int):
            said = formatdate(fast_wall() + said, usegmt=True)
        await answer(status, headers={"retry-after": said})(writer)

    return write


@pytest.mark.parametrize("status", [429, 503, 502])
@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        pytest.param("90", 90, 300, id="seconds"),
        # A date has whole seconds, and the answer is on its way for some of the fast ones.
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
    with Partner() as partner:
        partner.polls = once(partner, later(status, retry_after))
        crm = connect(session, partner)
        run = crm.submit(rows(1), "asyncOperation")
        wait_until(run, lambda: any(each.polls for each in run.operations))
        crm.execute_poll("asyncOperation", [{"operation_id": "op-0"}])
        assert run.wait(timeout=60) == "completed"
    first, *others = partner.polled_at
    assert least <= others[0] - first <= most


@pytest.mark.parametrize(
    "fault", [answer(502), answer(503), reset, silence], ids=["502", "503", "reset", "silence"]
)
def test_a_host_that_is_down_for_ten_minutes_is_asked_now_and_then(session, fault):
    with Partner(GOING) as partner:
        crm = connect(session, partner, fault=fault)
        run = crm.submit(rows(50), "asyncOperation")
        wait_until(run, lambda: [each.polls > 0 for each in run.operations] == [True] * 50)
        partner.polls, before = fault, len(partner.polled_at)
        until = fast_steady() + 600
        wait_until(run, lambda: crm._channel.is_unreachable)
        wait_until(run, lambda: fast_steady() > until)
        assert crm._channel.is_unreachable
        told = rf"{DOWN.format('50[23]')}|{LOST}"
        assert any(re.search(told, each) for each in run.notices), run.notices
        assert run.counts["pending"] == 50
        # Up to 32 were on their way when it began, then there is a probe after each pause:
        # of 1 to 32 s, in the end 32. And of a GET that is reset the transport makes two.
        # Without a circuit it would be about 700.
        probes = 15 + (partner.polled_at[-1] - partner.polled_at[before]) / 32
        assert len(partner.polled_at) - before < 2 * (32 + probes)
        rate, partner.polls = crm._channel.pace.rate, None
        assert run.wait(timeout=60) == "partial"
        assert crm._channel.pace.rate >= rate
    assert not crm._channel.is_unreachable
    ended_well(run)


@pytest.fixture
def port() -> Iterator[int]:
    """Give a port that nobody takes while no server listens on it."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def test_a_host_that_is_gone_is_found_again_by_itself(session, port):
    with Partner(GOING, port=port) as partner:
        crm = connect(session, partner)
        run = crm.submit(rows(50), "asyncOperation")
        wait_until(run, lambda: [each.polls > 0 for each in run.operations] == [True] * 50)
    until = fast_steady() + 600
    wait_until(run, lambda: crm._channel.is_unreachable)
    later = crm.submit(rows(5), "asyncOperation", batch_size=1)
    wait_until(run, lambda: fast_steady() > until)
    assert any("was not sent" in each for each in run.notices), run.notices
    # What waits for the host is known not to be sent, whatever becomes of the kernel.
    assert {each.state for each in later.operations} == {State.PLANNED}
    with Partner(port=port) as again:
        assert run.wait(timeout=60) == "partial"
        assert later.wait(timeout=60) == "partial"
        assert len(again.posted_at) == 5
    assert (later.counts["completed"], later.counts["failed"]) == (3, 2)
    assert crm._channel.pace.rate == 20.0
    ended_well(run)


def test_rows_are_not_spent_on_a_host_that_only_fails(session):
    with Partner() as partner:
        partner.posts = answer(500, "out of order")
        crm = connect(session, partner)
        run = crm.submit(rows(100), "asyncOperation", batch_size=1)
        wait_until(run, lambda: crm._channel.is_unreachable)
        began = fast_steady()
        wait_until(run, lambda: fast_steady() > began + 300)
        tried = len(partner.posted_at)
        assert tried < 30
        partner.posts = None
        run.wait(timeout=60)
    assert run.counts["unknown"] <= tried + 1
    assert run.counts["pending"] == 0
    assert len(partner.posted_at) == 100


def test_one_probe_that_hangs_does_not_stop_the_others_for_ever(session):
    is_over = threading.Event()

    async def hangs(writer: Writer) -> None:
        await asyncio.to_thread(is_over.wait, 90)
        await GOING(writer)

    with Partner(answer(500)) as partner:
        crm = connect(session, partner, timeout_seconds=100)
        run = crm.submit(rows(4), "asyncOperation")
        wait_until(run, lambda: crm._channel.is_unreachable)
        partner.polls, asked = hangs, len(partner.polled_at)
        wait_until(run, lambda: len(partner.polled_at) > asked)
        partner.polls = None
        wait_until(run, lambda: not crm._channel.is_unreachable)
        is_over.set()
        assert run.wait(timeout=60) == "partial"
    ended_well(run)
