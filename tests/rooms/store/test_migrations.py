"""Files of other schema versions, against a recorded file of version 1."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import SCHEMA_VERSION, Store
from asyncdest_nb.store.schema import SESSION_ID
from paths import DATA
from stored_runs import tables_of, version_of

VERSION_1 = DATA / "session_v1.sqlite"


def test_a_file_of_a_newer_version_is_refused(path: Path):
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match="newer asyncdest_nb"):
        Store(path)


def test_a_file_of_version_1_is_opened_with_all_its_data(path: Path):
    shutil.copy(VERSION_1, path)
    before = tables_of(path)
    store = Store(path)
    runs = store.runs()
    assert [run.id for run in runs] == ["35066a40b9f3", "3875bd2fa3b5", "1a6f38c98816"]
    assert all(run.retry_of is run.positions is run.digest is None for run in runs)
    assert [len(store.rows(run.id)) for run in runs] == [5, 3, 5]
    assert [each.state for each in store.operations("1a6f38c98816")] == ["running"] * 4
    assert len(store.state(now=0.0)) == len(before["state"])
    store.close()
    after = tables_of(path)
    for table in ("run", "row", "operation", "state"):
        width = len(before[table][0])
        assert [row[:width] for row in after[table]] == before[table]
    assert version_of(path) == (SCHEMA_VERSION, SESSION_ID)


def test_an_unknown_operation_of_version_1_is_in_doubt(path: Path):
    shutil.copy(VERSION_1, path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE operation SET state = 'held' WHERE number = 2")
    store = Store(path)
    found = store.operations("1a6f38c98816")
    assert [each.in_doubt for each in found] == [False, False, True, False]
    store.close()


def schema_of(path: Path) -> dict[str, list[tuple]]:
    """Return the columns of every table by name, without their order."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(row[1:] for row in database.execute(f"PRAGMA table_info({name})"))
            for (name,) in sorted(tables)
        }


def test_a_migrated_file_has_the_tables_of_a_new_one(tmp_path: Path, path: Path):
    shutil.copy(VERSION_1, path)
    Store(path).close()
    Store(tmp_path / "new.sqlite").close()
    assert schema_of(path) == schema_of(tmp_path / "new.sqlite")


KILLED_WHILE_MIGRATING = """
import itertools, os, signal, sys
from pathlib import Path
from asyncdest_nb.store import Store, schema

def dying(statements, count):
    yield from itertools.islice(statements, count)
    os.kill(os.getpid(), signal.SIGKILL)

schema.MIGRATIONS[1] = dying(schema.MIGRATIONS[1], int(sys.argv[2]))
Store(Path(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
@pytest.mark.parametrize("done", [1, 100])
def test_a_migration_that_is_killed_leaves_version_1_whole(path: Path, done: int):
    shutil.copy(VERSION_1, path)
    before = tables_of(path)
    command = [sys.executable, "-c", KILLED_WHILE_MIGRATING, path, str(done)]
    assert subprocess.run(command, timeout=30).returncode == -signal.SIGKILL
    assert version_of(path) == (1, 0)
    assert tables_of(path) == before
    store = Store(path)
    assert len(store.runs()) == 3
    store.close()
