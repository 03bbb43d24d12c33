"""How this process has a session's file open: for writing, or only for reading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from . import file as files
from . import holder, place
from .advice import errors_named
from .database import Database
from .place import Place


@dataclass(frozen=True, slots=True)
class Access:
    """An open database, and what keeps other processes from writing it.

    ``holder`` names the process that has the file open for writing; empty = this one.
    ``lock`` and ``place`` are None in memory, and where another process writes.
    """

    database: Database
    holder: str = ""
    lock: FileLock | None = None
    place: Place | None = None


class SessionFile:
    """The file at *path*: it is opened, and opened again when its holder may have ended.

    Links are resolved once: the file that was found first is the one opened later.
    Raises StoreError, see ``place.prepare``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with errors_named("open", str(path)):
            self._file = place.prepare(path)

    def open(self) -> Access:
        """Open the file, only for reading if another process has it; raises StoreError."""
        with errors_named("open", str(self._path)):
            return self._open_for_writing() or self._open_for_reading()

    def reopen(self, before: Access) -> Access:
        """Return access for writing, or *before* with the present holder; raises StoreError."""
        with errors_named("open", str(self._path)):
            found = self._open_for_writing()
            return found or replace(before, holder=files.holder_of(self._file))

    def _open_for_writing(self) -> Access | None:
        """Open the file for writing; None = another process has its lock."""
        lock = holder.acquire_lock(self._file)
        if lock is None:
            return None
        try:
            place.create(self._file)
            connection = files.open_for_writing(self._file)
        except BaseException:
            lock.release()
            raise
        found = Place(self._path, self._file, is_remote=not files.has_wal(connection))
        return Access(Database(connection, str(self._path)), lock=lock, place=found)

    def _open_for_reading(self) -> Access:
        name = files.holder_of(self._file)
        connection = files.open_for_reading(self._file, name)
        return Access(Database(connection, str(self._path)), holder=name)
