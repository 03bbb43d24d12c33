"""What a user holds of a destination that is played on loopback."""

from __future__ import annotations

import atexit
from collections import Counter
from collections.abc import Callable
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..errors import UsageError
from .exchange import JSONObject
from .faults import Knobs
from .faulty_server import FaultyServer, Partner

if TYPE_CHECKING:
    from .server import LoopbackServer

REQUESTS_PER_SECOND = 2000.0


class Simulator:
    """A destination that is played over real HTTP until it is stopped.

    ``endpoint`` is its base URL, ``settings`` what a connection to it needs, and
    ``requests_per_second`` what a client may send. It ends with the interpreter at
    the latest; what it holds stays readable afterwards.

    Raises UsageError if the server's package is missing.
    """

    def __init__(
        self, slug: str, partner: Partner, knobs: Knobs, *, clock: Callable[[], float]
    ) -> None:
        self.slug = slug
        self.requests_per_second = REQUESTS_PER_SECOND
        self._faulty_server = FaultyServer(partner, knobs, clock)
        self._http_server = _loopback_server(self._faulty_server, slug)
        self._is_running = True
        self.endpoint = f"http://127.0.0.1:{self._http_server.port}"
        self.settings: dict[str, Any] = partner.settings(self.endpoint)
        self._http_server.start()
        atexit.register(self.stop)

    @property
    def operations(self) -> list[JSONObject]:
        """What it holds now, in the order of arrival: id, status, progress, payload, and more.

        Of "salesforce-bulk", the jobs: as its API shows them, and their ``rows`` as
        they arrived, each the cells that were not empty.
        """
        return self._faulty_server.operations

    @property
    def records(self) -> dict[str, list[JSONObject]]:
        """What it stores now, by object and in the order of creation.

        A record has an ``Id`` and the fields that were ever given a value, as JSON
        shows them: numbers, booleans, None for what was emptied, dates as text. What
        was deleted is not here. Empty for a destination that stores nothing.
        """
        return self._faulty_server.records

    @property
    def requests(self) -> dict[str, dict[int | str, int]]:
        """How many requests of each kind ("POST /operations") got each status.

        A request that was applied and got no answer is counted as "lost"; those
        to paths that do not exist as "*".
        """
        return self._faulty_server.requests

    @property
    def attempts(self) -> Counter[str]:
        """How often each operation was sent here, under its canonical JSON.

        Whatever it was answered: an operation refused with 429 and sent again counts 2.
        """
        return self._faulty_server.attempts

    def stop(self) -> None:
        """Close the port and every connection; again is harmless."""
        if self._is_running:
            self._is_running = False
            atexit.unregister(self.stop)
            self._http_server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _summary(self) -> str:
        place = f"at {self.endpoint}" if self._is_running else "stopped"
        asked = sum(sum(counts.values()) for counts in self.requests.values())
        return f"{place}, {len(self.operations)} operations, {asked} requests"

    def __repr__(self) -> str:
        return f"<Simulator {self.slug} {self._summary()}>"

    def _repr_html_(self) -> str:
        return f"<b>{escape(self.slug)}</b> (simulated) {escape(self._summary())}"


def _loopback_server(faulty_server: FaultyServer, slug: str) -> LoopbackServer:
    try:
        from .server import LoopbackServer
    except ModuleNotFoundError as error:
        raise UsageError(
            f"simulators need {error.name}, which is not installed; "
            'to install it: pip install "asyncdest-nb[demo]"'
        ) from error
    return LoopbackServer(faulty_server, name=slug)
