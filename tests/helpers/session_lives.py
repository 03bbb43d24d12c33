"""The lives of a session: each is a process that has the file, until it is closed or killed.

A life is killed between two of its writes, or wherever a request of its is; nothing
that happens in it after that reaches the file or the partner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncdest_nb as ad
from asyncdest_nb.session.session import open_sessions
from ledger_line import Line
from ledger_partner import Partner
from virtual_time import Stage

# Where a life may end: before a commit and after it; before a request, on its way,
# read, applied, and when the answer is there.
MOMENTS = ("writing", "written", "asked", "sent", "arrived", "applied", "answered")


class Life:
    """A process with a session on *file*, connected to *destination*.

    ``fate`` = (moment, how often that is still to come) kills it.
    """

    def __init__(
        self, stage: Stage, partner: Partner, file: Path, destination: ad.Destination
    ) -> None:
        self.fate = ("", 0)
        self.is_over = False
        self.loop = stage.new_loop()
        with stage.session_engines() as engines:
            self.session = ad.Session(path=file, keep_days=None)
        self._store = engines[0].store
        self._write = self._store.writing
        self._store.writing = self._writing  # type: ignore[method-assign]
        self.crm = self.session.connect(destination, transport=Line(partner, self._reached))

    def pass_time(self, seconds: float) -> None:
        """Let it live for so long, unless it is killed before."""
        if not self.is_over:
            self.loop.pass_time(seconds)

    def kill(self) -> None:
        """End it here and now, with what is not written."""
        if not self.is_over:
            self.is_over = True
            self._store.close()
            if self.loop.is_running():
                self.loop.stop()

    def bury(self) -> None:
        """Remove what is left of it when it was killed."""
        self.loop.pass_time(0.0)
        self.loop.bury()
        open_sessions.remove(self.session)

    def close(self) -> None:
        """End it in order."""
        self.session.close()
        self.is_over = True
        self.loop.bury()

    def _is_killed_at(self, moment: str) -> bool:
        if self.fate[0] == moment and not self.is_over:
            self.fate = moment, self.fate[1] - 1
            if self.fate[1] == 0:
                self.kill()
        return self.is_over

    async def _reached(self, moment: str) -> None:
        if self._is_killed_at(moment):
            await self.loop.create_future()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._is_killed_at("writing")
        with self._write():
            yield
        self._is_killed_at("written")
