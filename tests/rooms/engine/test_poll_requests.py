"""Polls that make several requests: real HTTP to scripted servers."""

from __future__ import annotations

import pytest

from raw_server import RawServer, answer, reset
from scripted_jobs import (
    BUSY,
    CREATED,
    GATEWAY,
    OK,
    STEPS,
    connect,
    job,
    read_all,
    requested,
    submit,
)


@pytest.mark.parametrize("trouble", [BUSY, GATEWAY, reset, answer(429)])
def test_a_poll_that_reads_several_things_does_not_start_over_for_one_failure(session, trouble):
    script = [CREATED, OK, OK, OK, trouble, OK, trouble, trouble, OK]
    with RawServer(*script) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        assert run.wait(timeout=30) == "completed"
        names = ["job", "good", "good", "bad", "bad", "bad"]
        assert requested(server) == [*STEPS, *(f"GET /{name}" for name in names)]


def test_a_poll_whose_first_request_fails_is_repeated_by_the_schedule(session):
    with RawServer(CREATED, OK, OK, BUSY, OK) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        assert run.wait(timeout=30) == "completed"
        assert run.operations[0].polls == 2


def test_a_refusal_is_not_repeated(session):
    with RawServer(CREATED, OK, OK, OK, answer(403), OK) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        assert run.wait(timeout=30) == "completed"
        names = ["job", "good", "job", "good", "bad"]
        assert requested(server) == [*STEPS, *(f"GET /{name}" for name in names)]


def test_polls_that_are_refused_for_long_are_shown_as_a_notice(session):
    with RawServer(CREATED, OK, OK, answer(403, "not for you")) as server:
        run = submit(connect(session, job(poll=read_all), server.url), ["a"])
        while not any("cannot be polled: GET " in each for each in run.notices):
            assert run.wait(timeout=0.05) == "pending"
        assert run.operations[0].poll_errors >= 3
