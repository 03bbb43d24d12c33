"""Files on network file systems: they are recognised, and a warning is given."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import psutil
import pytest

from asyncdest_nb.store import Store, StoreWarning
from asyncdest_nb.store.disk import file_system, is_remote
from session_files import session_file
from stored_runs import ids, write

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
