"""Deadlines: they mark what is late and end nothing. Real HTTP on loopback."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.schedule import SquareRoot

FRAME = pd.DataFrame({"user_id": ["u-1", "u-2"], "operation_type": "sync_profile"})


def test_what_is_late_is_overdue_and_ends_as_the_destination_says(session: ad.Session):
    with ad.simulate("example-async", duration_seconds=3, failing=0) as demo:
        eager = SquareRoot(minimum=0.05, cost=0.01)
        run = session.connect(demo).submit(FRAME, "asyncOperation", schedule=eager, deadline=0.5)
        while not run.stats["overdue"]:
            assert run.wait(timeout=0.05) == "pending"
        assert "2 operations overdue: not done 0.5 s after" in run.notices[0]
        assert run.wait(timeout=20) == "completed"
        assert run.notices == []
        assert all(each.is_overdue for each in run.operations)
        assert run.stats["overdue"] == 2


@pytest.mark.parametrize("two", [2, np.int64(2), np.float32(2), Fraction(2)])
def test_a_deadline_holds_after_a_restart(tmp_path: Path, two: Any):
    file = tmp_path / "session.sqlite"
    with ad.simulate("example-async", duration_seconds=60) as demo:
        with ad.Session(path=file) as session:
            run = session.connect(demo).submit(FRAME, "asyncOperation", deadline=two)
            while not run.operations or not run.operations[0].operation_id:
                run.wait(timeout=0.02)
            assert run.stats["overdue"] == 0
        with ad.Session(path=file) as session:
            session.connect(demo)
            (run,) = session.runs()
            while run.stats["overdue"] < 2:
                run.wait(timeout=0.05)


@pytest.mark.parametrize("deadline", [0, -1, float("nan")])
def test_a_deadline_is_a_time_to_come(session: ad.Session, deadline: float):
    crm = session.connect("example-async", endpoint="http://127.0.0.1:1")
    with pytest.raises(ad.UsageError, match="deadline"):
        crm.submit(FRAME, "asyncOperation", deadline=deadline)
