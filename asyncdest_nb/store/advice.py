"""Errors of SQLite and the file system as StoreErrors that advise what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..errors import StoreError

_ROOM = "make room on the disk, or have the quota raised"

_LONGEST = 300  # characters

# What to do about each kind of error, by what is being done.
_SESSION = {
    "damage": "move it away, or restore it from a copy; "
    "a session with another name or path= starts empty",
    "full": f"{_ROOM}; what was written before is safe",
    "nowhere": "a session needs a directory where it can write files: give another with path=",
    "torn": "the disk or its connection fails: copy the file to another disk, and open it there",
    "busy": "another program, such as a database browser or a backup, has locked it for half a "
    "minute: end that there, and submit the same rows again to continue",
}
_LOAD = {
    "damage": "only what Run.export wrote can be loaded; "
    "if it is that, move it away, or restore it from a copy",
    "nowhere": "give the path of a file that Run.export wrote",
    "torn": "the disk or its connection fails: copy the file to another disk, and load it there",
}
_EXPORT = {
    "full": _ROOM,
    "nowhere": "give a path in a directory that exists, and where files can be written",
    "torn": "the disk or its connection fails: give a path on another disk",
}
_ADVICE = {"load": _LOAD, "export to": _EXPORT}

_KINDS = {
    sqlite3.SQLITE_NOTADB: "damage",
    # The tables are not as they must be, a value is too big, or reading takes too long.
    sqlite3.SQLITE_ERROR: "damage",
    sqlite3.SQLITE_TOOBIG: "damage",
    sqlite3.SQLITE_INTERRUPT: "damage",
    sqlite3.SQLITE_CORRUPT: "damage",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_IOERR: "torn",
    sqlite3.SQLITE_CANTOPEN: "nowhere",
    sqlite3.SQLITE_READONLY: "nowhere",
    sqlite3.SQLITE_PERM: "nowhere",
}


@contextmanager
def errors_named(doing: str, name: str) -> Iterator[None]:
    """Raise errors inside as a StoreError that names the file and advises what to do."""
    try:
        yield
    except StoreError:
        raise
    except UnicodeError as error:
        raise damaged(name, str(error), doing=doing) from None
    except MemoryError:
        problem = f"cannot {doing} {name}: it takes more memory than is available"
        raise StoreError(f"{problem}{_advice(doing, 'damage')}") from None
    except sqlite3.Error as error:
        # The low byte is the kind, the rest is the failed call. Undecodable text and values
        # that are too big have no code.
        is_value = isinstance(error, sqlite3.OperationalError | sqlite3.DataError)
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT if is_value else 0)
        kind = _KINDS.get(code & 0xFF, "")
        problem = f"cannot {doing} {name}: {_cut(str(error))}{_advice(doing, kind)}"
        raise StoreError(problem) from error
    except OSError as error:
        kind = "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "nowhere"
        problem = f"cannot {doing} {name}: {_reason(error, name)}{_advice(doing, kind)}"
        raise StoreError(problem) from None  # The chain would repeat the text.


def damaged(name: str, found: str, *, doing: str = "read") -> StoreError:
    """Return the error for a file in which SQLite *found* something wrong."""
    return StoreError(f"{name} is damaged ({_cut(found)}): {_known(doing)['damage']}")


def _cut(found: str) -> str:
    """Return the first characters: SQLite quotes an undecodable cell in full."""
    return found if len(found) <= _LONGEST else f"{found[:_LONGEST]}…"


def _known(doing: str) -> Mapping[str, str]:
    return _ADVICE.get(doing, _SESSION)


def _advice(doing: str, kind: str) -> str:
    found = _known(doing).get(kind)
    return f"; {found}" if found else ""


def _reason(error: OSError, name: str) -> str:
    """Return the reason, with the name of the file only if it is not *name*."""
    is_named = error.strerror and error.filename in (None, name)
    return str(error.strerror if is_named else error)
