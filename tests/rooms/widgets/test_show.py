"""What a notebook keeps of a run: records as strings, and notebooks run by nbclient and IPython."""

from __future__ import annotations

import gc
import subprocess
import sys
import types
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipykernel
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

import asyncdest_nb as ad
from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.operation import RowOutcome, RowStatus, State
from asyncdest_nb.widgets import show as show_module
from asyncdest_nb.widgets import static_outputs
from asyncdest_nb.widgets.fragments import PLAIN
from asyncdest_nb.widgets.record import Record, record_html, record_text
from asyncdest_nb.widgets.show import is_live, show
from asyncdest_nb.widgets.static_outputs import rarely
from paths import HELPERS, ROOT
from scripted_run import ScriptedRun, planned

HOSTILE = "<img src=x onerror=alert(1)>"


def failed_run(count: int, **options) -> ScriptedRun:
    operations = [
        replace(each, state=State.FAILED, message=f"refused {each.number}", error_code="NO")
        for each in planned(count)
    ]
    return ScriptedRun(operations, **options)


def test_a_record_says_how_it_ended_and_where_the_rest_is():
    text = record_text(failed_run(12, invalid=1))
    assert text.startswith("asyncOperation to Example Async: failed\n12 failed, 1 invalid\n")
    assert "  row 9: failed NO refused 9\n" in text
    assert "refused 10" not in text
    assert "run.failed() has the failed, invalid and canceled rows" in text
    assert "run.results()" in text


def test_a_record_of_a_job_names_the_rows_that_failed():
    rows = (
        RowOutcome(RowStatus.COMPLETED),
        RowOutcome(RowStatus.FAILED, "already there", error_code="DUP"),
    )
    job = replace(planned(1, rows_each=2)[0], state=State.PARTIAL, row_outcomes=rows)
    text = record_text(ScriptedRun([job]))
    assert "1 completed, 1 failed" in text
    assert "  row 1: failed DUP already there" in text
    assert "  row 0:" not in text


def test_a_record_without_failures_lists_none():
    done = [replace(each, state=State.COMPLETED) for each in planned(2)]
    text = record_text(ScriptedRun(done))
    assert "rows to look at" not in text
    assert "unknown" not in text


class CheckedRun(ScriptedRun):
    """A run whose first rows were invalid: its operations come after them."""

    def __init__(self, *reasons: str, rows: int) -> None:
        count = len(reasons)
        operations = [
            replace(each, rows=(each.rows[0] + count,), state=State.FAILED, message="refused")
            for each in planned(rows - count)
        ]
        labels = [f"row {number}" for number in range(rows)]
        super().__init__(operations, labels=labels, invalid=count)
        self.invalid = dict(enumerate(reasons))


def test_a_record_says_why_rows_are_invalid():
    run = CheckedRun("user_id: missing", "email: no address", rows=2)
    text = record_text(run)
    heading = "2 invalid\nfirst rows to look at:\n"
    assert f"{heading}  row 0: invalid PAYLOAD_VALIDATION_FAILED user_id: missing\n" in text
    assert "  row 1: invalid PAYLOAD_VALIDATION_FAILED email: no address\n" in text
    html = record_html(run)
    assert "user_id: missing" in html
    assert "email: no address" in html


def test_a_record_leaves_out_neither_failed_nor_invalid_rows_where_both_are_many():
    run = CheckedRun(*["no address"] * 50, rows=100)
    lines = [line.split()[2] for line in record_text(run).splitlines() if line.startswith("  row")]
    assert lines == ["failed"] * 5 + ["invalid"] * 5


def test_a_record_of_a_run_that_cannot_say_why_rows_are_invalid_counts_them():
    assert "2 invalid\nStarted" in record_text(ScriptedRun([], invalid=2))


def test_rows_nobody_knows_about_do_not_crowd_out_those_that_failed():
    lost = [replace(each, state=State.HELD, message="no reply") for each in planned(12)]
    bad = [replace(lost[-1], number=12, rows=(12,), state=State.FAILED, message="refused")]
    text = record_text(ScriptedRun([*lost, *bad]))
    assert "first rows to look at:\n  row 12: failed refused\n  row 0: unknown no reply\n" in text
    assert 'run.results() every row; those with status == "unknown" are only there.' in text
    assert "row 9:" not in text
    html = record_html(ScriptedRun([*lost, *bad]))
    assert "<code>status == &quot;unknown&quot;</code>" in html


