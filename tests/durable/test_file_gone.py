"""A session's file that is removed, moved or overwritten while it is open: real files, real HTTP.

The destination is a server of the tests' own, which counts what arrives.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.session.session import end
from row_counter import RowCounter

pytestmark = [
    pytest.mark.filterwarnings("ignore::asyncdest_nb.AlreadySubmitted"),
    pytest.mark.real_time,  # The file goes while the run does.
]

ROWS = 30


@pytest.fixture
def partner() -> Iterator[RowCounter]:
    partner = RowCounter()
    yield partner
    partner.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own" / "s.sqlite"


class Payload(ad.Payload):
    user_id: str = ad.field("User ID")


def destination(partner: RowCounter) -> ad.Destination:
    async def perform(request: Any, data: Any) -> Any:
        await request(f"{partner.url}/{data.payload.user_id}", method="POST", json=1)
        return {}

    act = ad.Action(title="Act", payload=Payload, perform=perform)
    return ad.Destination(name="Test", slug="test", actions={"act": act})


FRAME = pd.DataFrame({"user_id": [f"u-{number}" for number in range(ROWS)]})


def submitted(session: ad.Session, partner: RowCounter) -> ad.Run:
    return session.connect(destination(partner)).submit(FRAME, "act")


GONE: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: path.unlink(),
    "removed with all beside it": lambda path: [each.unlink() for each in path.parent.iterdir()],
    "moved": lambda path: path.rename(path.parent.parent / "elsewhere"),
    "its WAL removed": lambda path: Path(f"{path}-wal").unlink(),
    "its lock removed": lambda path: Path(f"{path}.lock").unlink(),
    "folder removed": lambda path: shutil.rmtree(path.parent),
    "folder moved": lambda path: path.parent.rename(path.parent.parent / "other"),
    "replaced by a copy": lambda path: [
        shutil.copy(path, f"{path}2"),
        os.replace(f"{path}2", path),
    ],
    "replaced by nothing": lambda path: [path.unlink(), path.touch()],
    "overwritten": lambda path: path.write_bytes(b"\0" * 10_000),
    "truncated": lambda path: path.write_bytes(b""),
}


@pytest.mark.skipif(sys.platform == "win32", reason="there an open file stays where it is")
@pytest.mark.parametrize("way", GONE)
def test_nothing_is_sent_twice_when_the_file_goes_while_a_run_does(
    path: Path, partner: RowCounter, way: str
):
    partner.at[10] = lambda: GONE[way](path)
    session = ad.Session(path=path)
    crm = session.connect(destination(partner))
    run = crm.submit(FRAME, "act")
    with pytest.raises(ad.StoreError, match=r"while this session had it open .* Put the file back"):
        run.wait(timeout=60)
    assert "while this session had it open" in " ".join(run.notices)
    sent = sum(partner.taken.values())
    assert 10 <= sent < ROWS
    # What was answered is known, and what was not sent is known not to be.
    assert (run.counts["completed"], run.counts["pending"]) == (sent, ROWS - sent)
    # The same cell, again.
    for _ in range(2):
        again = ad.Session(path=path)
        with pytest.raises(ad.StoreError, match="while this session had it open"):
            again.connect(destination(partner))
        assert again.runs() == [run]
        with pytest.raises(ad.StoreError, match="while this session had it open"):
            crm.submit(FRAME, "act").wait(timeout=60)
    assert set(partner.taken.values()) == {1}
    assert sum(partner.taken.values()) == sent
    for each in (session, again):
        end(each)


@pytest.mark.parametrize("way", ["removed", "folder removed", "overwritten"])
def test_a_session_whose_file_is_gone_stays_open_and_its_cell_sends_nothing_twice(
    path: Path, partner: RowCounter, way: str
):
    partner.at[10] = lambda: GONE[way](path)
    sessions = []

    def cell() -> None:
        with ad.Session(path=path) as session:
            sessions.append(session)
            submitted(session, partner).wait(timeout=60)

    for _ in range(3):
        with pytest.raises(ad.StoreError, match="while this session had it open"):
            cell()
    assert set(partner.taken.values()) == {1}
    first, *others = sessions
    for session in others:
        session.close()
    with pytest.raises(ad.StoreError, match="while this session had it open"):
        first.close()
    end(first)


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_a_run_goes_on_once_its_file_is_back(path: Path, partner: RowCounter, what: str):
    place = path.parent if what == "folder" else path
    away = path.parent.parent / "away"
    given = path
    if what == "link":
        path.touch()
        path.rename(path.parent / "real")
        (path.parent / "real").unlink()
        place = given = path.parent / "link"
        given.symlink_to(path.parent / "real")
    partner.at[10] = lambda: place.rename(away)
    with ad.Session(path=given) as session:
        crm = session.connect(destination(partner))
        run = crm.submit(FRAME, "act")
        with pytest.raises(ad.StoreError, match="Put the file back"):
            run.wait(timeout=60)
        away.rename(place)
        again = crm.submit(FRAME, "act")
        assert again is run
        assert again.wait(timeout=60) == "completed"
        assert "while this session" not in " ".join(again.notices)
    assert partner.taken == Counter(f"/{each}" for each in FRAME["user_id"])
    with ad.Session(path=given) as session:
        assert [each.status for each in session.runs()] == ["completed"]


def test_what_was_known_when_the_file_went_can_be_exported(path: Path, partner: RowCounter):
    partner.at[10] = path.unlink
    session = ad.Session(path=path)
    run = submitted(session, partner)
    with pytest.raises(ad.StoreError):
        run.wait(timeout=60)
    run.export(path.parent / "run")
    loaded = ad.load(path.parent / "run")
    assert loaded.counts == run.counts
    assert loaded.counts["completed"] == sum(partner.taken.values())
    end(session)


def test_an_older_copy_put_over_an_open_session_is_noticed(path: Path, partner: RowCounter):
    with ad.Session(path=path) as session:
        copy = shutil.copy(path, path.parent / "copy")
    session = ad.Session(path=path)
    partner.at[10] = lambda: shutil.copyfile(copy, path)
    run = submitted(session, partner)
    with pytest.raises(ad.StoreError, match="another program wrote to it"):
        run.wait(timeout=60)
    assert sum(partner.taken.values()) < ROWS
    end(session)


def test_a_session_that_is_copied_or_read_by_others_goes_on(path: Path, partner: RowCounter):
    def look() -> None:
        shutil.copy(path, path.parent / "copy")
        with closing(sqlite3.connect(path)) as database:
            database.execute("SELECT count(*) FROM run").fetchone()
        path.chmod(0o640)

    partner.at[10] = look
    with ad.Session(path=path) as session:
        assert submitted(session, partner).wait(timeout=60) == "completed"


def test_a_session_is_the_same_after_another_working_directory(
    path: Path, monkeypatch: pytest.MonkeyPatch, partner: RowCounter
):
    monkeypatch.chdir(path.parent)
    with ad.Session(path="s.sqlite") as session:
        run = submitted(session, partner)
        monkeypatch.chdir(path.parent.parent)
        with ad.Session(path="own/s.sqlite") as same:
            assert same.runs() == [run]
        with ad.Session(path=path) as same:
            assert same.runs() == [run]
        assert run.wait(timeout=60) == "completed"
    assert path.exists()


def test_a_file_that_was_moved_is_the_same_session_where_it_is_now(path: Path, partner: RowCounter):
    other = path.parent / "other.sqlite"
    session = ad.Session(path=path)
    run = submitted(session, partner)
    run.wait(timeout=60)
    path.rename(other)
    again = ad.Session(path=other)
    assert again.runs() == [run]
    other.rename(path)
    session.close()
    again.close()


OPENS = """
import sys
import asyncdest_nb as ad
try:
    session = ad.Session(path=sys.argv[1])
except ad.StoreError as error:
    print(error)
else:
    print(session)
"""


def opened_elsewhere(path: Path) -> str:
    words = [sys.executable, "-W", "error", "-c", OPENS, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.slow
def test_another_process_does_not_begin_anew_beside_a_session_whose_file_is_gone(
    path: Path, partner: RowCounter
):
    session = ad.Session(path=path)
    submitted(session, partner).wait(timeout=60)
    path.unlink()
    assert f"{path} is missing" in opened_elsewhere(path)
    assert not path.exists()
    end(session)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["moved", "copied", "its lock removed"])
def test_another_process_does_not_open_what_was_taken_from_an_open_session(path: Path, way: str):
    session = ad.Session(path=path)
    other = path.parent / "other"
    if way == "its lock removed":
        Path(f"{path}.lock").unlink()
        other = path
    elif way == "moved":
        path.rename(other)
    else:
        shutil.copy(path, other)
    said = opened_elsewhere(other)
    assert f"{other} is a copy of the file that process {os.getpid()} on " in said
    assert "close the session there, or shut down that kernel" in said
    end(session)
    if way == "copied":
        assert "other" in opened_elsewhere(path)
