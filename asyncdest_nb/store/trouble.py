"""What went wrong with a file, in words that say what to do about it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..errors import StoreError

_ROOM = "make room on the disk, or have the quota raised"

# What to do about each kind of trouble, by what is being done.
_SESSION = {
    "damage": "move it away, or restore it from a copy; "
    "a session with another name or path= starts afresh",
    "full": f"{_ROOM}; what was written before is safe",
    "nowhere": "a session needs a directory where it can write files: give another with path=",
    "torn": "the disk or its connection fails: copy the file to another one, and open it there",
}
_LOAD = {
    "damage": "only what Run.export wrote can be loaded; "
    "if it is that, move it away, or restore it from a copy",
    "nowhere": "give the path of a file that Run.export wrote",
    "torn": "the disk or its connection fails: copy the file to another one, and load it there",
}
_EXPORT = {
    "full": _ROOM,
    "nowhere": "give a path in a directory that is there, and where files can be written",
    "torn": "the disk or its connection fails: give a path on another one",
}
_ADVICE = {"load": _LOAD, "export to": _EXPORT}

_KINDS = {
    sqlite3.SQLITE_NOTADB: "damage",
    sqlite3.SQLITE_CORRUPT: "damage",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "torn",
    sqlite3.SQLITE_CANTOPEN: "nowhere",
    sqlite3.SQLITE_READONLY: "nowhere",
    sqlite3.SQLITE_PERM: "nowhere",
}


@contextmanager
def errors_named(doing: str, name: str) -> Iterator[None]:
    """Raise what goes wrong inside as a StoreError that names the file and says what to do."""
    try:
        yield
    except StoreError:
        raise
    except sqlite3.Error as error:
        # The low byte is the kind; the rest says which call it was.
        kind = _KINDS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
        raise StoreError(f"cannot {doing} {name}: {error}{_advice(doing, kind)}") from error
    except OSError as error:
        kind = "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "nowhere"
        said = f"cannot {doing} {name}: {_reason(error, name)}{_advice(doing, kind)}"
        raise StoreError(said) from None  # The chain would say the same twice.


def damaged(name: str, found: str, *, doing: str = "read") -> StoreError:
    """Return the error for a file in which SQLite *found* something wrong."""
    return StoreError(f"{name} is damaged ({found}): {_known(doing)['damage']}")


def _known(doing: str) -> Mapping[str, str]:
    return _ADVICE.get(doing, _SESSION)


def _advice(doing: str, kind: str) -> str:
    found = _known(doing).get(kind)
    return f"; {found}" if found else ""


def _reason(error: OSError, name: str) -> str:
    """Say what went wrong, and with which file only where that is another one."""
    is_named = error.strerror and error.filename in (None, name)
    return str(error.strerror if is_named else error)
