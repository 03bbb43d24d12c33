"""``run.plot()``: figures of scripted runs, as matplotlib holds them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import matplotlib as mpl
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import install_command
from asyncdest_nb.operation import RowOutcome, RowStatus, State
from asyncdest_nb.widgets.plot import plot
from scripted_run import ScriptedRun, planned


@pytest.fixture(autouse=True)
def _without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mpl.rcParams, "backend", "agg")


def ended(operation, state: State, seconds: float, **values):
    at = 1000.0
    return replace(operation, state=state, submitted_at=at, finished_at=at + seconds, **values)


def lines(axes) -> dict[str, list[tuple[float, float]]]:
    """Return the points of each line by its name."""
    return {
        line.get_label(): [(float(x), float(y)) for x, y in zip(*line.get_data(), strict=True)]
        for line in axes.get_lines()
    }


def test_rows_are_drawn_over_time_and_durations_as_bars():
    one, other, open_one = planned(3)
    run = ScriptedRun([ended(one, State.COMPLETED, 2), ended(other, State.FAILED, 5), open_one])
    run.created_at = 998.0
    over_time, durations = plot(run).axes
    assert lines(over_time) == {
        "completed": [(0.0, 0.0), (4.0, 1.0)],
        "failed": [(0.0, 0.0), (7.0, 1.0)],
    }
    bars = [(bar.get_x(), bar.get_height()) for bar in durations.patches if bar.get_height()]
    assert [height for _, height in bars] == [1, 1]
    assert bars[0][0] == 2.0


def test_the_rows_of_a_job_count_one_by_one():
    (job,) = planned(1, rows_each=3)
    statuses = [RowStatus.COMPLETED, RowStatus.FAILED, RowStatus.COMPLETED]
    outcomes = tuple(RowOutcome(status, "") for status in statuses)
    run = ScriptedRun([ended(job, State.PARTIAL, 1, row_outcomes=outcomes)])
    run.created_at = 1000.0
    found = lines(plot(run).axes[0])
    assert {status: points[-1] for status, points in found.items()} == {
        "completed": (1.0, 2.0),
        "failed": (1.0, 1.0),
    }


@pytest.mark.parametrize("operations", [[], planned(2)], ids=["not planned yet", "nothing ended"])
def test_a_run_of_which_nothing_has_ended_has_a_figure_that_says_so(operations):
    for axes in plot(ScriptedRun(operations)).axes:
        assert lines(axes) == {}
        assert [text.get_text() for text in axes.texts] == ["No operation has ended"]
        assert not list(axes.get_yticks())


def test_a_title_is_a_text_and_no_formula(tmp_path):
    figure = plot(ScriptedRun(planned(1), title="$\\frac{ <b>"))
    figure.savefig(tmp_path / "figure.png")
    assert figure.get_suptitle() == "$\\frac{ <b>: pending"


def test_a_run_of_a_session_has_it(session):
    with ad.simulate("example-async", duration_seconds=0.1, failing=0) as demo:
        import pandas as pd

        frame = pd.DataFrame({"user_id": ["a", "b"]})
        run = session.connect(demo).submit(frame, "asyncOperation", operation_type="sync_profile")
        run.wait(timeout=60)
        assert lines(run.plot().axes[0])["completed"][-1][1] == 2
        assert run.requests >= 3


@pytest.mark.slow
def test_without_matplotlib_it_is_said_how_to_get_it():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from asyncdest_nb.widgets.plot import plot\n"
        "plot(None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"UsageError: run.plot() needs matplotlib: {install_command('plot')}" in done.stderr
