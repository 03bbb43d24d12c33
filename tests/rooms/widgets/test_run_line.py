"""A run in one line, and where a cell that waits shows it."""

from __future__ import annotations

import types
from dataclasses import replace
from typing import Any

import pytest

from asyncdest_nb.operation import State
from asyncdest_nb.widgets import run_line, static_outputs, wait_line
from asyncdest_nb.widgets.run_line import line_html, line_text, show_line
from asyncdest_nb.widgets.show import show
from asyncdest_nb.widgets.wait_line import show_waiting
from scripted_run import ScriptedRun, planned
from shown_shell import failed_run


class Cell:
    """What a cell shows: the latest text of each of its outputs."""

    def __init__(self) -> None:
        self.outputs: list[str] = []
        self.request = "cell-1"
        content = {"allow_stdin": True}
        kernel = types.SimpleNamespace(
            get_parent=lambda: {"content": content, "header": {"msg_id": self.request}}
        )
        self.shell = types.SimpleNamespace(kernel=kernel)

    def display(self, value: object, **options: object) -> Any:
        at = len(self.outputs)
        self.outputs.append(repr(value))

        def update(value: object, **options: object) -> None:
            self.outputs[at] = repr(value)

        return types.SimpleNamespace(update=update)


@pytest.fixture
def cell(monkeypatch) -> Cell:
    shown = Cell()
    for module in (run_line, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shown.shell)
    monkeypatch.setattr(wait_line, "get_shell", lambda: shown.shell)
    monkeypatch.setattr(static_outputs, "display", shown.display)
    return shown


def test_the_line_has_counts_a_bar_and_how_long_it_took():
    run = failed_run(4)
    run.operations[:] = [replace(each, finished_at=run.created_at + 75) for each in run.operations]
    text = "4 of 4 rows done · 100 % · 4 failed · took 1 m 15 s"
    assert line_text(run) == f"asyncOperation to Example Async · {text}"
    html = line_html(run)
    assert text in html
    assert '<progress max="4" value="4" aria-label="rows done">' in html
    assert "<a " not in html, "no monitor is shown"


def test_while_it_goes_on_the_line_says_what_is_left_where_that_is_known():
    run = ScriptedRun(planned(10))
    now = run.created_at + 20
    run.now = lambda: now
    assert line_text(run).endswith("0 of 10 rows done · 0 % · 20 s")
    started = [
        replace(each, state=State.RUNNING, submitted_at=now - 10, seen_at=now, progress=50.0)
        for each in run.operations
    ]
    run.change(*started)
    assert line_text(run).endswith("0 of 10 rows done · 0 % · 20 s · about 8 s left")
    run.pause()
    assert line_text(run).endswith("0 of 10 rows done · 0 % · paused")


def test_texts_of_a_destination_are_text_in_the_line():
    run = ScriptedRun(planned(1), title="<img src=x onerror=alert(1)>")
    run.notices = ["<b>bold</b>", "another"]
    html = line_html(run)
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;bold" in html
    assert "another" not in html, "one notice fits into a line"


def test_a_compact_line_follows_the_run_to_its_end(cell):
    run = ScriptedRun(planned(2))
    show_line(run)
    assert "0 of 2 rows done" in cell.outputs[0]
    run.cancel()
    assert cell.outputs == [line_text(run)]
    assert "2 of 2 rows done · 100 % · 2 canceled" in cell.outputs[0]


def test_a_cell_that_waits_in_a_loop_shows_one_line(cell):
    run = ScriptedRun(planned(2))
    show_waiting(run, 0.5)  # It asks again and again.
    assert cell.outputs == []
    show_waiting(run, 2.0)
    show_waiting(run, None)
    assert len(cell.outputs) == 1
    cell.request = "cell-2"
    show_waiting(run, None)
    assert len(cell.outputs) == 2
    run.cancel()
    cell.request = "cell-3"
    show_waiting(run, None)
    assert len(cell.outputs) == 2, "nothing is waited for"


def test_a_plain_interpreter_gets_the_line_as_text(capsys):
    run = failed_run(2)
    show(run, compact=True)
    assert capsys.readouterr().out == line_text(run) + "\n"
