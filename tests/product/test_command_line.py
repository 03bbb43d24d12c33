"""The command line, as a process of its own, against the simulator it starts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from asyncdest_nb.command_line import main
from asyncdest_nb.demo import notebooks
from asyncdest_nb.errors import install_command

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-W", "error", "-m", "asyncdest_nb"]


def counts(text: str) -> dict[str, int]:
    return numbers(next(line for line in text.splitlines() if " rows: " in line))


def numbers(line: str) -> dict[str, int]:
    return {word: int(n.replace(",", "")) for n, word in re.findall(r"([\d,]+) ([a-z]+)", line)}


def test_the_headless_demo_accounts_for_every_row():
    done = subprocess.run(
        [*COMMAND, "demo", "--headless", "--rows", "300"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = counts(done.stdout)
    assert found.pop("rows") == 300
    assert sum(found.values()) == 300
    assert "pending" not in found
    assert 0 not in found.values(), "a count that is zero says nothing"
    assert "failed or invalid rows" in done.stdout
    assert done.stderr == "", "nothing but the summary in a pipe"


def test_a_headless_demo_in_a_pipe_prints_its_aim_at_once_and_then_its_progress():
    # Python would buffer the output until the end.
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [*COMMAND, "demo", "--headless", "--rows", "50"]
    lines = []
    with subprocess.Popen(command, env=buffered, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if len(lines) == 2:
                assert process.poll() is None, "both are there while it works"
    assert process.returncode == 0
    assert lines[0].startswith("Sending 50 customers to Example Async, simulated at http://")
    reports = [line for line in lines if re.fullmatch(r"\d+ s: .*pending.*\n", line)]
    assert reports
    assert all(sum(numbers(line.partition(":")[2]).values()) == 50 for line in reports)


def test_help_is_plain_text_and_names_a_command_once(capsys):
    assert main(["--help"]) == 0
    output = capsys.readouterr().out
    assert "`" not in output
    assert output.count("demo") == 1
    assert "Send 5,000 customers to a simulated destination" in output


def test_an_interrupted_demo_shows_the_results_so_far():
    process = subprocess.Popen(
        [*COMMAND, "demo", "--headless"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "pending" not in process.stdout.readline():
        assert process.poll() is None, "it prints its progress now and then"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted" in out
    assert sum(counts(out).values()) == 10_000  # All rows, and each of them once more by status.
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--headless", "--rows", "0"], "0 is not in the range x>=1"),
        (["demo", "--headless", "--rows", "x"], "'x' is not a valid integer range"),
        (["demo", "--rows", "3"], "--rows goes with --headless"),
        ([], "Commands:\n  demo "),
    ],
)
def test_the_message_of_a_wrong_command_line_names_the_right_one(arguments, message, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_the_message_of_a_demo_that_cannot_be_set_up_has_the_way_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asyncdest-nb-demo").touch()
    assert main(["demo"]) == 2
    output = capsys.readouterr().err
    assert "cannot be copied: [Errno " in output
    assert output.endswith("; start the demo in a folder of your own\n")
    # As if the extra was not installed.
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "asyncdest_nb.simulators.server", raising=False)
    assert main(["demo", "--headless"]) == 2
    output = capsys.readouterr().err
    assert install_command("demo") in output
    assert "Traceback" not in output


def test_the_notebooks_are_found():
    assert (notebooks() / "01_send_a_dataframe.ipynb").exists()
    assert (notebooks() / "data" / "customers.csv").exists()


def test_the_demo_serves_its_notebook_in_jupyterlab_which_asks_before_ctrl_c_ends_it(
    tmp_path: Path,
):
    runtime = tmp_path / "runtime"
    keyboard, terminal = os.openpty()
    places = {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_PREFER_ENV_PATH": "1"}
    process = subprocess.Popen(
        [*COMMAND, "demo", "--no-browser"],
        cwd=tmp_path,
        env={**os.environ, **places, "PYTHONUNBUFFERED": "1"},
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        server = started(runtime, process)
        address = process_says(process, "/lab/tree/01_send_a_dataframe.ipynb?token=")
        assert address.startswith("http://")
        url = f"{server['url']}api/contents/01_send_a_dataframe.ipynb?token={server['token']}"
        assert fetched(url)["type"] == "notebook"
        os.killpg(process.pid, signal.SIGINT)  # What a terminal does at Ctrl-C.
        os.write(keyboard, b"n\n")
        process_says(process, "resuming")
        assert fetched(url)["type"] == "notebook"
        process.terminate()
        process.communicate(timeout=20)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        os.close(keyboard)
        os.close(terminal)
    assert not list(runtime.glob("jpserver-*")), "it has cleaned up"
    # A second demo keeps what the user has changed.
    changed = tmp_path / "asyncdest-nb-demo" / "01_send_a_dataframe.ipynb"
    assert changed.exists()
    assert (tmp_path / "asyncdest-nb-demo" / "data" / "customers.csv").exists()


def fetched(url: str) -> dict[str, Any]:
    """Return the JSON there; Jupyter prints its address a moment before it listens."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=20) as response:
                found: dict[str, Any] = json.load(response)
                return found
        except urllib.error.URLError as error:
            is_refused = isinstance(error.reason, ConnectionRefusedError)
            if not is_refused or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def process_says(process: subprocess.Popen[str], part: str) -> str:
    """Return the part of the output that has *part* in it: the address a person clicks on."""
    assert process.stdout is not None
    for line in process.stdout:
        for word in line.split():
            if part in word:
                return word
    raise AssertionError(f"{part} is nowhere in the output")


def started(runtime: Path, process: subprocess.Popen[str]) -> dict[str, str]:
    """Wait until the server prints its address."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in runtime.glob("jpserver-*.json"):
            with suppress(json.JSONDecodeError):  # It is being written.
                return json.loads(file.read_text())
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.1)
    raise AssertionError("JupyterLab did not start")
