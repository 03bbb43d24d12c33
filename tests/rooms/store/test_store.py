"""The session's memory, against real SQLite files."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from asyncdest_nb.errors import StoreError, UnknownName, UsageError
from asyncdest_nb.operation import Operation, RowOutcome, RowStatus, State
from asyncdest_nb.store import (
    SCHEMA_VERSION,
    ExportedRuns,
    StateValue,
    Store,
    StoredRow,
    StoredRun,
    write_export,
)
from asyncdest_nb.store.holder import locked
from asyncdest_nb.store.schema import EXPORT_ID, SESSION_ID
from paths import DATA

VERSION_1 = DATA / "session_v1.sqlite"

FULL = Operation(
    number=1,
    rows=(3, 1),
    batch=2,
    step=1,
    in_doubt=True,
    is_overdue=True,
    state=State.PARTIAL,
    operation_id="op-é😀",
    context={"operation_id": "op", "nested": [1, None]},
    progress=12.5,
    message="half \ud800 done".encode("utf-8", "backslashreplace").decode(),
    error_code="E1",
    result={"text": "lone \ud800 surrogate"},
    odd_status="exploded",
    polls=4,
    poll_errors=1,
    submitted_at=1.0,
    accepted_at=2.0,
    seen_at=3.0,
    finished_at=4.0,
    row_outcomes=(
        RowOutcome(RowStatus.COMPLETED, result={"id": 1}),
        RowOutcome(RowStatus.FAILED, "locked", "LOCK", retryable=True),
    ),
)


RUN = StoredRun("r", "crm", "upsert", "Upsert to CRM", {"endpoint": "https://x"}, 10, 1.0)
RETRY = replace(
    RUN, id="s", created_at=2.0, retry_of="r", positions=(3, 1), digest="d", deadline_seconds=0.5
)
ROWS = [
    StoredRow(0, "a", '{"x":1}', None),
    StoredRow(1, "b", None, "bad"),
    StoredRow(2, "b", None, None, "5e88"),
]
OPERATIONS = [Operation(number=0, rows=(0,)), FULL]


def filled(store: Store) -> None:
    with store.writing():
        store.add_run(RETRY)
        store.add_run(RUN)
        store.add_rows("r", reversed(ROWS))
        store.put_operations("r", OPERATIONS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite"


def write_half(store: Store) -> None:
    with store.writing():
        store.put_operations("r", [Operation(number=7, rows=(7,))])
        store.add_run(RUN)


@pytest.mark.parametrize("in_file", [True, False])
def test_what_is_written_is_read_back_whole(tmp_path: Path, in_file: bool):
    store = Store(tmp_path / "deep" / "s.sqlite" if in_file else None)
    filled(store)
    assert store.holder == ""
    assert store.runs() == [RETRY, RUN]  # As written, whatever their clocks said.
    assert store.rows("r") == ROWS
    assert store.operations("r") == OPERATIONS
    assert store.operations("r")[1].in_doubt is True
    assert (store.rows("s"), store.operations("s")) == ([], [])
    store.close()


def test_a_reopened_file_holds_the_same(tmp_path: Path):
    first = Store(tmp_path / "s.sqlite")
    filled(first)
    first.close()
    again = Store(tmp_path / "s.sqlite")
    assert again.operations("r")[1] == FULL
    again.close()


def test_what_was_written_of_a_run_that_never_came_to_be_is_gone_once_it_is_reopened(path: Path):
    store = Store(path)
    filled(store)
    with store.writing():
        store.add_rows("begun", ROWS)
        store.put_operations("begun", OPERATIONS)
    assert [run.id for run in store.runs()] == ["s", "r"]
    store.close()
    again = Store(path)
    assert (again.rows("begun"), again.operations("begun")) == ([], [])
    assert (again.rows("r"), again.operations("r")) == (ROWS, OPERATIONS)
    again.close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path):
    store = Store(tmp_path / "s.sqlite")
    filled(store)
    with pytest.raises(StoreError, match="cannot write"):
        write_half(store)
    assert [each.number for each in store.operations("r")] == [0, 1]
    store.close()


def test_numbers_that_json_does_not_have_are_kept_as_null():
    store = Store()
    filled(store)
    odd = Operation(number=2, rows=(2,), result={"a": float("nan"), "b": [float("inf")], "c": {1}})
    with store.writing():
        store.put_operations("r", [odd])
    assert store.operations("r")[2].result == {"a": None, "b": [None], "c": "{1}"}
    store.close()


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        ({("a", 1): 2}, {"('a', 1)": 2}),
        (circular := [1], "a list that is not JSON: "),
    ],
)
def test_a_result_that_is_no_json_is_kept_as_far_as_it_can_be(result, kept):
    if result is circular:
        circular.append(circular)
    store = Store()
    filled(store)
    with store.writing():
        store.put_operations("r", [Operation(number=2, rows=(2,), result=result)])
    found = store.operations("r")[2].result
    assert found == kept or found.startswith(kept)
    store.close()


def test_expired_state_is_gone():
    store = Store()
    values = [StateValue("", "old", 1, 10.0), StateValue("r/0", "new", {"a": 1}, None)]
    with store.writing():
        store.put_state(values)
    assert store.state(now=10.0) == [values[1]]
    assert store.state(now=0.0) == [values[1]]
    store.close()


def test_the_file_is_for_its_owner_alone_and_survives_a_power_cut(tmp_path: Path):
    store = Store(tmp_path / "s.sqlite")
    assert stat.S_IMODE((tmp_path / "s.sqlite").stat().st_mode) == 0o600
    assert store.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store.database.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()


# Versions


def test_a_file_of_a_newer_version_is_refused(path: Path):
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match="newer asyncdest_nb"):
        Store(path)


def tables_of(path: Path) -> dict[str, list[tuple]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for (name,) in found}


def version_of(path: Path) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (application_id,) = database.execute("PRAGMA application_id").fetchone()
        return version, application_id


def test_a_file_of_version_1_is_opened_with_all_that_is_in_it(path: Path):
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


def test_an_operation_that_version_1_left_unknown_is_in_doubt(path: Path):
    shutil.copy(VERSION_1, path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE operation SET state = 'held' WHERE number = 2")
    store = Store(path)
    found = store.operations("1a6f38c98816")
    assert [each.in_doubt for each in found] == [False, False, True, False]
    store.close()


def schema_of(path: Path) -> dict[str, list[tuple]]:
    """Return the columns of every table by name: what they are, in whatever order."""
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


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs signals")
@pytest.mark.parametrize("done", [1, 100])
def test_a_migration_that_is_killed_leaves_version_1_whole(path: Path, done: int):
    shutil.copy(VERSION_1, path)
    before = tables_of(path)
    words = [sys.executable, "-c", KILLED_WHILE_MIGRATING, path, str(done)]
    assert subprocess.run(words, timeout=30).returncode == -signal.SIGKILL
    assert version_of(path) == (1, 0)
    assert tables_of(path) == before
    store = Store(path)
    assert len(store.runs()) == 3
    store.close()


# Held by another process

HOLDING = """
import sys
from pathlib import Path
from asyncdest_nb.store import Store, StoredRun

