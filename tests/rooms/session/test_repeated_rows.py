"""A corrected frame sends all of its rows: how many of them were completed before is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from one_action import destination, echo, submit, users

FIRST = ("a", "b", "wrong", "d")
CORRECTED = ("a", "b", "c", "d")
TOLD = "3 rows go again, though completed before"


async def picky(request: Any, data: Any) -> Any:
    if data.payload.user_id == "wrong":
        raise ad.PayloadValidationError("no such user")
    return await echo(request, data)


def repeated(run: ad.Run) -> list[str]:
    return [text for text in run.notices if "though completed before" in text]


def corrected(session: ad.Session, **options: Any) -> ad.Run:
    first = submit(session, destination(perform=picky), users(*FIRST))
    assert first.wait(timeout=10) == "partial"
    assert repeated(first) == []
    run = submit(session, destination(perform=picky), users(*CORRECTED), **options)
    assert run.wait(timeout=10) == "completed"
    return run


def test_rows_that_were_completed_before_are_counted(session: ad.Session):
    (notice,) = repeated(corrected(session))
    assert notice.startswith(TOLD)
    assert "key= and changed_only=True" in notice


@pytest.mark.parametrize("options", [{"again": True}, {"key": "user_id", "changed_only": True}])
def test_those_who_mean_it_are_told_nothing(session: ad.Session, options: dict[str, Any]):
    assert repeated(corrected(session, **options)) == []


def test_rows_of_a_frame_alone_that_are_corrected_repeat_none(session: ad.Session):
    act = destination(perform=picky)
    run = submit(session, act, users(*FIRST))
    run.wait(timeout=10)
    correct = run.failed()
    correct["user_id"] = "c"
    again = submit(session, act, correct)
    assert again.wait(timeout=10) == "completed"
    assert repeated(again) == []


@pytest.mark.parametrize("keep_payloads", [True, False])
def test_they_are_counted_after_a_restart_too(tmp_path: Path, keep_payloads: bool):
    act = destination(perform=picky)

    def send(*ids: str) -> list[str]:
        path = tmp_path / "s.sqlite"
        with ad.Session(path=path, keep_payloads=keep_payloads) as session:
            run = submit(session, act, users(*ids))
            run.wait(timeout=10)
            return repeated(run)

    assert send(*FIRST) == []
    (notice,) = send(*CORRECTED)
    assert notice.startswith(TOLD)


def test_rows_of_another_account_do_not_count(session: ad.Session):
    act = destination(perform=echo)
    session.connect(act).submit(users("a"), "act").wait(timeout=10)
    other = session.connect(act, endpoint="http://127.0.0.1:2")
    run = other.submit(pd.concat([users("a"), users("b")]), "act")
    assert run.wait(timeout=10) == "completed"
    assert repeated(run) == []
