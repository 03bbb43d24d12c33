"""Full disks and places where nothing can be written: real files, and real HTTP beside them."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import Store, schema, write_export
from paths import HELPERS
from raw_server import RawServer, Writer, answer
from session_engines import session_engines
from stored_runs import fill_disk, ids, make_room, write


def people(count: int) -> pd.DataFrame:
    rows = [{"user_id": f"u-{at}", "operation_type": "sync_profile"} for at in range(count)]
    return pd.DataFrame(rows)


# A full disk


@pytest.mark.parametrize("pages_left", [0, 1, 10, 100])
def test_a_full_disk_is_named_and_leaves_what_was_there_before(path: Path, pages_left: int):
    store = Store(path)
    write(store, "before")
    fill_disk(store, pages_left=pages_left)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"cannot write .*full; make room on the disk"):
            write(store, "after", length=1000)
    assert ids(store) == ["before"]
    assert store.rows("after") == []
    make_room(store)
    write(store, "after", length=1000)
    store.close()
    again = Store(path)
    assert ids(again) == ["before", "after"]
    again.close()


LIMITED = """
import resource, sys
from pathlib import Path
from asyncdest_nb.errors import StoreError
from stored_runs import Store, ids, write

path = Path(sys.argv[1])
store = Store(path)
write(store, "before")
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
for _ in range(2):
    try:
        write(store, "after", length=2000)
    except StoreError as error:
        print(error)
assert ids(store) == ["before"], ids(store)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
write(store, "after", length=2000)
store.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX")
@pytest.mark.parametrize("most", [200_000, 1_000_000])
def test_a_commit_that_the_system_refuses_leaves_what_was_there_before(path: Path, most: int):
    words = [sys.executable, "-W", "error", "-c", LIMITED, path, str(most)]
    search = os.pathsep.join([str(HELPERS), *sys.path])
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("cannot write") == 2
    store = Store(path)
    assert ids(store) == ["before", "after"]
    assert len(store.rows("after")) == 2000
    store.close()


def test_nothing_is_sent_when_the_disk_is_full_before_the_intent(path: Path):
    with RawServer(answer(202, {"operations": [{"operation_id": "o-1"}]})) as server:
        with session_engines() as engines, ad.Session(path=path) as session:
            store = engines[0].store
            fill_disk(store)
            crm = session.connect("example-async", endpoint=server.url)
            run = crm.submit(people(500), "asyncOperation")
            with pytest.raises(StoreError, match=r"cannot write .*s\.sqlite.* full; make room"):
                run.wait(timeout=10)
            assert "full" in " ".join(run.notices)
        with ad.Session(path=path) as session:
            assert session.runs() == []
        assert server.arrived == []
    with contextlib.closing(sqlite3.connect(path)) as database:
        for table in ("run", "row", "operation"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_nothing_is_sent_twice_when_the_disk_is_full_after_the_intent(path: Path):
    store: list[Store] = []
    taken = answer(202, {"operations": [{"operation_id": "o" * 100_000}]})

    async def fill_and_take(writer: Writer) -> None:
        fill_disk(store[0])
        await taken(writer)

    with RawServer(fill_and_take, answer(500)) as server:
        with session_engines() as engines, ad.Session(path=path) as session:
            store.append(engines[0].store)
            crm = session.connect("example-async", endpoint=server.url)
            run = crm.submit(people(1), "asyncOperation")
            with pytest.raises(StoreError, match="full; make room"):
                run.wait(timeout=10)
        with ad.Session(path=path) as session:
            session.connect("example-async", endpoint=server.url)
            (again,) = session.runs()
            again.wait(timeout=2)
            assert set(again.results()["status"]) == {"unknown"}
        sent = [each for each in server.arrived if each.method == "POST"]
        assert len(sent) == 1


def test_an_export_to_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = Store()
    write(store, length=1000)
    # The file of an export is out of reach while it is written; its schema is not.
    monkeypatch.setattr(schema, "RUN_TABLES", (*schema.RUN_TABLES, "PRAGMA max_page_count = 10"))
    with pytest.raises(StoreError, match=r"cannot .*out: .*full; make room"):
        write_export(store, ["r"], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    store.close()


# Where nothing can be written


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_directory_that_is_read_only_is_named(path: Path, is_there: bool):
    if is_there:
        Store(path).close()
        Path(f"{path}.lock").unlink(missing_ok=True)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match=r"cannot open .*; a session needs a directory where"):
            ad.Session(path=path)
    finally:
        path.parent.chmod(0o700)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs the /proc of Linux")
def test_a_place_that_takes_no_files_is_named():
    with pytest.raises(StoreError, match=r"cannot open /proc/.*; a session needs a directory"):
        ad.Session(path="/proc/deep/s.sqlite")
    with pytest.raises(StoreError, match=r"cannot open /proc/.*; a session needs a directory"):
        ad.Session(path="/proc/s.sqlite")


def test_a_path_below_a_file_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match=r"cannot open .*file.s\.sqlite: .*; a session needs a"):
        ad.Session(path=tmp_path / "file" / "s.sqlite")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_directory_as_path_is_named(tmp_path: Path):
    with pytest.raises(StoreError, match=rf"cannot open {re.escape(str(tmp_path))}: "):
        ad.Session(path=tmp_path)
