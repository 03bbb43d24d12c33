"""asyncdest-nb send --subscribe, in this process, against a simulator on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import read_results, received, send

LINES = [
    "user_id,operation_type,type,properties.plan",
    "1,sync_profile,track,pro",
    "2,sync_profile,page,pro",
    "3,sync_profile,track,free",
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    found = tmp_path / "events.csv"
    found.write_text("\n".join(LINES))
    return found


def test_only_rows_that_match_are_sent_and_it_is_said_how_many(file, simulator, capsys):
    assert send(file, simulator, "--subscribe", 'type = "track"') == 0
    assert received(simulator) == ["1", "3"]
    assert "Sending the rows that match: " in (err := capsys.readouterr().err)
    assert "(2 of 3 rows), run " in err
    results = read_results(file.with_name("events.results.csv"))
    assert [each["row"] for each in results] == ["2", "4"]


def test_the_same_rows_that_match_are_known_again(file, simulator, capsys):
    some = ("--subscribe", 'properties.plan = "pro"', "--session", "events")
    assert send(file, simulator, *some) == 0
    assert send(file, simulator, *some, "--retry") == 0
    assert len(received(simulator)) == 2
    assert send(file, simulator, "--session", "events", "--retry") == 2
    assert "has not sent the 3 rows of this file" in capsys.readouterr().err


def test_a_dry_run_shows_how_many_rows_match(file, simulator, capsys):
    assert send(file, simulator, "--dry-run", "--subscribe", 'type = "page"') == 0
    assert '1 of 3 rows match type = "page"' in capsys.readouterr().out
    assert received(simulator) == []


def test_a_text_that_segment_would_misread_is_refused(file, simulator, capsys):
    assert send(file, simulator, "--subscribe", "type = 'track'") == 2
    assert "quote" in capsys.readouterr().err
    assert received(simulator) == []


def test_a_typo_is_refused_and_rows_of_which_none_matches_are_not_passed_over(
    file, simulator, capsys
):
    assert send(file, simulator, "--subscribe", 'properties.pln = "pro"') == 2
    assert "did you mean 'properties.plan'" in capsys.readouterr().err
    assert send(file, simulator, "--subscribe", 'type = "group"') == 0
    assert '0 of 3 rows match type = "group"' in capsys.readouterr().err
    assert received(simulator) == []
