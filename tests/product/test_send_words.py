"""What asyncdest-nb send and show say: options in place of Python, and what there is not to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.command_line import main
from command_line import example_csv, received, send

pytestmark = pytest.mark.usefixtures("own_home")


def test_a_decision_or_retry_with_nothing_to_do_says_so(tmp_path, simulator, capsys):
    file = example_csv(tmp_path, ["1", "2"])
    options = ("--session", "crm")
    assert send(file, simulator, *options) == 0
    assert "--retry:" not in capsys.readouterr().err
    assert send(file, simulator, *options, "--retry") == 0
    assert "--retry: no row may be sent again as it is: 2 completed" in capsys.readouterr().err
    assert send(file, simulator, *options, "--resolve", "applied") == 0
    assert "--resolve: nothing is in doubt: 2 completed" in capsys.readouterr().err
    assert received(simulator) == ["1", "2"]


def test_where_a_retry_sends_nothing_it_says_how_corrected_rows_are_sent(
    tmp_path, simulator, capsys
):
    file = example_csv(tmp_path, ["1", ""])
    assert send(file, simulator, "--session", "crm") == 1
    capsys.readouterr()
    assert send(file, simulator, "--session", "crm", "--retry") == 1
    assert "1 completed, 1 invalid; put corrected rows into a file of" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--retry",), ("--resolve", "applied"), ("--again",)])
def test_what_is_about_earlier_rows_needs_the_session_that_has_them(
    tmp_path, simulator, capsys, option
):
    assert send(example_csv(tmp_path, ["1"]), simulator, *option) == 2
    message = capsys.readouterr().err
    assert f"{option[0]} is about rows that were sent before" in message
    assert "needs the --session NAME" in message
    assert "None" not in message


def test_a_corrected_file_says_how_many_of_its_rows_go_again_and_what_to_do(
    tmp_path, simulator, capsys
):
    assert send(example_csv(tmp_path, ["1", "2"]), simulator, "--session", "crm") == 0
    assert send(example_csv(tmp_path, ["1", "3"]), simulator, "--session", "crm") == 0
    told = capsys.readouterr().err
    assert "1 row goes again, though completed before" in told
    assert "or use --key COLUMN and --changed-only" in told


def test_the_help_of_an_action_says_how_rows_are_numbered(capsys):
    assert main(["send", "x.csv", "example-async", "asyncOperation", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "of a CSV the column names are row 1" in words


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"customer\n1\n", "--column user_id=COLUMN, or give one value for all rows, --user-id"),
        (b"user_id;operation_type\n1;sync_profile\n", "give --delimiter ';'"),
        (b"user_id\nK\xe4the\n", "give --encoding cp1252, or save"),
    ],
)
def test_a_mistake_is_told_with_the_options_that_mend_it(
    tmp_path, simulator, capsys, content, message
):
    file = tmp_path / "customers.csv"
    file.write_bytes(content)
    assert send(file, simulator) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "={" not in told


def test_a_run_that_is_not_connected_is_shown_with_the_command_that_continues_it(capsys):
    with ad.Session("crm") as session:
        rows = {"user_id": ["1"], "operation_type": ["sync_profile"]}
        connection = session.connect("example-async", endpoint="http://127.0.0.1:1")
        run = connection.submit(pd.DataFrame(rows), "asyncOperation")
        while "reached" not in str(run.notices):  # It is in the file before a request is tried.
            run.wait(timeout=0.05)
    assert main(["show", run.id]) == 0
    shown = capsys.readouterr().out
    assert "asyncdest-nb send FILE example-async ACTION --endpoint 'http" in shown
    assert "--session crm" in shown
    assert "session.connect" not in shown


def test_what_is_simulated_is_said_to_be_and_how_to_try_a_session(tmp_path, capsys):
    command = ["send", str(example_csv(tmp_path, [""])), "example-async", "asyncOperation"]
    command += ["--simulate"]
    assert main(command) == 2, "its only row is invalid"
    assert capsys.readouterr().err.count("what becomes of rows is invented") == 1
    assert main([*command, "--session", "crm"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "demo = asyncdest_nb.simulate('example-async')" in told


def test_a_file_of_the_user_that_has_the_name_of_the_results_is_kept(tmp_path, simulator, capsys):
    file, mine = example_csv(tmp_path, ["1"]), tmp_path / "customers.results.csv"
    mine.write_text("quarter,status\n1,good\n")
    assert send(file, simulator) == 2
    assert "has no results of a send: rename it, or give --output" in capsys.readouterr().err
    assert mine.read_text() == "quarter,status\n1,good\n"
    assert simulator.requests == {}
    mine.unlink()
    assert send(file, simulator) == 0
    assert send(file, simulator) == 0, "results are replaced"


def test_rows_go_to_the_destination_of_a_description_in_a_file(tmp_path, simulator, capsys):
    api = tmp_path / "api.json"
    own = Path(ad.__file__).with_name("destinations") / "example_async.json"
    api.write_text(own.read_text())
    command = ["send", str(example_csv(tmp_path, ["1"])), str(api), "asyncOperation"]
    assert main([*command, "--endpoint", simulator.endpoint]) == 0
    assert received(simulator) == ["1"]
    api.write_text('{"name": "People"}')
    assert main(command) == 2
    assert "base_url" in capsys.readouterr().err


def test_a_simulated_destination_behaves_as_its_knobs_say(tmp_path, capsys):
    command = ["send", str(example_csv(tmp_path, ["1"])), "example-async", "asyncOperation"]
    knobs = ["--knob", "failing=1", "--knob", "duration_seconds=0.05"]
    assert main([*command, *knobs]) == 2
    assert "give --simulate too" in capsys.readouterr().err
    assert main([*command, "--simulate", *knobs]) == 1
    assert "1 failed" in capsys.readouterr().err
    for text, message in (
        ("failing", "write NAME=VALUE"),
        ("faling=1", "did you mean 'failing'?"),
        ("failing=most", "failing='most' does not fit; it is share of rows that fail"),
    ):
        assert main([*command, "--simulate", "--knob", text]) == 2
        assert message in capsys.readouterr().err
