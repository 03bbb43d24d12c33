"""One request over a transport; besides ``transport`` the only file that knows httpx.

The transport is called directly, without httpx's client. What the client adds (cookies,
redirects, URLs in the log) is not wanted here and costs half the throughput.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx

from ..errors import NotSent, ReplyLost, ReplyTimeout, RequestFailed
from .content import TooLarge, UnreadableContent, read_coding, unpacked
from .deadline import Deadline
from .exchange import SAFE_METHODS
from .transport import AiohttpTransport

Transport = httpx.AsyncBaseTransport
URL = httpx.URL
InvalidURL = httpx.InvalidURL

MAX_ANSWER_BYTES = 192 * 2**20  # decompressed; results of a job may contain its rows, up to 100 MB
# The time limit for connecting is a little shorter than that of the whole exchange, so that the
# transport raises the error for a missing connection.
CONNECT_SHARE = 0.9
CONNECT_SECONDS = 15.0  # At most: a host that is down is found earlier than a slow response.

_NOT_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class OfflineTransport(httpx.AsyncBaseTransport):
    """Sends nothing: every request fails with NotSent, and its exchange is recorded."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse to connect."""
        raise httpx.ConnectError("offline for a rehearsal")


# Their error classes are right: the tests check them with the table of broken exchanges.
_CREDIBLE = (AiohttpTransport, httpx.AsyncHTTPTransport, OfflineTransport)


class RequestBody(httpx.AsyncByteStream):
    """The bytes of a request, which can be read once, and whether they were read.

    aiohttp repeats PUT, DELETE and GET if a kept-alive connection turns out to be closed;
    a body that cannot be read again prevents that. A GET without a body may still be
    repeated, which is harmless.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.is_taken = False

    @property
    def is_untouched(self) -> bool:
        """Whether there is a body and the transport has not begun to read it."""
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
class PreparedRequest:
    """A request that is ready to be sent; its body can be sent once."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: RequestBody
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A complete response. ``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class SendFailure:
    """No complete response: which error to raise and why. ``status`` None = no status line.

    A value, because an exception raised from the transport's exception would have the
    request with its credentials as context.
    """

    kind: type[RequestFailed]
    reason: str
    status: int | None = None


async def send(prepared: PreparedRequest, *, transport: Transport) -> RawResponse | SendFailure:
    """Send *prepared* once and return the complete response, or why there is none.

    Cancellation is passed on; the body shows whether the request was sent.
    """
    status = None
    try:
        async with Deadline(prepared.timeout_seconds) as deadline:
            response = await transport.handle_async_request(_request(prepared))
            status = response.status_code
            return RawResponse(status, dict(response.headers), await _read(response))
    # Any error of a transport, also an unexpected one, is a request without a response.
    except Exception as error:
        is_late = deadline.expired()
        kind = _kind(error, prepared, transport=transport, status=status, is_late=is_late)
        return SendFailure(kind, _reason(error, kind, prepared, is_late=is_late), status)


def _request(prepared: PreparedRequest) -> httpx.Request:
    seconds = prepared.timeout_seconds
    share = CONNECT_SHARE * seconds
    # Reading and writing have no separate time limit: there is a deadline for the whole.
    timeout = httpx.Timeout(None, connect=min(share, CONNECT_SECONDS), pool=share)
    headers = {"host": prepared.url.netloc.decode("ascii"), **prepared.headers}
    stream = None
    if prepared.body.content or prepared.method not in SAFE_METHODS:
        headers["content-length"] = str(len(prepared.body.content))
        stream = prepared.body
    return httpx.Request(
        prepared.method,
        prepared.url,
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
    prepared: PreparedRequest,
    *,
    transport: Transport,
    status: int | None,
    is_late: bool,
) -> type[RequestFailed]:
    if status is None and _is_unsent(error, prepared, transport=transport, is_late=is_late):
        return NotSent
    is_timeout = is_late or isinstance(error, httpx.TimeoutException | TimeoutError)
    return ReplyTimeout if is_timeout else ReplyLost


def _is_unsent(
    error: Exception, prepared: PreparedRequest, *, transport: Transport, is_late: bool
) -> bool:
    """Whether the request provably was not sent; the class of the error alone is no proof.

    Some transports raise a connection error for a lost reply. But none of them reads a
    body before it has a connection to write it to, as tried with those of httpx, aiohttp
    and pyreqwest. An empty body proves nothing: some transports never read it. Then the
    class decides, if the transport is one whose classes were checked.
    """
    is_named = isinstance(error, _NOT_CONNECTED)
    if prepared.body.content:
        return prepared.body.is_untouched and (is_named or is_late)
    return is_named and (prepared.method in SAFE_METHODS or isinstance(transport, _CREDIBLE))


def _reason(
    error: Exception, kind: type[RequestFailed], prepared: PreparedRequest, *, is_late: bool
) -> str:
    if is_late:
        missing = "connection" if kind is NotSent else "whole answer"
        return f"no {missing} within {prepared.timeout_seconds:g} seconds"
    if isinstance(error, TooLarge):
        return f"the answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB"
    if isinstance(error, UnreadableContent):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
