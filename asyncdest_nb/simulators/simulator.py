"""The handle of a simulated destination that runs on loopback."""

from __future__ import annotations

import atexit
from collections import Counter
from collections.abc import Callable
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..errors import UsageError, install_command
from ..numerals import counted
from .exchange import JSONObject
from .faults import Knobs
from .faulty_server import FaultyServer, Partner

if TYPE_CHECKING:
    from .server import LoopbackServer

REQUESTS_PER_SECOND = 2000.0


class Simulator:
    """A destination that is simulated over real HTTP until it is stopped.

    ``endpoint`` is its base URL, ``settings`` are those of a connection to it, and
    ``requests_per_second`` is how many a client may send. It stops with the interpreter
    at the latest; its operations and records stay readable afterwards.

    Raises UsageError if the package of the HTTP server is missing.
    """

    running: ClassVar[set[str]] = set()  # The endpoints of all that run in this process.

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
        self.running.add(self.endpoint)
        atexit.register(self.stop)

    @property
    def operations(self) -> list[JSONObject]:
        """Its operations now, in the order of arrival: id, status, progress, payload, and more.

        Where a partner has jobs, these are the jobs, as its API shows them, with their
        ``rows`` as they arrived: for "salesforce-bulk", each has the cells that were not empty.
        A row that went to a language model has its ``key``, its ``payload`` as JSON, and its
        ``fate``: what has become of it so far, such as "succeeded", "expired" or "pending".
        """
        return self._faulty_server.operations

    @property
    def records(self) -> dict[str, list[JSONObject]]:
        """Its records now, by object and in the order of creation.

        A record has an ``Id`` and every field that was ever set, as JSON shows them:
        numbers, booleans, None for a cleared field, dates as text. Deleted records are
        left out. Empty for a destination that stores no records. A language model has
        "answers": the ``job``, the ``key`` and the ``answer`` of each row that it answered.
        """
        return self._faulty_server.records

    @property
    def requests(self) -> dict[str, dict[int | str, int]]:
        """How many requests of each kind ("POST /operations") got each status.

        An applied request without an answer has the status "lost". Requests to paths that
        do not exist are of the kind "*".
        """
        return self._faulty_server.requests

    @property
    def tries(self) -> dict[str, dict[str, int]]:
        """How many requests of each kind said to be which repetition, as {"0": 1, "1": 1}.

        The clients of some vendors say so in the header x-stainless-retry-count.
        Requests without it are not counted here.
        """
        return self._faulty_server.tries

    @property
    def attempts(self) -> Counter[str]:
        """How often each operation was sent here, by its canonical JSON.

        Every reply counts: an operation that is refused with 429 and sent again counts 2.
        """
        return self._faulty_server.attempts

    def stop(self) -> None:
        """Close the port and every connection. It may be called again."""
        if self._is_running:
            self._is_running = False
            self.running.discard(self.endpoint)
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
        count = sum(sum(counts.values()) for counts in self.requests.values())
        operations = counted(len(self.operations), "operation")
        return f"{place}, {operations}, {counted(count, 'request')}"

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
            f"to install it: {install_command('demo')}"
        ) from error
    return LoopbackServer(faulty_server, name=slug)
