"""A simulated partner that keeps every request as it came, to compare what two clients send."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from asyncdest_nb.simulators import SIMULATORS, multipart
from asyncdest_nb.simulators.exchange import IncomingRequest
from asyncdest_nb.simulators.faulty_server import FaultyReply, FaultyServer
from asyncdest_nb.simulators.server import LoopbackServer


@dataclass
class RecordedRequests:
    """The requests that a partner got, in their order, and the settings of a connection to it.

    ``jobs`` has the ids of all jobs that it ever had.
    """

    partner: FaultyServer
    endpoint: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    requests: list[IncomingRequest] = field(default_factory=list)

    jobs: set[str] = field(default_factory=set)

    def answer(self, request: IncomingRequest) -> FaultyReply:
        """Keep *request* and have the partner answer it."""
        self.requests.append(request)
        found = self.partner.answer(request)
        # Now, since a partner may forget a job.
        names = ("id", "requestId", "name")
        self.jobs |= {
            next(each[name] for name in names if name in each) for each in self.partner.operations
        }
        return found

    def of(self, method: str, path_part: str, *headers: str) -> list[dict[str, Any]]:
        """Return the essence of the requests with *method* whose path has *path_part* in it."""
        return [
            essence(each, *headers)
            for each in self.requests
            if each.method == method and path_part in each.path
        ]


@contextmanager
def recorded_requests(
    slug: str, *, clock: Callable[[], float] = time.monotonic, **knobs: Any
) -> Iterator[RecordedRequests]:
    """Simulate *slug*, as ``ad.simulate`` does, and keep what it is asked."""
    partner_type = SIMULATORS[slug]
    settings = partner_type.Knobs.of(knobs)
    partner = partner_type(settings)
    recorded = RecordedRequests(FaultyServer(partner, settings, clock))
    server = LoopbackServer(recorded, name=f"recorded {slug}")
    recorded.endpoint = f"http://127.0.0.1:{server.port}"
    recorded.settings = partner.settings(recorded.endpoint)
    server.start()
    try:
        yield recorded
    finally:
        server.stop()


def essence(request: IncomingRequest, *headers: str) -> dict[str, Any]:
    """Return what of *request* matters: equal for two clients that ask for the same.

    *headers* are the names, in lower case, of those that matter; one that is missing is None.
    A body in JSON, of a form, or of parts, is read; any other is text.
    """
    return {
        "method": request.method,
        "path": request.path,
        "query": sorted(parse_qsl(request.query, keep_blank_values=True)),
        "headers": {name: request.headers.get(name) for name in headers},
        "body": _body(request),
    }


def _body(request: IncomingRequest) -> Any:
    separator = multipart.boundary(request.content_type)
    if separator is not None:
        parts = multipart.parts(request.body, separator)
        return {name: _read(content.decode()) for name, content in parts.items()}
    text = request.body.decode()
    if request.content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(text))
    return _read(text)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
