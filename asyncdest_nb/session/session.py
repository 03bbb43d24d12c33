"""A session: it holds runs, and the values that destinations keep between calls."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import ssl
import threading
from pathlib import Path
from typing import Any

from ..destination import Destination
from ..destinations import find
from ..errors import StoreError, UsageError, check_bool, check_number, warn
from ..numerals import counted
from ..portal import require_other_thread
from ..request import TIMEOUT_SECONDS, Route, Transport
from ..visible import one_line
from .connection import Connection
from .incomplete import no_run, unfinished
from .options import Options
from .process_bound import ProcessBound
from .registry import RunRegistry
from .run import Run
from .session_file import checked_path, session_file
from .setting_sources import find_settings
from .simulated import Simulated
from .state import StateTable

logger = logging.getLogger(__name__)


class Session(ProcessBound):
    """Runs, and the values that destinations keep: in memory, or in a file for a *name*.

    A named session is one SQLite file in the user's data directory, or at *path*. When
    it is opened again its runs are listed again, and continue as soon as you connect to
    their destination with the same settings.

    One process has it at a time. Opened in another process it is read-only, and names the
    process that has it: ``runs`` are as they are there at that moment, and ``connect``
    raises StoreError. Once that process has ended, the next call takes the session over.

    If the file is removed, replaced or overwritten meanwhile, nothing more is sent, runs
    raise StoreError, and results stay here until the file is back or this kernel ends.
    Other users cannot read the file; a file that belongs to another user is refused, and so
    is a *path* in a folder that does not exist.

    Labels and payloads of rows are in the file, secrets never. *keep_payloads* False
    keeps their SHA-256 instead: rows that were not sent before a restart then fail after
    it. Runs are deleted *keep_days* after they were submitted, once they have ended;
    None = never. What was completed last under a key stays known. Raises StoreError if the
    file cannot be opened.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        path: str | Path | None = None,
        keep_payloads: bool = True,
        keep_days: float | None = 90.0,
    ) -> None:
        check_number("keep_days", keep_days)
        check_bool("keep_payloads", keep_payloads)
        self.name = name
        self.path = session_file(name, path)
        self.keep_payloads = keep_payloads
        self.keep_days = keep_days
        options = Options(keep_payloads, keep_days)
        with _opening:
            self._registry = _registry_at(self.path, options) or RunRegistry(
                self.path if path is None else checked_path(self.path), options
            )
            open_sessions.append(self)

    def connect(
        self,
        destination: Destination | Simulated | str,
        *,
        requests_per_second: float | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        proxy: str | bool | None = None,
        verify: str | Path | ssl.SSLContext | bool = True,
        transport: Transport | None = None,
        env_file: str | Path | None = None,
        **settings: Any,
    ) -> Connection:
        """Return a connection to *destination*: its slug, its definition, or a simulator.

        *settings* are the destination's own, such as ``endpoint`` and ``api_key``. One that
        is left out is read from the file of variables *env_file* (None = no file), else from
        the environment, where ``api_key`` of "example-async" is ASYNCDEST_EXAMPLE_ASYNC_API_KEY,
        else from the keyring, if the package ``keyring`` is installed: it is the password of
        ``api_key`` at the service "asyncdest-nb/example-async". An optional secret is not
        looked up where there is another one, and a simulator reads the file alone. A note
        says from where a setting is, as do the connection and the log, and never what it is.
        *requests_per_second* None = the rate the destination allows. *timeout_seconds*
        is the limit of a whole request, submissions and polls alike; time in which this
        process was stopped does not count. *transport* is an httpx transport, with proxies
        and certificates of its own; None = pooled connections.

        *proxy* is the URL of an HTTP proxy, also with a login: ``http://user:word@host:3128``.
        None = the present values of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, else the
        system's settings, and never for loopback; False = no proxy. *verify* is a PEM file
        or a folder of certificates to trust, or an SSLContext; True = REQUESTS_CA_BUNDLE,
        CURL_CA_BUNDLE, or SSL_CERT_FILE and SSL_CERT_DIR, else certifi's; False = trust
        every certificate, which lets anyone on the way read your key.

        Secrets (settings of the type SecretStr, tokens, passwords in URLs) go only to the
        origin of the settings. They are masked in what is shown, logged or saved: in texts
        any six characters of one in a row, in data a whole one or a large part; in upper and
        lower case, base64, hex, and the escapes of URLs, HTML and JSON, but in no other
        encoding. In data a secret of fewer than 8 characters (6 if letters and digits mix)
        is masked only where it stands alone, a common word not at all, and one of one or two
        characters never. Your own rows are kept as they are.
        One that would go to another computer by ``http://``, without encryption, is warned of.

        No new row is sent yet; runs from before a restart that were sent there by the same
        settings continue. Raises UnknownName, SettingsError or UsageError, and StoreError if
        the session is open in another process.
        """
        self._require_own()
        if not isinstance(destination, str | Destination | Simulated):
            raise UsageError(
                f"the destination is a {type(destination).__name__}; give its slug, such as "
                "'example-async', its definition (ad.Destination) or a simulator"
            )
        is_simulated = not isinstance(destination, str | Destination)
        if not isinstance(destination, str | Destination):
            settings = {**destination.settings, **settings}
            if requests_per_second is None:
                requests_per_second = destination.requests_per_second
            destination = destination.slug
        found = find(destination) if isinstance(destination, str) else destination
        if transport is not None and (proxy is not None or verify is not True):
            raise UsageError("a transport has its own proxy and certificates: give them to it")
        read = find_settings(found, settings, env_file=env_file, is_simulated=is_simulated)
        channel = self._registry.engine.channel(
            found,
            read.settings,
            requests_per_second=requests_per_second,
            timeout_seconds=timeout_seconds,
            transport=transport,
            route=None if transport is not None else Route(proxy=proxy, verify=verify),
        )
        self._registry.resume(channel)
        read.show_sources(found.name)
        connection = Connection(channel, self._registry, read.sources)
        if connection.exposure:
            warn(connection.exposure, UserWarning, stacklevel=2)
        return connection

    def _require_own(self) -> None:
        self._registry.require_open()
        self._registry.refresh()
        self._registry.engine.store.require_in_place()
        if holder := self._registry.engine.store.holder:
            raise StoreError(
                f"{self.path} is open in {holder}: two processes would send and poll everything "
                "twice; close the session there, or shut down that kernel, and connect again"
            )

    @property
    def state(self) -> StateTable:
        """The values that destinations keep between calls, by key; shown as a table, masked.

        It always shows the present values, without those that have expired. In a session
        that another process has open, it shows what was in the file when ``state`` was read.
        """
        self._registry.refresh()
        return StateTable(lambda: self._registry.engine.state)

    def runs(self) -> list[Run]:
        """Return the runs of this session, the oldest first; retries are runs too."""
        self._registry.refresh()
        return self._registry.runs

    def run(self, run_id: str) -> Run:
        """Return the run of that id; raises UnknownName."""
        found = {run.id: run for run in self.runs()}
        if run_id not in found:
            raise no_run(run_id, found)
        return found[run_id]

    def forget(self, run: Run | str) -> None:
        """Delete *run* with the personal data in it, and the retries before and after it.

        Operations that are open at the destination are not polled any more. What these runs
        completed last under the keys of rows is not known any more: it is sent again. Raises
        UsageError if the run is still going here and was not canceled, StoreError if the
        session is open in another process.
        """
        self._require_own()
        found = self.run(run.id if isinstance(run, Run) else run)
        self._registry.forget(found.id)

    def close(self) -> None:
        """Stop its runs as they are, write their last state, and close the file.

        Runs that are lost are logged: those in memory that had not ended, and all whose rows
        were still being prepared. Raises StoreError, and stays open, if its file was removed or
        replaced: the next session of that name would send the same rows again.
        """
        # A fork shares the file's lock and the connections with its parent process.
        if self not in open_sessions or not self._registry.is_own:
            return
        require_other_thread()
        if self._registry.runs and self._is_last():
            self._registry.engine.store.require_in_place()
        self._close()

    def _is_at(self, path: Path) -> bool:
        if self.path is None:
            return False
        is_same = os.path.realpath(path) == os.path.realpath(self.path)
        return is_same or self._registry.engine.store.is_at(path)

    def _require_same(self, options: Options) -> None:
        own = Options(self.keep_payloads, self.keep_days)
        if options != own:
            raise UsageError(
                f"this session is open here already, with {own}: close that one first, "
                f"or open it without {options}"
            )

    def _is_last(self) -> bool:
        return [each for each in open_sessions if each._registry is self._registry] == [self]

    def _close(self) -> None:
        is_last = self._is_last()
        open_sessions.remove(self)
        if is_last:
            lost = unfinished(self._registry.runs, in_memory=self.path is None)
            self._registry.close()
            for text in lost:
                logger.warning("%s", text)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except StoreError as trouble:
            if error is None:
                raise
            error.add_note(f"The session stays open: {trouble}")

    def __repr__(self) -> str:
        if not hasattr(self, "_registry"):  # A traceback with local variables shows it.
            return "<Session that is not open>"
        where = one_line(str(self.path or "in memory"))
        holder = self._registry.engine.store.holder
        holder = f", read-only: open in {holder}" if holder else ""
        runs = "".join(f"\n  {run}" for run in self._registry.runs)
        count = counted(len(self._registry.runs), "run")
        return f"<Session {self.name or where}: {count}{holder}>{runs}"


def _registry_at(path: Path | None, options: Options) -> RunRegistry | None:
    """Return the registry of a session of this process at *path*: a cell may run twice.

    The session has it also if the file was removed or moved: its runs are known here.
    """
    for each in open_sessions if path else ():
        if path and each._registry.is_own and each._is_at(path):
            each._require_same(options)
            return each._registry
    return None


# Kept alive here: a session continues to poll when no variable holds it.
open_sessions: list[Session] = []
# Two threads could open a file at once, and the later one would find it in use.
_opening = threading.Lock()


def end(session: Session) -> None:
    """Close *session* as the end of the process does, also if its file is gone."""
    if session in open_sessions and session._registry.is_own:
        session._close()


@atexit.register
def _end_all() -> None:
    for session in list(open_sessions):
        end(session)


def default_session() -> Session:
    """Return the session of ``ad.connect``: in memory, one per process."""
    return _default_session(os.getpid())


@functools.cache
def _default_session(process: int) -> Session:
    return Session()
