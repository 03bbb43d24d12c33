"""Files that are damaged, forged or no files at all, and what is made of each.

See hostile_files: either they are read, and all that a user does with a run works, or a
StoreError says what to do. None takes long, or much memory.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import asyncdest_nb as ad
import hostile_bytes
import hostile_files as hostile
import hostile_sql
from asyncdest_nb.widgets.monitor import Monitor

if sys.platform == "win32":
    pytest.skip("needs files of POSIX", allow_module_level=True)

import resource

MOST_MB = 900
ADVICE = (
    "move it away, or restore it from a copy",
    "upgrade asyncdest_nb",
    "only what Run.export wrote can be loaded",
    "give the path of a file that Run.export wrote",
    "was exported by an older asyncdest_nb",
    "Give another name or path",
    "a session needs a directory",
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Give the bytes of a good file of each kind."""
    folder = tmp_path_factory.mktemp("good")
    hostile.make_export(folder / "export")
    hostile.make_session(folder / "session")
    return {each.name: each.read_bytes() for each in folder.iterdir() if "." not in each.name}


@pytest.fixture(autouse=True)
def _little_memory():
    """Let no test make the process much larger than it was at its largest."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_MB * (2**20 if sys.platform == "darwin" else 2**10)


def use(run: ad.Run) -> None:
    """Do what a user does with a run that cannot go on."""
    assert len(run.results()) == len(run.results().index)
    run.failed()
    assert sum(run.counts.values()) == len(run.labels)
    assert repr(run).startswith("<Run ")
    assert run.stats["rows"] == len(run.labels)
    assert isinstance(run.notices, list)
    for operation in run.operations:
        run.details(operation.number)
    monitor = Monitor(run)
    monitor.get_state()
    monitor.close()


def loaded(path: Path) -> bool:
    """Whether it was loaded; if not, a StoreError states what to do."""
    try:
        run = ad.load(path)
    except ad.StoreError as error:
        return refused(error, path)
    except ad.UsageError:  # It is an export of nothing.
        return True
    use(run)
    return True


def opened(path: Path) -> bool:
    """Whether it was opened as a session's; if not, a StoreError states what to do."""
    try:
        with ad.Session(path=path) as session:
            assert repr(session)
            for run in session.runs():
                use(run)
    except ad.StoreError as error:
        return refused(error, path)
    return True


def refused(error: Exception, path: Path) -> bool:
    said = str(error)
    assert str(path) in said
    assert any(each in said for each in ADVICE), said
    assert len(said) < 1000
    return False


KINDS = {"export": loaded, "session": opened}
pytestmark = [
    pytest.mark.filterwarnings("ignore::asyncdest_nb.store.StoreWarning"),
    pytest.mark.timeout(100),
]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_good_files_are_read(good: dict[str, bytes], tmp_path: Path, kind: str):
    path = tmp_path / kind
    path.write_bytes(good[kind])
    assert KINDS[kind](path)


# What no run can be, however it is read.
REFUSED = re.compile("view|trigger|check|300 MB|itself|ring of|trigger|generated|virtual|too few")


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile_sql.SQL)
def test_a_file_that_was_changed_is_read_or_refused(
    good: dict[str, bytes], tmp_path: Path, kind: str, name: str
):
    is_read = spoiled(good, tmp_path, kind, hostile_sql.SQL[name])
    assert not (is_read and REFUSED.search(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile_sql.ODD)
def test_a_file_with_odd_values_is_read_or_refused(
    good: dict[str, bytes], tmp_path: Path, kind: str, name: str
):
    for column, script in hostile_sql.odd_values(name).items():
        (tmp_path / column).mkdir()
        spoiled(good, tmp_path / column, kind, script)


@pytest.mark.slow
@pytest.mark.parametrize("name", hostile_sql.SESSION_SQL)
def test_a_session_that_was_changed_is_read_or_refused(
    good: dict[str, bytes], tmp_path: Path, name: str
):
    spoiled(good, tmp_path, "session", hostile_sql.SESSION_SQL[name])


def spoiled(good: dict[str, bytes], folder: Path, kind: str, script: str) -> bool:
    path = folder / kind
    path.write_bytes(good[kind])
    hostile.apply(path, script)
    return KINDS[kind](path)


@pytest.mark.parametrize("name", hostile_bytes.BYTES)
def test_a_file_of_other_bytes_is_read_or_refused(
    good: dict[str, bytes], tmp_path: Path, kind: str, name: str
):
    path = tmp_path / kind
    path.write_bytes(hostile_bytes.BYTES[name](good[kind]))
    KINDS[kind](path)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(at, at + 100) for at in range(0, 600, 100)])
def test_a_file_with_some_bytes_changed_is_read_or_refused(
    good: dict[str, bytes], tmp_path: Path, kind: str, seeds: range
):
    for seed in seeds:
        path = tmp_path / f"{kind}-{seed}"
        path.write_bytes(hostile_bytes.flipped(good[kind], seed))
        KINDS[kind](path)
        path.unlink()


ENDS = {"-wal": 5000, "-shm": 5000, "-journal": 5000}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("what", ["zeros", "text", "pipe", "link", "folder"])
def test_what_lies_beside_a_file_is_taken_for_nothing_it_is_not(
    good: dict[str, bytes], tmp_path: Path, kind: str, end: str, what: str
):
    path = tmp_path / kind
    path.write_bytes(good[kind])
    beside, target = Path(f"{path}{end}"), tmp_path / "mine"
    target.write_text("mine")
    make: dict[str, Callable[[], object]] = {
        "zeros": lambda: beside.write_bytes(b"\0" * 5000),
        "text": lambda: beside.write_bytes(b"dear diary\n" * 500),
        "pipe": lambda: hostile.make_pipe(beside),
        "link": lambda: beside.symlink_to(target),
        "folder": beside.mkdir,
    }
    make[what]()
    KINDS[kind](path)
    assert target.read_text() == "mine"


@pytest.mark.parametrize("name", ["pipe", "device", "endless device", "socket", "folder", "ring"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str, name: str):
    path = tmp_path / "it"
    with contextlib.ExitStack() as stack:
        if name == "pipe":
            hostile.make_pipe(path)
        elif name == "socket":
            stack.enter_context(hostile.socket_at(path))
        elif name == "folder":
            path.mkdir()
        elif name == "ring":
            path.symlink_to(tmp_path / "other")
            (tmp_path / "other").symlink_to(path)
        else:
            path = Path("/dev/null" if name == "device" else "/dev/zero")
        assert not KINDS[kind](path)


@pytest.mark.parametrize("path", ["a\0b", 5, None, b"x", "~nobody-of-that-name/x"])
def test_what_is_no_path_is_a_mistake_of_the_caller(path: object):
    with pytest.raises(ad.UsageError, match="path is"):
        ad.load(path)
    if path is not None:
        with pytest.raises(ad.UsageError, match="path is"):
            ad.Session(path=path)
