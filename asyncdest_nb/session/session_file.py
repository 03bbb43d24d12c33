"""Where the file of a session is."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import platformdirs

from ..errors import StoreError, UsageError

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def session_file(name: str | None, path: str | Path | None) -> Path | None:
    """Return the file of a session of *name*, or at *path*; neither = in memory, None.

    Raises UsageError for a name or path that no file can have.
    """
    if path is not None:
        return absolute_path(path, "a file")
    if name is None:
        return None
    if not isinstance(name, str) or not set(name) <= _SAFE or name.strip(".") == "":
        raise UsageError(
            f"session name {name!r}: use letters, digits, '-', '_' and '.', or give path="
        )
    return _folder() / f"{name}.sqlite"


def checked_path(path: Path | None) -> Path | None:
    """Return *path*; raises StoreError unless it is in a folder that exists.

    One made here would hide that a path is mistyped, and that the runs are elsewhere.
    """
    if path is not None and not path.parent.is_dir():
        raise StoreError(
            f"cannot open {path}: there is no folder {path.parent}; a session needs a directory "
            "that is there: make it, or correct the path"
        )
    return path


def session_names() -> list[str]:
    """Return the names of the sessions of this user that have a file."""
    return sorted(file.stem for file in _folder().glob("*.sqlite"))


def _folder() -> Path:
    return Path(platformdirs.user_data_dir("asyncdest_nb", appauthor=False))


def session_code(path: Path | None) -> str:
    """Return the code that opens the session of the file at *path* again; None = in memory, ""."""
    if path is None:
        return ""
    name = path.stem
    has_name = set(name) <= _SAFE and name.strip(".") and path == _folder() / f"{name}.sqlite"
    return f"ad.Session({name!r})" if has_name else f"ad.Session(path={str(path)!r})"


def absolute_path(path: str | PathLike[str], of: str) -> Path:
    """Return *path*, relative to the working directory as it is now; raises UsageError."""
    if not isinstance(path, str | PathLike) or "\0" in str(path):
        raise UsageError(f"path is {path!r}; give that of {of}")
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"path is {path!r}: {error}") from None