store = Store(Path(sys.argv[1]))
for number, word in enumerate(sys.stdin):
    if word.strip() == "close":
        store.close()
    else:
        with store.writing():
            store.add_run(StoredRun(word.strip(), "crm", "upsert", "", {}, None, float(number)))
    print("done", flush=True)
"""


class Holder:
    """Another process that has a store open, and does as it is told."""

    def __init__(self, path: Path) -> None:
        words = [sys.executable, "-c", HOLDING, path]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, word: str) -> None:
        """Make it add the run *word*, or "close"; it is done on return."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
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


def ids(store: Store) -> list[str]:
    return [run.id for run in store.runs()]


def test_a_file_that_another_process_has_open_can_be_read_and_says_who_has_it(
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


def test_expired_state_stays_where_another_has_the_file_open(path: Path):
    values = [StateValue("", "old", 1, 10.0), StateValue("", "new", 2, None)]
    first = Store(path)
    with first.writing():
        first.put_state(values)
    second = Store(path)
    assert second.state(now=10.0) == [values[1]]
    assert second.state(now=9.0) == [values[1], values[0]]
    first.close()
    second.close()


def test_a_holder_that_has_not_said_who_it_is_yet_is_another_process(path: Path):
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE holder SET pid = ?", (dead_process(),))
    lock = locked(path)
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


# Forgetting

SECRET = "ada@example.com"


def write_run(store: Store, run: str, **changes) -> None:
    operation = replace(FULL, number=0, result={"email": SECRET + run})
    states = changes.pop("states", [State.COMPLETED])
    with store.writing():
        store.add_run(replace(RUN, id=run, **changes))
        store.add_rows(
            run, [StoredRow(at, "a", f'"{SECRET}{run}{at}"' * (at % 9), None) for at in range(300)]
        )
        store.put_operations(
            run, [replace(operation, number=at, state=state) for at, state in enumerate(states)]
        )
        store.put_state([StateValue(f"{run}/0", "k", SECRET + run, None)])


def all_bytes(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def test_nothing_of_a_forgotten_run_stays_in_the_file(path: Path):
    store = Store(path)
    for run in ("b7", "a1", "c3", "a10", "xa1"):
        write_run(store, run)
    with store.writing():
        store.put_state([StateValue("", "own", "kept", None)])
    before = store.rows("c3"), store.operations("c3")
    assert b"com" + b"a1" in all_bytes(path)
    store.forget(["a1", "b7", "nobody"])
    assert ids(store) == ["c3", "a10", "xa1"]
    assert {value.scope for value in store.state(now=0.0)} == {"", "a10/0", "c3/0", "xa1/0"}
    assert (store.rows("c3"), store.operations("c3")) == before
    assert (store.rows("a1"), store.operations("a1")) == ([], [])
    found = all_bytes(path)
    assert found.count((SECRET + "b7").encode()) == 0
    assert found.count((SECRET + "a1").encode()) == found.count((SECRET + "a10").encode()) > 0
    store.close()


def test_deleted_rows_that_sqlite_moved_about_leave_no_copies(path: Path):
    store = Store(path)
    runs = [f"{number * 7919 % 1000:03}x" for number in range(12)]
    with store.writing():
        for run in runs:
            store.add_run(replace(RUN, id=run))
        for at in range(300):
            for run in runs:
                payload = f"{SECRET}{run}" + "-" * ((at * 37 + len(runs)) % 700)
                store.add_rows(run, [StoredRow(at, "a", payload, None)])
    store.forget(runs[:6])
    found = all_bytes(path)
    assert [found.count((SECRET + run).encode()) for run in runs] == [0] * 6 + [300] * 6
    store.close()


def test_runs_are_forgotten_once_they_are_old_and_ended():
    store = Store()
    write_run(store, "old", created_at=10.0)
    write_run(store, "empty", created_at=10.0, states=[])
    write_run(store, "held", created_at=10.0, states=[State.COMPLETED, State.HELD])
    write_run(store, "young", created_at=20.0)
    assert store.forget_older(20.0) == ["old", "empty"]
    assert ids(store) == ["held", "young"]
    assert store.forget_older(20.0) == []
    store.close()


def test_a_chain_of_retries_is_kept_while_one_of_it_is_young_or_going():
    store = Store()
    write_run(store, "a", created_at=1.0)
    write_run(store, "a1", created_at=2.0, retry_of="a")
    write_run(store, "a2", created_at=30.0, retry_of="a1")
    write_run(store, "b", created_at=3.0)
    write_run(store, "b1", created_at=4.0, retry_of="b", states=[State.RUNNING])
    write_run(store, "b2", created_at=5.0, retry_of="b")
    write_run(store, "c", created_at=7.0)
    write_run(store, "c1", created_at=6.0, retry_of="c")  # The clock was put back.
    write_run(store, "d1", created_at=8.0, retry_of="forgotten")
    assert store.forget_older(20.0) == ["c", "c1", "d1"]
    assert ids(store) == ["a", "a1", "a2", "b", "b1", "b2"]
    store.close()


# Exporting


@pytest.mark.parametrize("source", ["file", "memory", "held"])
def test_an_exported_run_is_read_back_whole(tmp_path: Path, path: Path, source: str):
    first = Store(None if source == "memory" else path)
    filled(first)
    write_run(first, "other")
    store = Store(path) if source == "held" else first
    out = tmp_path / "out #1?.asyncrun"
    write_export(store, ["r", "s", "r"], out)
    store.close()
    first.close()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert version_of(out) == (SCHEMA_VERSION, EXPORT_ID)
    assert set(tables_of(out)) == {"run", "row", "operation"}
    out.chmod(0o400)
    before = sorted(tmp_path.iterdir())
    exported = ExportedRuns(out)
    assert exported.runs() == [RUN, RETRY]
    assert exported.rows("r") == ROWS
    assert exported.operations("r") == OPERATIONS
    assert sorted(tmp_path.iterdir()) == before
    assert not {"state", "take_over"} & set(dir(exported))  # An export has neither.
    with pytest.raises(StoreError, match="only be read"):
        filled(exported)
    exported.close()


def test_nothing_is_exported_over_a_file_or_of_a_run_that_is_not_there(tmp_path: Path):
    store = Store()
    filled(store)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="already exists"):
        write_export(store, ["r"], tmp_path / "out")
    with pytest.raises(UnknownName, match=r"no run 'q'.* Known: r, s"):
        write_export(store, ["r", "q"], tmp_path / "new")
    with pytest.raises(StoreError, match=r"cannot export to .*nowhere"):
        write_export(store, ["r"], tmp_path / "nowhere" / "new")
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "mine"
    store.close()


def test_a_session_and_an_exported_run_are_not_taken_for_each_other(tmp_path: Path, path: Path):
    store = Store(path)
    filled(store)
    write_export(store, ["r"], tmp_path / "out")
    store.close()
    before = (tmp_path / "out").read_bytes()
    with pytest.raises(StoreError, match=r"out is an exported run: .*asyncdest_nb\.load\("):
        Store(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == before
    with pytest.raises(StoreError, match=r"session's file, not an .*asyncdest_nb\.Session\(path="):
        ExportedRuns(path)
    with pytest.raises(StoreError, match="No such file"):
        ExportedRuns(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
