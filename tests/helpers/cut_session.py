"""A session that is killed at one of its writes, as far as its file and a server see that."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncdest_nb as ad
from session_engines import session_engines


class CutSession:
    """A session on *path* that can be killed: *copy* is the file that is left then.

    What it writes after that is in no file that anybody reads, and *died* is called before, so
    that a server can ignore what it sends. ``left`` is how often it still comes to the
    beginning or the end of a write before it is killed, 0 = it is not.
    """

    def __init__(self, path: Path, copy: Path, died: Callable[[], object]) -> None:
        self.left = 0
        self.is_over = False
        self._path, self._copy, self._died = path, copy, died
        with session_engines() as engines:
            self.session = ad.Session(path=path, keep_days=None)
        store = engines[0].store
        self._write = store.writing
        store.writing = self._writing  # type: ignore[method-assign]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._pass()
        with self._write():
            yield
        self._pass()

    def _pass(self) -> None:
        if self.left and not self.is_over:
            self.left -= 1
            if not self.left:
                self.cut()

    def cut(self) -> None:
        """Kill it now."""
        self.is_over = True
        self._died()
        for end in ("", "-wal"):
            if Path(f"{self._path}{end}").exists():
                shutil.copy(f"{self._path}{end}", f"{self._copy}{end}")
