"""What asyncdest-nb send does with --retry and --resolve where no row of the file was applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import asyncdest_nb as ad
from asyncdest_nb.command_line import main
from command_line import example_csv, send

pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def failing() -> Iterator[ad.Simulator]:
    """Give an example destination at which every operation fails."""
    with ad.simulate("example-async", duration_seconds=0.05, failing=1.0) as simulator:
        yield simulator


def test_a_retry_that_has_sent_all_rows_again_does_not_say_that_none_may_be(
    tmp_path: Path, failing: ad.Simulator, capsys: pytest.CaptureFixture[str]
):
    file, options = example_csv(tmp_path, ["1", "2"]), ("--session", "crm")
    assert send(file, failing, *options) == 1
    capsys.readouterr()
    assert send(file, failing, *options, "--retry") == 1
    told = capsys.readouterr().err
    assert "Sending 2 rows" in told
    assert "--retry:" not in told
    assert len(failing.operations) == 4


def test_a_decision_sends_no_rows_again(
    tmp_path: Path, failing: ad.Simulator, capsys: pytest.CaptureFixture[str]
):
    file, options = example_csv(tmp_path, ["1", "2"]), ("--session", "crm")
    assert send(file, failing, *options) == 1
    assert send(file, failing, *options, "--resolve", "applied") == 2
    assert "--resolve: nothing is in doubt: 2 failed. Without" in capsys.readouterr().err
    assert len(failing.operations) == 2


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_after_the_file_shows_the_destinations(word: str, capsys: pytest.CaptureFixture[str]):
    assert main(["send", "customers.csv", word]) == 0
    shown = capsys.readouterr().out
    assert "FILE DESTINATION ACTION" in shown
    assert "salesforce-bulk" in shown