def test_the_record_of_a_run_of_the_package_has_the_reasons(session):
    frame = pd.DataFrame({"user_id": ["a", None], "operation_type": ["bogus", "sync_profile"]})
    with ad.simulate("example-async") as demo:
        run = session.connect(demo).submit(frame, "asyncOperation")
        run.wait(10)
        text = record_text(run)
    first, second = run.results()["message"]
    assert f"  0: invalid PAYLOAD_VALIDATION_FAILED {first}\n" in text
    assert f"  1: invalid PAYLOAD_VALIDATION_FAILED {second}\n" in text


def test_a_message_forges_no_line_and_no_colour_of_the_text():
    run = failed_run(1, labels=["a\n9 completed"], title="up\rsert")
    run.operations[0] = replace(run.operations[0], message="no\n2 completed\x1b[32m\x85\u2028")
    text = record_text(run)
    assert len(text.splitlines()) == 6
    assert r"up\rsert: failed" in text
    assert r"  a\n9 completed: failed NO no\n2 completed\x1b[32m\x85\u2028" in text


def test_nothing_a_destination_says_is_html():
    run = failed_run(1, labels=[HOSTILE], title=HOSTILE)
    run.operations[0] = replace(
        run.operations[0], message=HOSTILE, error_code=HOSTILE, operation_id=HOSTILE
    )
    html = record_html(run)
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 5


def test_a_record_of_ten_thousand_operations_is_small_and_needs_nothing_else():
    html = record_html(failed_run(10_000))
    assert len(html) < 20_000
    assert not any(word in html for word in ("<script", "<link", "http", "url("))


def test_a_folded_record_leaves_the_counts_to_the_monitor_until_the_end():
    assert "2 pending" not in summary(record_html(ScriptedRun(planned(2)), folded=True))
    assert "2 pending" in summary(record_html(ScriptedRun(planned(2))))
    assert "3 failed" in summary(record_html(failed_run(3), folded=True))


def summary(html: str) -> str:
    return html.partition("</summary>")[0]


def test_a_record_is_text_and_html():
    record = Record(failed_run(1), folded=True)
    assert repr(record) == record_text(failed_run(1))
    assert record._repr_html_().startswith(f"<details {PLAIN}><summary")


def shell(**content: object) -> types.SimpleNamespace:
    kernel = types.SimpleNamespace(get_parent=lambda: {"content": content} if content else {})
    return types.SimpleNamespace(kernel=kernel)


@pytest.mark.parametrize(
    ("host", "live"),
    [
        (None, False),
        (types.SimpleNamespace(), False),
        (shell(), False),
        (shell(allow_stdin=False), False),
        (shell(allow_stdin=True), True),
    ],
    ids=["python", "terminal", "no-request", "headless", "notebook"],
)
def test_a_monitor_is_shown_only_where_someone_can_watch(host, live):
    assert is_live(host) is live


def test_voila_is_watched_though_it_offers_no_input(monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert is_live(shell(allow_stdin=False))


def test_a_kernel_in_which_the_monitor_stands_still_is_warned_of(monkeypatch):
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    monkeypatch.setattr(ipykernel, "__version__", "7.0.1")
    with pytest.warns(UserWarning, match=r"with ipykernel 7\.0\.1 the monitor stands still"):
        show(ScriptedRun(planned(1)))


def test_a_run_that_is_shown_again_and_again_is_followed_once(monkeypatch):
    updates: list[object] = []
    handle = types.SimpleNamespace(update=updates.append)
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "display", lambda shown, **options: handle)
    run = ScriptedRun(planned(1))
    show(run)
    followers = len(run.callbacks)
    for _ in range(50):
        show(run)
    assert len(run.callbacks) == followers
    run.cancel()
    assert 1 < len(updates) < 50, "every output that may still be there, and no more"


