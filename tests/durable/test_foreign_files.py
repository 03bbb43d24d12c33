"""Files of other programs, and of newer versions: they are refused and not written."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import ExportedRuns
from asyncdest_nb.store.schema import SCHEMA_VERSION
from session_files import session_file

# Files of somebody else

FOREIGN = {
    "tables": "CREATE TABLE customer (email TEXT); INSERT INTO customer VALUES ('ada')",
    "our names": "CREATE TABLE run (id TEXT); CREATE TABLE holder (pid INTEGER)",
    "a version": "CREATE TABLE customer (email TEXT); PRAGMA user_version = 1",
    "an id": "PRAGMA application_id = 252006673",
    "a newer version": f"CREATE TABLE run (id TEXT); PRAGMA user_version = {SCHEMA_VERSION + 1}",
    "a WAL": "PRAGMA journal_mode = WAL; CREATE TABLE customer (email TEXT)",
}


@pytest.mark.parametrize("script", FOREIGN.values(), ids=FOREIGN)
def test_a_database_of_something_else_is_refused_and_not_written(path: Path, script: str):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(script)
    content = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"SQLite database of another program, with.*nothing"):
            ad.Session(path=path)
        with pytest.raises(StoreError, match=r"SQLite database of another program, with.*nothing"):
            ExportedRuns(path)
    assert path.read_bytes() == content
    assert {each.name for each in path.parent.iterdir()} <= {path.name, f"{path.name}.lock"}


def test_a_database_that_somebody_else_has_open_is_refused(path: Path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript(FOREIGN["a WAL"])
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO customer VALUES ('ada')")
        with pytest.raises(StoreError, match="another program, with the tables customer;"):
            ad.Session(path=path)
        database.execute("COMMIT")
        assert database.execute("SELECT * FROM customer").fetchall() == [("ada",)]


def test_a_newer_file_is_refused_and_not_written(path: Path):
    session_file(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    content = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer asyncdest_nb .*upgrade asyncdest_nb, or open"):
        ad.Session(path=path)
    assert path.read_bytes() == content
