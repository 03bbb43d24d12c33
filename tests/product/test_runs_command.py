"""asyncdest-nb runs and show, and what the help and the messages of all commands say."""

from __future__ import annotations

import pytest

import asyncdest_nb as ad
from asyncdest_nb.command_line import main
from command_line import example_csv, read_results, send

pytestmark = pytest.mark.usefixtures("own_home")


def test_the_help_of_an_action_lists_its_fields_and_settings(capsys):
    assert main(["send", "x.csv", "salesforce-bulk", "upsert", "--help"]) == 0
    shown = capsys.readouterr().out
    for option in ("--object", "--external-id", "--nulls [ignore|clear]", "--instance-url"):
        assert option in shown
    assert "ASYNCDEST_SALESFORCE_BULK_ACCESS_TOKEN" in shown
    assert "--access-token" not in shown
    assert main(["send", "--help"]) == 0
    assert "salesforce-bulk" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["send", "x.csv", "salesforce-blk", "upsert"], "did you mean 'salesforce-bulk'?"),
        (["send", "x.csv", "salesforce-bulk", "upsrt"], "did you mean 'upsert'?"),
        (["send", "x.xlsx", *"example-async asyncOperation".split()], "give --format"),
        (["show", "abc"], "no run 'abc'"),
        (["runs", "--session", "crm"], "no session 'crm'"),
    ],
)
def test_the_message_of_an_unknown_name_has_the_known_ones(command, message, capsys):
    assert main(command) == 2
    assert message in capsys.readouterr().err


def test_runs_are_listed_and_one_is_shown_with_its_results(tmp_path, capsys):
    assert main(["runs"]) == 0
    assert "No runs" in capsys.readouterr().err
    with ad.simulate("example-async", duration_seconds=0.05, failing=0.0) as simulator:
        for name in ("one", "two"):
            assert send(example_csv(tmp_path, [name, ""]), simulator, "--session", name) == 1
    capsys.readouterr()
    assert main(["runs"]) == 0
    titles, *lines = capsys.readouterr().out.splitlines()
    assert titles.split() == ["run", "session", "submitted", "what", "status", "rows"]
    assert [line.split()[1] for line in lines] == ["one", "two"]
    assert all("partial" in line and "1 completed, 1 invalid" in line for line in lines)
    assert main(["runs", "--session", "two"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    run, file = lines[1].split()[0], tmp_path / "again.csv"
    assert main(["show", run[:6], "--output", str(file)]) == 0
    shown = capsys.readouterr().out
    assert f"Run {run} of session two: Async Operation to Example Async" in shown
    assert "2 rows: 1 completed, 1 invalid" in shown
    assert [each["status"] for each in read_results(file)] == ["completed", "invalid"]
