"""A session: where runs, and what destinations keep, live."""

from __future__ import annotations

import atexit
import functools
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import platformdirs

from ..destination import Destination
from ..destinations import find
from ..engine import Channel, Engine
from ..errors import UsageError
from ..portal import call, portal, wait_async
from ..request import Transport
from .connection import Connection
from .run import Run

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@runtime_checkable
class Reachable(Protocol):
    """A destination with its settings at hand, such as a simulator."""

    slug: str
    settings: dict[str, Any]
    requests_per_second: float


class Session:
    """Where runs, and what destinations keep, live: in memory, or in a file for a *name*.

    A named session is one SQLite file in the user's data directory, or at *path*.
    Raises StoreError if it cannot be opened.
    """

    def __init__(self, name: str | None = None, *, path: str | Path | None = None) -> None:
        self.name = name
        self.path = _file_of(name, path)
        self._engine = Engine(portal().loop, path=self.path)
        self._channels: list[Channel] = []
        self._runs: list[Run] = []
        self._going: list[Future[None]] = []
        _open.append(self)

    def connect(
        self,
        destination: Destination | Reachable | str,
        *,
        requests_per_second: float | None = None,
        timeout_seconds: float = 10.0,
        transport: Transport | None = None,
        **settings: Any,
    ) -> Connection:
        """Return a connection to *destination*: its slug, its definition, or a simulator.

        *settings* are the destination's own, such as ``endpoint`` and ``api_key``.
        *requests_per_second* None = the rate the destination allows. Nothing is
        sent yet. Raises UnknownName or SettingsError.
        """
        if not isinstance(destination, (str, Destination)):
            settings = {**destination.settings, **settings}
            requests_per_second = requests_per_second or destination.requests_per_second
            destination = destination.slug
        found = find(destination) if isinstance(destination, str) else destination
        channel = self._engine.channel(
            found,
            found.read_settings(settings),
            requests_per_second=requests_per_second,
            timeout_seconds=timeout_seconds,
            transport=transport,
        )
        self._channels.append(channel)
        return Connection(channel, engine=self._engine, start=self._start)

    def runs(self) -> list[Run]:
        """Return the runs of this session, the oldest first."""
        return list(self._runs)

    def close(self) -> None:
        """Stop its runs where they stand, write what is left, and close the file."""
        if self not in _open:
            return
        _open.remove(self)
        for future in self._going:
            future.cancel()
        call(self._close())

    async def _close(self) -> None:
        # The cancelled runs write their last word before the store closes.
        for run in self._runs:
            await wait_async(run.rested, timeout=5)
        for channel in self._channels:
            await channel.aclose()
        await self._engine.aclose()

    def _start(self, run: Run) -> None:
        self._runs.append(run)
        self._going.append(portal().start(run._execution.run()))

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = self.path or "in memory"
        runs = "".join(f"\n  {run}" for run in self._runs)
        return f"<Session {self.name or where}: {len(self._runs)} runs>{runs}"


def _file_of(name: str | None, path: str | Path | None) -> Path | None:
    if path is not None:
        return Path(path).expanduser()
    if name is None:
        return None
    if not set(name) <= _SAFE or name.strip(".") == "":
        raise UsageError(
            f"session name {name!r}: use letters, digits, '-', '_' and '.', or give path="
        )
    return Path(platformdirs.user_data_dir("asyncdest_nb", appauthor=False)) / f"{name}.sqlite"


# Kept alive here: a session goes on polling whether or not its name is still in use.
_open: list[Session] = []


@atexit.register
def _close_all() -> None:
    for session in list(_open):
        session.close()


@functools.cache
def default_session() -> Session:
    """Return the session of those who did not make one: in memory."""
    return Session()
