"""Full, read-only, damaged, foreign and far-away files: real ones, and real HTTP beside them."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pandas as pd
import psutil
import pytest

import asyncdest_nb as ad
from asyncdest_nb.errors import StoreError
from asyncdest_nb.store import ExportedRuns, Store, StoreWarning, schema, write_export
from asyncdest_nb.store.disk import file_system, is_remote
from asyncdest_nb.store.schema import SCHEMA_VERSION
from paths import HELPERS
from raw_server import RawServer, Writer, answer
from session_engines import session_engines
from stored_runs import fill_disk, ids, make_room, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite"


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


# Damage


def session_file(path: Path) -> bytes:
    """Write a session of some 400 pages, and return its bytes."""
    store = Store(path)
    write(store, length=1000)
    store.close()
    content = path.read_bytes()
    assert len(content) > 200 * 4096
    return content


def overwritten(content: bytes, start: int, count: int) -> bytes:
    return content[:start] + b"\xa5" * count + content[start + count :]


DAMAGES: dict[str, Any] = {
    "no database": lambda content: b"dear diary, " * 1000,
    "no header": lambda content: overwritten(content, 0, 16),
    "no page size": lambda content: overwritten(content, 16, 2),
    "no first page": lambda content: overwritten(content, 100, 3000),
    "page in the middle": lambda content: overwritten(content, len(content) // 8192 * 4096, 4096),
    "all but the first page": lambda content: overwritten(content, 4096, len(content) - 4096),
    "cut in half": lambda content: content[: len(content) // 2],
    "cut within a page": lambda content: content[:-1000],
    "cut in the header": lambda content: content[:50],
    "one page": lambda content: content[:4096],
}


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


def test_a_damaged_export_is_refused(tmp_path: Path):
    store = Store()
    write(store, length=1000)
    out = tmp_path / "out"
    write_export(store, ["r"], out)
    store.close()
    content = out.read_bytes()
    for damage in DAMAGES:
        out.write_bytes(DAMAGES[damage](content))
        with pytest.raises(StoreError, match="move it away, or restore it from a copy"):
            ExportedRuns(out)
    out.write_bytes(b"")
    with pytest.raises(StoreError, match="another program, without tables"):
        ExportedRuns(out)
    assert list(tmp_path.iterdir()) == [out]


def test_what_cannot_be_loaded_is_named_with_what_can(tmp_path: Path):
    table = tmp_path / "people.csv"
    table.write_text("user_id\nada\n" * 100)
    for path, said in {
        tmp_path / "nothing.run": "No such file or directory; give the path of a file that Run.",
        tmp_path: "Is a directory; give the path of a file that Run.export wrote",
        table: "file is not a database; only what Run.export wrote can be loaded; if it is that",
    }.items():
        with pytest.raises(StoreError) as caught:
            ad.load(path)
        assert str(caught.value).startswith(f"cannot load {path}: {said}")
        assert "session" not in str(caught.value)


def test_a_file_that_is_not_there_is_told_once(tmp_path: Path):
    with pytest.raises(StoreError) as caught:
        ad.load(tmp_path / "nothing.run")
    assert "".join(traceback.format_exception(caught.value)).count("Traceback") == 1


def test_damage_of_an_export_that_sqlite_cannot_see_says_nothing_of_sessions(tmp_path: Path):
    store = Store()
    write(store)
    write_export(store, ["r"], tmp_path / "out")
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "out")) as database, database:
        database.execute("UPDATE operation SET state = 'finnished'")
    with pytest.raises(StoreError, match=r"out is damaged \(.*\): only what Run\.export") as caught:
        ad.load(tmp_path / "out")
    assert "session" not in str(caught.value)


def test_an_export_into_a_folder_that_is_not_there_names_what_was_given(tmp_path: Path):
    store, path = Store(), tmp_path / "nowhere" / "out"
    write(store)
    with pytest.raises(StoreError) as caught:
        write_export(store, ["r"], path)
    assert str(caught.value) == (
        f"cannot export to {path}: No such file or directory; "
        "give a path in a directory that exists, and where files can be written"
    )
    store.close()


def test_the_file_of_an_open_session_is_no_export(path: Path):
    with (
        ad.Session(path=path),
        pytest.raises(StoreError, match=r"s\.sqlite is the file of an open session, not an"),
    ):
        ad.load(path)


def test_an_empty_file_is_a_session_that_has_not_begun(path: Path):
    path.write_bytes(b"")
    with ad.Session(path=path) as session:
        assert session.runs() == []
    store = Store(path)
    write(store)
    store.close()


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


# Network file systems

MOUNTED = [
    ("/", "ext4"),
    ("/home", "nfs4"),
    ("/home/ada/local", "xfs"),
    ("/mnt/share", "cifs"),
    ("/mnt/share", "fuse.sshfs"),
    ("/media/usb", "fuseblk"),
]


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/var/s.sqlite", "ext4"),
        ("/home/ada/s.sqlite", "nfs4"),
        ("/home/ada/local/deep/s.sqlite", "xfs"),
        ("/homely/s.sqlite", "ext4"),
        ("/mnt/share/s.sqlite", "fuse.sshfs"),
        ("/media/usb/s.sqlite", "fuseblk"),
    ],
)
def test_a_file_is_on_the_nearest_mount_above_it(file: str, kind: str):
    assert file_system(PurePosixPath(file), MOUNTED) == kind


def test_a_file_of_windows_is_on_its_drive_or_on_a_share():
    mounted = [("C:\\", "NTFS"), ("D:\\", "exFAT")]
    assert file_system(PureWindowsPath(r"c:\users\ada\s.sqlite"), mounted) == "ntfs"
    assert file_system(PureWindowsPath(r"\\?\C:\s.sqlite"), mounted) == ""
    assert is_remote(file_system(PureWindowsPath(r"\\server\share\s.sqlite"), mounted))


def test_a_file_nobody_knows_the_mount_of_is_taken_for_local():
    assert file_system(PurePosixPath("/var/s.sqlite"), []) == ""
    assert not is_remote("")


@pytest.mark.parametrize(
    "kind",
    "nfs nfs4 cifs smb3 smbfs smb2 afpfs 9p fuse fuse.sshfs fuse.gcsfuse webdav davfs davfs2 "
    "glusterfs fuse.glusterfs lustre beegfs ceph macfuse".split(),
)
def test_network_file_systems_are_known(kind: str):
    assert is_remote(kind)


@pytest.mark.parametrize("kind", "ext4 xfs btrfs zfs apfs hfs ntfs fuseblk tmpfs overlay".split())
def test_disks_are_local(kind: str):
    assert not is_remote(kind)


class Mount:
    """A mount point, as psutil has it."""

    def __init__(self, mountpoint: Path, fstype: str) -> None:
        self.mountpoint = str(mountpoint)
        self.fstype = fstype


def test_a_session_on_a_network_file_system_warns_and_does_without_shared_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    session_file(path)
    asked = []

    def partitions(all: bool) -> list[Mount]:
        asked.append(all)
        return [Mount(Path("/"), "ext4"), Mount(path.parent.resolve(), "nfs4")]

    monkeypatch.setattr(psutil, "disk_partitions", partitions)
    with pytest.warns(StoreWarning, match=r"network file system \(nfs4\).*missing.*path="):
        store = Store(path)
    assert asked == [True]
    assert store.database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert store.database.execute("PRAGMA synchronous").fetchone() == (3,)
    write(store, "s")
    other = Store(path)
    assert (bool(other.holder), ids(other)) == (True, ["r", "s"])
    write(store, "t")
    assert ids(other) == ["r", "s", "t"]
    store.close()
    with pytest.warns(StoreWarning):
        assert other.take_over()
    other.forget(["t"])
    other.close()
    Store().close()
    monkeypatch.undo()
    local = Store(path)
    assert local.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ids(local) == ["r", "s"]
    local.close()


def test_a_warning_that_is_an_error_leaves_the_file_free(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    mounts = [Mount(path.parent.resolve(), "nfs4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    with pytest.raises(StoreWarning):
        Store(path)
    mounts.clear()
    store = Store(path)
    assert store.holder == ""
    store.close()


def test_a_session_opens_where_mounts_cannot_be_listed(path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(all: bool) -> list[Any]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "disk_partitions", fail)
    store = Store(path)
    write(store)
    store.close()
