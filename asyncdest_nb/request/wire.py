"""A request out, an answer or a failure back; with ``transport`` the files that know httpx.

The transport is called directly, without httpx's client on top. What the client adds
is not wanted here (cookies, redirects, URLs in the log) and costs half the throughput.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx

from ..errors import NotSent, ReplyLost, ReplyTimeout, RequestFailed
from .content import OddlyPacked, TooLarge, read_coding, unpacked
from .deadline import Deadline
from .exchange import SAFE_METHODS
from .transport import AiohttpTransport

Transport = httpx.AsyncBaseTransport
URL = httpx.URL
InvalidURL = httpx.InvalidURL

MAX_ANSWER_BYTES = 192 * 2**20  # decompressed; a job's results echo its rows, up to 100 MB of them
# The transport gives up connecting a little before the whole exchange is given up,
# so that it is the transport that says which of the two it was.
CONNECT_SHARE = 0.9
CONNECT_SECONDS = 15.0  # At most: a host that is down is noticed before a slow answer is missed.

_NOT_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Unplugged(httpx.AsyncBaseTransport):
    """Send nothing: every request fails with NotSent, and its exchange shows it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse to connect."""
        raise httpx.ConnectError("the network is unplugged for a rehearsal")


# Their names for failures are right: the tests hold the table of broken exchanges against them.
_CREDIBLE = (AiohttpTransport, httpx.AsyncHTTPTransport, Unplugged)


class Body(httpx.AsyncByteStream):
    """A request's bytes, and a witness to whether the transport began to take them.

    They can be taken once. aiohttp by itself repeats PUT and DELETE, also GET, when
    a kept-alive connection turns out dead; a body that is gone stops it. A GET
    without a body may still be repeated, which is harmless.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.is_taken = False

    @property
    def is_untouched(self) -> bool:
        """Whether there is something to send and none of it left; an empty body cannot tell."""
        return bool(self.content) and not self.is_taken

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self.is_taken:
            raise httpx.StreamConsumed
        return self._take()

    async def _take(self) -> AsyncIterator[bytes]:
        self.is_taken = True
        if self.content:
            yield self.content


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, ready to leave; its body can be sent once."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: Body
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole answer. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """No whole answer: what to raise and why. ``status`` None = not even a status line.

    A value, because an exception raised from the transport's own would carry its
    request, credentials and all, as context.
    """

    kind: type[RequestFailed]
    reason: str
    status: int | None = None


async def send(outgoing: Outgoing, *, transport: Transport) -> Incoming | Failure:
    """Send *outgoing* once and return the whole answer, or why there is none.

    Cancellation passes through; whether the request left is in its body.
    """
    status = None
    try:
        async with Deadline(outgoing.timeout_seconds) as deadline:
            response = await transport.handle_async_request(_request(outgoing))
            status = response.status_code
            return Incoming(status, dict(response.headers), await _read(response))
    # Whatever a transport raises, also what nobody foresaw, is a request without an answer.
    except Exception as error:
        is_late = deadline.expired()
        kind = _kind(error, outgoing, transport=transport, status=status, is_late=is_late)
        return Failure(kind, _reason(error, kind, outgoing, is_late=is_late), status)


def _request(outgoing: Outgoing) -> httpx.Request:
    seconds = outgoing.timeout_seconds
    share = CONNECT_SHARE * seconds
    # Reading and writing have no time limit of their own: the deadline of the whole has.
    timeout = httpx.Timeout(None, connect=min(share, CONNECT_SECONDS), pool=share)
    headers = {"host": outgoing.url.netloc.decode("ascii"), **outgoing.headers}
    stream = None
    if outgoing.body.content or outgoing.method not in SAFE_METHODS:
        headers["content-length"] = str(len(outgoing.body.content))
        stream = outgoing.body
    return httpx.Request(
        outgoing.method,
        outgoing.url,
        headers=headers,
        stream=stream,
        extensions={"timeout": timeout.as_dict()},
    )


async def _read(response: httpx.Response) -> bytes:
    chunks, size = [], 0
    try:
        coding = read_coding(response.headers.get("content-encoding", ""))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for chunk in response.stream:
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise TooLarge
    finally:
        await response.aclose()
    return unpacked(b"".join(chunks), coding, limit=MAX_ANSWER_BYTES)


def _kind(
    error: Exception,
    outgoing: Outgoing,
    *,
    transport: Transport,
    status: int | None,
    is_late: bool,
) -> type[RequestFailed]:
    if status is None and _is_unsent(error, outgoing, transport=transport, is_late=is_late):
        return NotSent
    is_timeout = is_late or isinstance(error, httpx.TimeoutException | TimeoutError)
    return ReplyTimeout if is_timeout else ReplyLost


def _is_unsent(
    error: Exception, outgoing: Outgoing, *, transport: Transport, is_late: bool
) -> bool:
    """Whether the request provably never left; the name of the error is not proof enough.

    Transports call a reply that was lost a failure to connect. But none of them
    touches a body before it has a connection to write it to, which was watched on
    httpx's own, aiohttp's and pyreqwest's. An empty body is no witness: some never
    ask for it. Then the name decides, of a transport whose names were checked.
    """
    is_named = isinstance(error, _NOT_CONNECTED)
    if outgoing.body.content:
        return outgoing.body.is_untouched and (is_named or is_late)
    return is_named and (outgoing.method in SAFE_METHODS or isinstance(transport, _CREDIBLE))


def _reason(
    error: Exception, kind: type[RequestFailed], outgoing: Outgoing, *, is_late: bool
) -> str:
    if is_late:
        missing = "connection" if kind is NotSent else "whole answer"
        return f"no {missing} within {outgoing.timeout_seconds:g} seconds"
    if isinstance(error, TooLarge):
        return f"the answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB"
    if isinstance(error, OddlyPacked):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
