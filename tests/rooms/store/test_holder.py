"""A file that another process has open, against real processes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import SCHEMA_VERSION, StateValue, Store
from asyncdest_nb.store.holder import acquire_lock
from stored_runs import RUN, filled, ids

HOLDING = """
import sys
from pathlib import Path
from asyncdest_nb.store import Store, StoredRun

store = Store(Path(sys.argv[1]))
for number, task in enumerate(sys.stdin):
    if task.strip() == "close":
        store.close()
    else:
        with store.writing():
            store.add_run(StoredRun(task.strip(), "crm", "upsert", "", {}, None, float(number)))
    print("done", flush=True)
"""


class Holder:
    """Another process that has a store open, and does its tasks."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", HOLDING, path]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, task: str) -> None:
        """Make it add the run *task*, or close the store for "close", and wait for that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{task}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=10)


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    holder = Holder(path)
    holder.do("first")
    yield holder
    holder.kill()


@pytest.mark.slow
def test_a_file_that_another_process_has_open_can_be_read_and_its_holder_is_known(
    path: Path, holder: Holder
):
    store = Store(path)
    assert store.holder.startswith(f"process {holder.process.pid} on ")
    assert " since 20" in store.holder
    assert ids(store) == ["first"]
    holder.do("second")
    assert ids(store) == ["first", "second"]
    assert store.take_over() is False
    store.close()
    holder.do("third")


@pytest.mark.slow
def test_a_file_that_another_process_has_open_is_not_written(path: Path, holder: Holder):
    store = Store(path)
    with pytest.raises(StoreError, match=f"open in process {holder.process.pid} on .* since 20"):
        filled(store)
    with pytest.raises(StoreError, match="open in process"):
        store.forget(["first"])
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.add_run(RUN)
    assert ids(store) == ["first"]
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("end", ["close", "kill"])
def test_a_file_is_taken_over_once_its_holder_has_ended(path: Path, holder: Holder, end: str):
    store = Store(path)
    holder.do("second")
    if end == "close":
        holder.do("close")
    else:
        holder.kill()
    assert ids(store) == ["first", "second"]
    assert store.take_over()
    assert store.holder == ""
    assert store.take_over()
    filled(store)
    assert ids(store) == ["first", "second", "s", "r"]
    other = Store(path)
    assert f"process {os.getpid()} on" in other.holder
    assert not other.take_over()
    other.close()
    store.close()
    assert not list(path.parent.glob("*-wal"))


def test_expired_state_is_not_deleted_while_another_process_has_the_file_open(path: Path):
    values = [StateValue("", "old", 1, 10.0), StateValue("", "new", 2, None)]
    first = Store(path)
    with first.writing():
        first.put_state(values)
    second = Store(path)
    assert second.state(now=10.0) == [values[1]]
    assert second.state(now=9.0) == [values[1], values[0]]
    first.close()
    second.close()


def test_a_holder_that_has_not_written_its_row_yet_is_another_process(path: Path):
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE holder SET pid = ?", (dead_process(),))
    lock = acquire_lock(path)
    assert lock is not None
    store = Store(path)
    assert store.holder == "another process"
    lock.release()
    assert store.take_over()
    store.close()


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_holder_of_another_version_is_named(path: Path):
    holder = Store(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match=rf"process {os.getpid()} on .* by another version .*"):
        Store(path)
    holder.close()


@pytest.mark.slow
def test_a_file_that_cannot_be_taken_over_can_still_be_read(path: Path, holder: Holder):
    store = Store(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    assert not store.take_over()
    holder.kill()
    for _ in range(2):
        with pytest.raises(StoreError, match="newer"):
            store.take_over()
    assert ids(store) == ["first"]
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    assert store.take_over()
    store.close()


def test_a_link_leads_to_the_same_session(tmp_path: Path, path: Path):
    first = Store(path)
    (tmp_path / "link.sqlite").symlink_to(path)
    second = Store(tmp_path / "link.sqlite")
    assert second.holder
    second.close()
    first.close()
