"""Where a session's file is: whose it is there, for whom it can be read, and whether it stays."""

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
    "same rows again, and they go on; or save a run with run.export(…), and restart the kernel to "
    "begin anew"
)


def prepared(path: Path) -> Path:
    """Return the file's true path, by which all who open it know it, whatever links lead there.

    It is there then, unless there is a lock of it: it may have been taken away from whoever
    has that. Raises StoreError if it belongs to another user or is no
    file, or if somebody else's link, or any to an empty file, leads to it; nothing was
    changed then.
    """
    _make_directory(path.parent)
    if path.is_symlink():
        _require_own(path, os.lstat(path))
    file = _true(path)
    if os.path.lexists(file):
        _require_filled(path, file)
    elif not os.path.lexists(f"{file}.lock"):
        make(file)
    for each in _there(file):
        found = os.lstat(each)
        require_file(each, found)
        _require_own(each, found)
    return file


def make(file: Path) -> None:
    """Make the file, if it is not there, readable by its owner alone: it holds personal data."""
    # Not opened if it is there: to close it would end the locks that SQLite has on it here.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def close_to_others(file: Path) -> None:
    """Let its owner alone read a session's file, and those beside it."""
    for each in _there(file):
        mode = stat.S_IMODE(os.lstat(each).st_mode)
        if os.name != "posix" or not mode & _OTHERS:
            continue
        try:
            os.chmod(each, mode & ~_OTHERS)
        except PermissionError:  # As where a disk of Windows is mounted.
            text = f"others can read {each}, and its file system does not let that be changed"
            warnings.warn(f"{text}: keep the session elsewhere, with path=", StoreWarning, 2)


def require_file(path: Path, found: os.stat_result | None = None) -> None:
    """Raise OSError if it is no file: to open a pipe, say, may take for ever."""
    mode = stat.S_IFMT((found or os.stat(path)).st_mode)
    if mode == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if mode != stat.S_IFREG:
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(mode, 'no file')}", str(path))


class Place:
    """The files of a session that this process has open to write, as they are on the disk.

    A file goes on being written by whoever has it open when its name is gone or is that of
    another file, and all of that is lost then.
    """

    def __init__(self, path: Path, file: Path, *, is_remote: bool) -> None:
        self._file = file
        self._identities = {each: _identity(each) for each in (path.absolute(), *_files(file))}
        # A server may say later when a file was written, and Windows when it is closed.
        self._is_stamped = os.name == "posix" and not is_remote
        self._stamp = self._stamped()

    def note_written(self) -> None:
        """Take what the file is now for what we have made of it."""
        self._stamp = self._stamped()

    def require(self) -> None:
        """Raise StoreError if the file is not there any more, or another, or overwritten."""
        for file, identity in self._identities.items():
            if identity is not None and _identity(file) != identity:
                raise StoreError(
                    f"cannot write {file}: while this session had it open it was removed, moved "
                    f"away or replaced; {_ADVICE}"
                )
        if self._stamp != self._stamped():
            raise StoreError(
                f"cannot write {self._file}: while this session had it open something else wrote "
                f"to it, such as a copy made over it; {_ADVICE}"
            )

    def is_at(self, path: Path) -> bool:
        """Say whether *path* leads to the file, or did when it was opened."""
        identity = _identity(path)
        is_same = identity is not None and identity == self._identities[self._file]
        return is_same or path.absolute() in self._identities or _true(path) == self._file

    def _stamped(self) -> tuple[int, int]:
        """Return size and time of what only our own transactions change."""
        if not self._is_stamped:
            return 0, 0
        try:
            found = os.stat(self._file)
        except OSError:
            return 0, 0
        return found.st_size, found.st_mtime_ns


def _files(file: Path) -> list[Path]:
    return [file, *(Path(f"{file}{end}") for end in _BESIDE)]


def _there(file: Path) -> list[Path]:
    return [each for each in _files(file) if os.path.lexists(each)]


def _true(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises what it likes for links in a ring.


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_directory(path: Path) -> None:
    """Make *path*, and what is missing above it, for its owner alone."""
    for each in (*reversed(path.parents), path):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def _require_filled(path: Path, file: Path) -> None:
    found = os.stat(file)
    if found.st_size == 0 and path.is_symlink() and stat.S_ISREG(found.st_mode):
        raise StoreError(
            f"cannot open {path}: it is a link to {file}, which is empty and no session's; delete "
            "that if it is yours, or give another name or path"
        )


def _require_own(file: Path, found: os.stat_result) -> None:
    # The superuser opens the files of users, as in a container.
    if os.name == "posix" and os.geteuid() not in (0, found.st_uid):
        raise StoreError(
            f"cannot open {file}: it belongs to another user (uid {found.st_uid}), who could read "
            "what is written there; give another name or path"
        )
