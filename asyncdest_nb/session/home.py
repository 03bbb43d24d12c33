"""Where the runs of a session live: a file or the memory of one process."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import UsageError
from .session_file import session_code


class Home:
    """The file at *path*, or the memory for None, while this process has it open."""

    def __init__(self, path: Path | None) -> None:
        self.is_open = True
        self._path = path
        self._pid = os.getpid()

    @property
    def code(self) -> str:
        """The code that opens its session again; "" = it is in memory."""
        return session_code(self._path)

    @property
    def is_own(self) -> bool:
        """Whether it was opened in this process, not in the one that this is a fork of."""
        return self._pid == os.getpid()

    def require_open(self) -> None:
        """Raise UsageError if the session was closed, or is that of another process."""
        if not self.is_own:
            raise UsageError(
                f"this session belongs to process {self._pid}, which continues it, and this "
                "process is a fork of that: open another session here"
            )
        if not self.is_open:
            what = "open it again" if self._path else "it was in memory, so make a new one"
            raise UsageError(f"this session is closed: {what}, and connect in that one")
