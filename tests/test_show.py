"""What a notebook keeps of a run: records as strings, and notebooks run by nbclient and IPython."""

from __future__ import annotations

import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from scripted_run import ScriptedRun, planned

from asyncdest_nb.operation import RowOutcome, RowStatus, State
from asyncdest_nb.widgets.record import Record, record_html, record_text
from asyncdest_nb.widgets.show import is_live, keeper, show

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
    assert "run.failed()" in text
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
    assert "first failures" not in record_text(ScriptedRun(done))


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
    assert record._repr_html_().startswith("<details><summary")


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


def test_a_record_is_renewed_rarely_and_at_rest():
    now, updates = [0.0], []
    keep = keeper(ScriptedRun([]), lambda: updates.append(now[0]), clock=lambda: now[0])
    for at, at_rest in [(1, False), (59, False), (61, False), (62, False), (63, True)]:
        now[0] = at
        keep([0], at_rest)
    assert updates == [61, 63]


def test_a_record_that_cannot_be_renewed_is_logged(caplog):
    keep = keeper(ScriptedRun([]), lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    keep([0], True)
    assert "the record of run run-1" in caplog.text


def test_a_plain_interpreter_gets_text(capsys):
    show(failed_run(2))
    assert capsys.readouterr().out == record_text(failed_run(2)) + "\n"


def test_a_terminal_gets_text(tmp_path):
    script = (
        "from scripted_run import *; from asyncdest_nb.widgets.show import show;"
        "show(ScriptedRun(planned(2)))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "IPython",
            "--no-banner",
            "--quick",
            "--colors=NoColor",
            "-c",
            script,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(tmp_path),
    )
    assert "asyncOperation to Example Async: pending\n2 pending\n" in done.stdout, done.stderr


def environment(home: Path) -> dict[str, str]:
    import os

    here = Path(__file__).parent
    places = {"IPYTHONDIR": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {**kept, **places, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}


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
    assert "<details open>" in output.data["text/html"]
    assert "widgets" not in notebook.metadata