def test_a_run_whose_screen_is_closed_is_kept_by_nobody(monkeypatch):
    screens: list[Any] = []

    def displayed(shown: object, **options: object) -> object:
        screens.append(shown)
        return types.SimpleNamespace(update=lambda record: None)

    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "display", displayed)
    run = ScriptedRun(planned(1))
    show(run)
    show(run)
    assert screens[0] is screens[2], "a run that is shown twice has one screen"
    for widget in (*screens[0].children, screens[0]):
        widget.close()
    kept = weakref.ref(run)
    screens.clear()
    del run, widget
    gc.collect()
    assert kept() is None


def test_the_record_of_a_run_that_ends_while_it_is_displayed_says_how(monkeypatch):
    updates: list[object] = []
    handle = types.SimpleNamespace(update=lambda record: updates.append(repr(record)))
    run = ScriptedRun(planned(1))

    def displayed(shown: object, **options: object) -> object:
        if isinstance(shown, Record):
            assert "pending" in repr(shown)
            run.cancel()  # As it ends on the engine's thread.
        return handle

    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "display", displayed)
    show(run)
    assert updates
    assert "1 canceled" in updates[-1]


def test_a_record_is_renewed_rarely_and_at_rest():
    now, updates = [0.0], []
    changed = rarely(ScriptedRun([]), lambda: updates.append(now[0]), clock=lambda: now[0])
    for at, at_rest in [(1, False), (59, False), (61, False), (62, False), (63, True)]:
        now[0] = at
        changed([0], at_rest)
    assert updates == [61, 63]


def test_a_record_that_cannot_be_renewed_is_logged(caplog):
    changed = rarely(ScriptedRun([]), lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    changed([0], True)
    assert "the record of run run-1" in caplog.text


def test_columns_that_cannot_be_shown_are_refused_also_where_no_monitor_is(session):
    frame = pd.DataFrame({"user_id": ["a"], "operation_type": "sync_profile", "plan": "pro"})
    with ad.simulate("example-async", duration_seconds=0.1) as demo:
        run = session.connect(demo).submit(frame, "asyncOperation")
        run.wait(10)
        with pytest.raises(UnknownName, match=r"'plann'; did you mean 'plan'"):
            run.show(columns=["plann"])
        with pytest.raises(UsageError, match=r"columns must be a list of names: .*\['plan'\]"):
            run.show(columns="plan")


def test_a_plain_interpreter_gets_text(capsys):
    show(failed_run(2))
    assert capsys.readouterr().out == record_text(failed_run(2)) + "\n"


def test_a_terminal_gets_text(tmp_path):
    said = ipython(tmp_path, "show(ScriptedRun(planned(2)))")
    assert "asyncOperation to Example Async: pending\n2 pending\n" in said


def test_a_terminal_gets_text_once_whatever_happens_to_the_run_afterwards(tmp_path):
    said = ipython(tmp_path, "run = ScriptedRun(planned(2)); show(run); run.cancel(); print('end')")
    assert said.count("asyncOperation to Example Async") == 1
    assert said.endswith("\nend\n")


def ipython(home: Path, code: str) -> str:
    """Return what a terminal shows of *code*."""
    imports = "from scripted_run import *; from asyncdest_nb.widgets.show import show"
    options = ["--no-banner", "--quick", "--colors=NoColor", "-c", f"{imports}; {code}"]
    done = subprocess.run(
        [sys.executable, "-m", "IPython", *options],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(home),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(home: Path) -> dict[str, str]:
    import os

    places = {"IPYTHONDIR": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {**kept, **places, "PYTHONPATH": os.pathsep.join([str(HELPERS), str(ROOT)])}


# nbclient's own message loop, not ours.
@pytest.mark.filterwarnings("default")
def test_a_headless_notebook_keeps_only_the_final_record(tmp_path):
    cells = [
        "from scripted_run import play\nfrom asyncdest_nb.widgets.show import show\n"
        "run = play(20, seconds=1)\nshow(run)",
        "import time\nwhile run.status == 'pending':\n    time.sleep(0.05)\ntime.sleep(0.3)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env=environment(tmp_path))
    [output] = notebook.cells[0].outputs
    assert "18 completed, 2 failed" in output.data["text/plain"]
    assert "18 completed, 2 failed" in output.data["text/html"]
    assert f"<details {PLAIN} open>" in output.data["text/html"]
    assert "widgets" not in notebook.metadata
