"""Permissions of a session's files, and files of others that a session refuses."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import asyncdest_nb as ad

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes have no meaning there")

ENDS = ["", "-wal", "-shm", ".lock"]


@pytest.fixture(params=[0o000, 0o022, 0o077])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("_umask")
def test_files_and_folders_of_a_session_are_accessible_only_to_their_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a"))
    path = tmp_path / "a" / "asyncdest_nb" / "s.sqlite"
    with ad.Session("s"):
        assert {end: mode(Path(f"{path}{end}")) for end in ENDS} == dict.fromkeys(ENDS, 0o600)
    assert (mode(path.parent), mode(path.parent.parent)) == (0o700, 0o700)


@pytest.mark.parametrize("given", [0o666, 0o644, 0o660, 0o606, 0o777])
@pytest.mark.parametrize("is_empty", [True, False])
def test_a_file_that_others_can_read_becomes_private(path: Path, given: int, is_empty: bool):
    if is_empty:
        path.touch()
    else:
        ad.Session(path=path).close()
    for end in ENDS:
        if (beside := Path(f"{path}{end}")).exists():
            beside.chmod(given)
    with ad.Session(path=path):
        assert all(mode(Path(f"{path}{end}")) & 0o077 == 0 for end in ENDS)


def test_a_leftover_file_beside_it_becomes_private_too(path: Path):
    ad.Session(path=path).close()
    for end in ENDS[1:]:
        Path(f"{path}{end}").write_bytes(b"")
        Path(f"{path}{end}").chmod(0o666)
    with ad.Session(path=path):
        assert all(mode(Path(f"{path}{end}")) & 0o077 == 0 for end in ENDS)


@pytest.mark.parametrize("content", [b"dear diary", b"SQLite format 3\0" + b"\1" * 600])
def test_a_file_that_is_no_session_keeps_its_mode_and_content(path: Path, content: bytes):
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(ad.StoreError):
        ad.Session(path=path)
    assert (mode(path), path.read_bytes()) == (0o644, content)


def test_only_its_owner_can_read_an_export_and_it_replaces_nothing(tmp_path: Path):
    before = os.umask(0)
    try:
        with ad.simulate("example-async", duration_seconds=0.05) as demo, ad.Session() as session:
            frame = pd.DataFrame({"user_id": ["u"], "operation_type": ["sync_profile"]})
            run = session.connect(demo).submit(frame, "asyncOperation")
            run.wait(timeout=30)
            run.export(tmp_path / "run")
            (tmp_path / "mine").touch()
            (tmp_path / "link").symlink_to(tmp_path / "mine")
            for taken in ("run", "link"):
                with pytest.raises(ad.UsageError, match="already exists"):
                    run.export(tmp_path / taken)
    finally:
        os.umask(before)
    assert mode(tmp_path / "run") == 0o600
    assert (tmp_path / "mine").read_bytes() == b""


def test_a_link_to_an_empty_file_is_not_followed(tmp_path: Path, path: Path):
    (tmp_path / "theirs").touch(mode=0o666)
    path.symlink_to(tmp_path / "theirs")
    with pytest.raises(
        ad.StoreError, match=r"is a link to .*theirs, which is empty .* another name"
    ):
        ad.Session(path=path)
    assert (tmp_path / "theirs").read_bytes() == b""


def test_the_users_own_link_may_lead_to_a_session_on_another_disk(tmp_path: Path, path: Path):
    path.symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        with ad.Session(path=path) as session:
            assert "read-only" not in repr(session)
    assert mode(tmp_path / "elsewhere") == 0o600
    assert path.is_symlink()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", ".lock"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_link_beside_the_file_is_refused_and_not_followed(
    tmp_path: Path, path: Path, end: str, is_new: bool
):
    if not is_new:
        ad.Session(path=path).close()
        Path(f"{path}.lock").unlink(missing_ok=True)
    (tmp_path / "theirs").write_text("theirs")
    Path(f"{path}{end}").symlink_to(tmp_path / "theirs")
    with pytest.raises(ad.StoreError, match="it is a link"):
        ad.Session(path=path)
    assert (tmp_path / "theirs").read_text() == "theirs"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only the superuser can give files away"
)
@pytest.mark.parametrize("what", ["file", "link", "lock"])
def test_files_of_another_user_are_refused(what: str):
    with tempfile.TemporaryDirectory() as name:  # Another user can reach it too.
        folder, path = Path(name), Path(name, "s.sqlite")
        ad.Session(path=path).close()
        Path(f"{path}.lock").touch()
        theirs = {"file": path, "link": folder / "link", "lock": Path(f"{path}.lock")}[what]
        (folder / "link").symlink_to(path)
        for each in (folder, *folder.iterdir()):
            os.chown(each, *[4321 if each == theirs else 1234] * 2, follow_symlinks=False)
        os.seteuid(1234)
        try:
            with pytest.raises(ad.StoreError, match=r"belongs to another user \(uid 4321\)"):
                ad.Session(path=theirs if what == "link" else path)
        finally:
            os.seteuid(0)
