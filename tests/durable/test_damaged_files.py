"""Damaged session files: they are refused with advice, and left as they are."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import Store
from session_files import DAMAGES, session_file
from stored_runs import write


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, damage: str):
    content = DAMAGES[damage](session_file(path))
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            ad.Session(path=path)
        message = str(caught.value)
        assert str(path) in message
        assert re.search(r"is damaged \(.+\)|cannot open .*: .*(malformed|not a database)", message)
        assert "move it away, or restore it from a copy" in message
    assert path.read_bytes() == content


def test_damage_that_is_met_later_is_named(path: Path):
    content = session_file(path)
    store = Store(path)
    store.database.execute("PRAGMA shrink_memory")  # What is in memory is not damaged.
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xa5" * (len(content) - 4096 * 2))
    with pytest.raises(StoreError, match=r"cannot read .*malformed; move it away, or restore it"):
        store.rows("r")
    with pytest.raises(StoreError, match=r"cannot write .*malformed; move it away, or restore it"):
        write(store, "s", length=100)
    store.close()


@pytest.mark.parametrize(
    "change",
    [
        "operation SET rows = substr(rows, 1, 9)",
        "operation SET rows = 'null'",
        "operation SET state = 'finnished'",
        "operation SET row_outcomes = '[{}]'",
        "run SET settings = x'00a5'",
    ],
)
def test_damage_that_sqlite_cannot_see_is_named(path: Path, change: str):
    session_file(path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE {change}")
    store = Store(path)
    with pytest.raises(StoreError, match=r"s\.sqlite is damaged \(.+\): move it away, or restore"):
        store.operations(store.runs()[0].id)
    store.close()


def test_a_file_that_was_refused_can_be_restored_and_opened(path: Path):
    ad.Session(path=path).close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO state VALUES ('', 'key', '{', NULL)")
    with pytest.raises(StoreError, match="damaged") as _kept:  # As a notebook keeps the last one.
        ad.Session(path=path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM state")
    with ad.Session(path=path) as session:
        assert "read-only" not in repr(session)


def test_an_empty_file_is_a_session_that_has_not_begun(path: Path):
    path.write_bytes(b"")
    with ad.Session(path=path) as session:
        assert session.runs() == []
    store = Store(path)
    write(store)
    store.close()
