"""The path of a session's file: its owner, its permissions, and whether it is still there."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from contextlib import suppress
from pathlib import Path

from ..errors import StoreError
from .disk import StoreWarning

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BESIDE = ("-wal", "-shm", "-journal", ".lock")  # SQLite's files, and ours.
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
}
_ADVICE = (
    "nothing more is sent, and what is known stays in memory. Put the file back and submit the "
    "same rows again to continue; or save a run with run.export(…), and restart the kernel to "
    "start again"
)


def prepare(path: Path) -> Path:
    """Return the file's path with all links resolved, so that every process uses the same one.

    The file is created if it is missing, unless its lock exists: then another process may
    have it open, and it was removed. Raises StoreError if it belongs to another user, if
    another user's link leads to it, or any link to an empty file, and OSError if it is not
    a regular file; nothing was changed then.
    """
    _make_directory(path.parent)
    if path.is_symlink():
        _require_own(path, os.lstat(path))
    file = _resolved(path)
    if os.path.lexists(file):
        _require_filled(path, file)
    elif not os.path.lexists(f"{file}.lock"):
        create(file)
    for each in _existing(file):
        found = os.lstat(each)
        require_file(each, found)
        _require_own(each, found)
    return file


def create(file: Path) -> None:
    """Create the file if it is missing, readable only by its owner: it holds personal data."""
    # An existing file is not opened: closing it would release the locks of SQLite in this process.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def make_private(file: Path) -> None:
    """Make a session's file, and those beside it, readable only by their owner."""
    for each in _existing(file):
        mode = stat.S_IMODE(os.lstat(each).st_mode)
        if os.name != "posix" or not mode & _OTHERS:
            continue
        try:
            os.chmod(each, mode & ~_OTHERS)
        except PermissionError:  # For example a mounted disk of Windows.
            text = f"other users can read {each}, and its file system does not allow to change that"
            warnings.warn(f"{text}: put the session elsewhere, with path=", StoreWarning, 2)


def require_file(path: Path, found: os.stat_result | None = None) -> None:
    """Raise OSError if it is not a regular file: opening a pipe may block for ever."""
    mode = stat.S_IFMT((found or os.stat(path)).st_mode)
    if mode == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if mode != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(mode, 'not a file')}", str(path))


class Place:
    """The files on disk that this process has open for writing.

    A process can write an open file after it was removed or replaced; everything written
    then is lost.
    """

    def __init__(self, path: Path, file: Path, *, is_remote: bool) -> None:
        self._file = file
        self._identities = {
            each: _identity(_stat(each)) for each in (path.absolute(), *_files(file))
        }
        # A file server may update the time later, and Windows does when the file is closed.
        self._is_stamped = os.name == "posix" and not is_remote
        self._stamp = self._stamp_of(_stat(file))
        self._wal = Path(f"{file}-wal")
        self.wal_bytes = 0  # How long the WAL was when the files were looked at.

    def note_written(self) -> None:
        """Remember size and time of the file after we changed it."""
        self._stamp = self._stamp_of(_stat(self._file))

    def require(self) -> None:
        """Raise StoreError if the file was removed, replaced or overwritten.

        It is called in every transaction, and each look gives up the interpreter's lock: so it
        looks at each file once.
        """
        found: dict[Path, os.stat_result | None] = {}
        for file, identity in self._identities.items():
            if identity is None:
                continue
            found[file] = _stat(file)
            if _identity(found[file]) != identity:
                raise StoreError(
                    f"cannot write {file}: while this session had it open it was removed, moved "
                    f"away or replaced; {_ADVICE}"
                )
        wal = found.get(self._wal) or _stat(self._wal)
        self.wal_bytes = 0 if wal is None else wal.st_size
        if self._stamp != self._stamp_of(found.get(self._file)):
            raise StoreError(
                f"cannot write {self._file}: while this session had it open another program wrote "
                f"to it, for example by copying a file over it; {_ADVICE}"
            )

    def is_at(self, path: Path) -> bool:
        """Whether *path* leads to the file, or did when it was opened."""
        identity = _identity(_stat(path))
        is_same = identity is not None and identity == self._identities[self._file]
        return is_same or path.absolute() in self._identities or _resolved(path) == self._file

    def _stamp_of(self, found: os.stat_result | None) -> tuple[int, int]:
        """Return size and time of the file, which of us only a move of the WAL changes."""
        if found is None or not self._is_stamped:
            return 0, 0
        return found.st_size, found.st_mtime_ns


def _files(file: Path) -> list[Path]:
    return [file, *(Path(f"{file}{end}") for end in _BESIDE)]


def _existing(file: Path) -> list[Path]:
    return [each for each in _files(file) if os.path.lexists(each)]


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises various errors for links in a ring.


def _stat(path: Path) -> os.stat_result | None:
    """Return what is known of a file; None = there is none, or nobody can say."""
    try:
        return os.stat(path)
    except OSError:
        return None


def _identity(found: os.stat_result | None) -> tuple[int, int] | None:
    return None if found is None else (found.st_dev, found.st_ino)


def _make_directory(path: Path) -> None:
    """Create *path* and its missing parents, accessible only to their owner."""
    for each in (*reversed(path.parents), path):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def _require_filled(path: Path, file: Path) -> None:
    found = os.stat(file)
    if found.st_size == 0 and path.is_symlink() and stat.S_ISREG(found.st_mode):
        raise StoreError(
            f"cannot open {path}: it is a link to {file}, which is empty and not a session; delete "
            "that file if it is yours, or give another name or path"
        )


def _require_own(file: Path, found: os.stat_result) -> None:
    # The superuser opens the files of other users, for example in a container.
    if os.name == "posix" and os.geteuid() not in (0, found.st_uid):
        raise StoreError(
            f"cannot open {file}: it belongs to another user (uid {found.st_uid}), who could read "
            "what is written there; give another name or path"
        )
