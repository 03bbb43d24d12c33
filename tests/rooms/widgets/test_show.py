"""What is displayed for a run: in notebooks, terminals and plain interpreters."""

from __future__ import annotations

import gc
import subprocess
import sys
import types
import weakref
from pathlib import Path
from typing import Any

import ipykernel
import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.widgets import show as show_module
from asyncdest_nb.widgets import static_outputs
from asyncdest_nb.widgets.fragments import RECORD
from asyncdest_nb.widgets.record import record_text
from asyncdest_nb.widgets.shell import is_live
from asyncdest_nb.widgets.show import show
from paths import HELPERS, ROOT
from scripted_run import ScriptedRun, planned
from shown_shell import failed_run, shell


@pytest.mark.parametrize(
    ("host", "live"),
    [
        (None, False),
        (types.SimpleNamespace(), False),
        (shell(), False),
        (shell(allow_stdin=False), False),
        (shell(allow_stdin=True), True),
        (shell(comm_id="button", data={"method": "custom"}), True),
    ],
    ids=["python", "terminal", "no-request", "headless", "notebook", "click"],
)
def test_a_monitor_is_shown_only_where_somebody_looks(host, live):
    assert is_live(host) is live


def test_voila_shows_a_monitor_though_it_offers_no_input(monkeypatch):
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert is_live(shell(allow_stdin=False))


def test_a_kernel_in_which_the_monitor_stands_still_gets_a_warning(monkeypatch):
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    monkeypatch.setattr(ipykernel, "__version__", "7.0.1")
    with pytest.warns(UserWarning, match=r"with ipykernel 7\.0\.1 the monitor stands still"):
        show(ScriptedRun(planned(1)))


def test_a_run_whose_widget_is_closed_is_freed(monkeypatch):
    widgets: list[Any] = []

    def displayed(value: object, **options: object) -> object:
        widgets.append(value)
        return types.SimpleNamespace(update=lambda record, **options: None)

    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "get_ipython", lambda: shell(allow_stdin=True))
    for module in (show_module, static_outputs):
        monkeypatch.setattr(module, "display", displayed)
    run = ScriptedRun(planned(1))
    show(run)
    show(run)
    assert widgets[0] is widgets[2], "a run that is shown twice has one widget"
    for each in (*widgets[0].children, widgets[0]):
        each.close()
    kept = weakref.ref(run)
    widgets.clear()
    del run, each
    gc.collect()
    assert kept() is None


def test_columns_that_cannot_be_shown_are_refused_even_without_a_monitor(session):
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


@pytest.mark.slow
def test_a_terminal_gets_text(tmp_path):
    shown = ipython(tmp_path, "show(ScriptedRun(planned(2)))")
    assert "asyncOperation to Example Async: pending\n2 pending\n" in shown


@pytest.mark.slow
def test_a_terminal_gets_text_once_whatever_happens_to_the_run_afterwards(tmp_path):
    shown = ipython(
        tmp_path, "run = ScriptedRun(planned(2)); show(run); run.cancel(); print('end')"
    )
    assert shown.count("asyncOperation to Example Async") == 1
    assert shown.endswith("\nend\n")


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
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_headless_notebook_keeps_only_the_final_record(tmp_path):
    cells = [
        "from scripted_run import play\nfrom asyncdest_nb.widgets.show import show\n"
        "run = play(20, seconds=1)\nshow(run)",
        "import time\nwhile run.status == 'pending':\n    time.sleep(0.05)\ntime.sleep(0.3)",
    ]
    import nbformat  # With nbclient it takes two seconds, and most tests need none of it.
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env=environment(tmp_path))
    [output] = notebook.cells[0].outputs
    assert "18 completed, 2 failed" in output.data["text/plain"]
    assert "18 completed, 2 failed" in output.data["text/html"]
    assert f"<details {RECORD} open>" in output.data["text/html"]
    assert "widgets" not in notebook.metadata
