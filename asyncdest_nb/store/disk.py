"""Which file system a file is on: on a network file system SQLite may lose data."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path, PurePath

import psutil

from ..errors import warn

_REMOTE = frozenset(
    "9p acfs afpfs afs beegfs ceph cifs cvfs davfs fuse glusterfs gpfs lustre macfuse ncpfs "
    "nfs nfs3 nfs4 ocfs2 orangefs osxfuse panfs pvfs2 vboxsf vmhgfs webdav wekafs".split()
)
# fuseblk is not among them: it is a local disk formatted by Windows.
_REMOTE_FAMILIES = (
    "smb",
    "fuse.",
    "glusterfs.",
    "davfs2",
)

_log = logging.getLogger(__name__)


class StoreWarning(UserWarning):
    """A session's file is in a place where data may be lost."""


def warn_of_network(file: Path) -> bool:
    """Return whether the file is on a network file system, after a warning if it is."""
    kind = file_system(file, _mounted())
    if not is_remote(kind):
        return False
    warn(
        f"{file} is on a network file system ({kind}), which may not write what it confirms: "
        "after a power cut or a lost connection, the last operations may be missing from the "
        "file, or the file be damaged, and two machines may open it at once. Keep the session on "
        "a local disk with path=",
        StoreWarning,
        stacklevel=2,
    )
    return True


def file_system(file: PurePath, mounted: Iterable[tuple[str, str]]) -> str:
    """Return the type of the file system that *file* is on; empty = unknown.

    *mounted* are mount points with their types; of two at one point the later counts.
    """
    # Windows names a share by its server, wherever it is mounted.
    if file.drive.startswith("\\\\") and not file.drive.startswith(("\\\\?\\", "\\\\.\\")):
        return "smb"
    found = {type(file)(point): kind.lower() for point, kind in mounted}
    around = [each for each in (file, *file.parents) if each in found]
    return found[around[0]] if around else ""


def is_remote(kind: str) -> bool:
    """Whether a file system of this type is, or may be, on a network."""
    return kind in _REMOTE or kind.startswith(_REMOTE_FAMILIES)


def _mounted() -> list[tuple[str, str]]:
    try:
        return [(each.mountpoint, each.fstype) for each in psutil.disk_partitions(all=True)]
    except Exception:  # psutil fails on some platforms, and the session must still open.
        _log.debug("cannot list the mounted file systems", exc_info=True)
        return []
