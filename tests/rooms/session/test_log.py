"""What the log says of errors in a destination's functions."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import asyncdest_nb as ad
from one_action import destination, submit, users

FUNCTIONS = "asyncdest_nb.engine.channel.call"


async def perform(request: Any, data: Any) -> Any:
    return ad.AsyncActionResponse(async_contexts=[{"operation_id": "1"}])


def logged(session: ad.Session, caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return the lines of the log after a poll that failed twice, with a message of two lines."""
    left = iter([ValueError("one\ntwo"), ValueError("three")])

    async def poll(request: Any, data: Any) -> Any:
        for error in left:
            raise error
        done = ad.AsyncOperationResult(status="completed", context=data.async_contexts[0])
        return ad.AsyncPollResponse.of([done])

    with caplog.at_level(level, logger="asyncdest_nb"):
        run = submit(session, destination(perform=perform, poll=poll), users("a"))
        assert run.wait(timeout=20) == "completed"
    return [record.getMessage() for record in caplog.records if record.name == FUNCTIONS]


def test_a_failed_poll_is_one_line_without_a_traceback(session, caplog):
    lines = logged(session, caplog, logging.INFO)
    assert lines == ["poll raised ValueError: one\\ntwo", "poll raised ValueError: three"]


def test_the_traceback_of_a_failed_poll_is_there_for_who_looks_for_a_mistake(session, caplog):
    lines = logged(session, caplog, logging.DEBUG)
    assert sum("Traceback" in each and "in poll" in each for each in lines) == 2
