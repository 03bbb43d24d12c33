"""What went wrong with a file, in words that say what to do about it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import StoreError

_DAMAGED = (
    "move it away, or restore it from a copy; a session with another name or path= starts afresh"
)
_FULL = "make room on the disk, or have the quota raised; what was written before is safe"
_NOWHERE = "a session needs a directory where it can write files: give another with path="
_TORN = "the disk or its connection fails: copy the file to another one, and open it there"

_ADVICE = {
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _TORN,
    sqlite3.SQLITE_CANTOPEN: _NOWHERE,
    sqlite3.SQLITE_READONLY: _NOWHERE,
    sqlite3.SQLITE_PERM: _NOWHERE,
}


@contextmanager
def errors_named(doing: str, name: str) -> Iterator[None]:
    """Raise what goes wrong inside as a StoreError that names the file and says what to do."""
    try:
        yield
    except StoreError:
        raise
    except (sqlite3.Error, OSError) as error:
        advice = _advice(error)
        raise StoreError(f"cannot {doing} {name}: {error}{advice and f'; {advice}'}") from error


def damaged(name: str, found: str) -> StoreError:
    """Return the error for a file in which SQLite *found* something wrong."""
    return StoreError(f"{name} is damaged ({found}): {_DAMAGED}")


def _advice(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, sqlite3.Error):
        # The low byte is the kind; the rest says which call it was.
        return _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
    return _FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else _NOWHERE
