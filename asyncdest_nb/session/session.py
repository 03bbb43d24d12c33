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
from .reopening import Reopened
from .run import Run

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@runtime_checkable
class Reachable(Protocol):
    """A destination with its settings at hand, such as a simulator."""

    slug: str
    settings: dict[str, Any]
    requests_per_second: float


class _Shared:
    """What a session holds; those of one file in one process hold the same."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.channels: list[Channel] = []
        self.reopened = [Reopened.of(stored, engine) for stored in engine.store.runs()]
        self.runs = [each.run for each in self.reopened]
        self.going: dict[Run, Future[None]] = {}

    async def aclose(self) -> None:
        """Close the connections and the store."""
        # The cancelled runs write their last word before the store closes.
        for run in self.going:
            await wait_async(run.rested, timeout=5)
        for channel in self.channels:
            await channel.aclose()
        await self.engine.aclose()


class Session:
    """Where runs, and what destinations keep, live: in memory, or in a file for a *name*.

    A named session is one SQLite file in the user's data directory, or at *path*. Its
    runs are there again when it is opened again, and go on as soon as somebody
    connects to their destination with the same settings. One process has it at a
    time. Raises StoreError if it cannot be opened.
    """

    def __init__(self, name: str | None = None, *, path: str | Path | None = None) -> None:
        self.name = name
        self.path = _file_of(name, path)
        self._shared = _twin(self.path) or _Shared(Engine(portal().loop, path=self.path))
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
        *requests_per_second* None = the rate the destination allows. Nothing new is
        sent yet; runs from before a restart that were sent there by the same settings
        go on. Raises UnknownName or SettingsError.
        """
        if not isinstance(destination, (str, Destination)):
            settings = {**destination.settings, **settings}
            requests_per_second = requests_per_second or destination.requests_per_second
            destination = destination.slug
        found = find(destination) if isinstance(destination, str) else destination
        channel = self._shared.engine.channel(
            found,
            found.read_settings(settings),
            requests_per_second=requests_per_second,
            timeout_seconds=timeout_seconds,
            transport=transport,
        )
        self._shared.channels.append(channel)
        connection = Connection(channel, engine=self._shared.engine, start=self._start)
        self._resume(connection, channel)
        return connection

    def _resume(self, connection: Connection, channel: Channel) -> None:
        for reopened in [each for each in self._shared.reopened if each.fits(channel)]:
            self._shared.reopened.remove(reopened)
            connection._resume(reopened)
            if not reopened.run.is_at_rest:
                self._go(reopened.run)

    def runs(self) -> list[Run]:
        """Return the runs of this session, the oldest first."""
        return list(self._shared.runs)

    def close(self) -> None:
        """Stop its runs where they stand, write what is left, and close the file."""
        if self not in _open:
            return
        _open.remove(self)
        if not any(each._shared is self._shared for each in _open):
            for future in self._shared.going.values():
                future.cancel()
            call(self._shared.aclose())

    def _start(self, run: Run) -> None:
        self._shared.runs.append(run)
        self._go(run)

    def _go(self, run: Run) -> None:
        assert run._execution is not None  # It is connected.
        self._shared.going[run] = portal().start(run._execution.run())

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = self.path or "in memory"
        runs = "".join(f"\n  {run}" for run in self._shared.runs)
        return f"<Session {self.name or where}: {len(self._shared.runs)} runs>{runs}"


def _twin(path: Path | None) -> _Shared | None:
    """Return what another session of this process holds of the file: a cell may run twice."""
    if path is None:
        return None
    same = (each for each in _open if each.path and each.path.resolve() == path.resolve())
    return next((each._shared for each in same), None)


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
