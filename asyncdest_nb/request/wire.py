"""One request over a transport of httpx, or directly over that of aiohttp.

A transport is called without httpx's client. What the client adds (cookies, redirects, URLs
in the log) is not wanted here and costs half the throughput.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

import aiohttp
import httpx

from ..errors import NotSent, ReplyLost, ReplyTimeout, RequestFailed
from .body import RequestBody
from .connections import OpenAnswer
from .content import TooLarge, UnreadableContent, coding_of, read_coding, unpacked
from .deadline import Deadline
from .exchange import SAFE_METHODS
from .saved_body import MAX_SAVED_BYTES, SavedBody, saved
from .target import Target
from .transport import AiohttpTransport, raise_httpx_error

Transport = httpx.AsyncBaseTransport

MAX_ANSWER_BYTES = 192 * 2**20  # decompressed; results of a job may contain its rows, up to 100 MB
# The time limit for connecting is a little shorter than that of the whole exchange, so that the
# transport raises the error for a missing connection.
CONNECT_SHARE = 0.9
CONNECT_SECONDS = 15.0  # At most: a host that is down is found earlier than a slow response.

TO_FILE = "asyncdest_to_file"  # The extension of a request whose response goes to a file.

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


@dataclass(slots=True)
class PreparedRequest:
    """A request that is ready to be sent; its body can be sent once.

    *is_to_file*: the body of a response 2xx goes to a temporary file.
    """

    method: str
    target: Target
    headers: Mapping[str, str]
    body: RequestBody
    timeout_seconds: float
    is_to_file: bool = False

    def goes_to_file(self, status: int) -> bool:
        """Whether the body of a response with that *status* goes to a file."""
        return self.is_to_file and 200 <= status <= 299


@dataclass(slots=True)
class RawResponse:
    """A complete response. ``headers`` have lower-case names; ``body`` may be a file."""

    status: int
    headers: Mapping[str, str]
    body: bytes | SavedBody


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
        with Deadline(prepared.timeout_seconds) as deadline:
            if _is_direct(transport):
                answer = await transport.send(
                    prepared.method,
                    prepared.target,
                    _all_headers(prepared),
                    prepared.body.take,
                    timeout=_connect_limits(prepared.timeout_seconds),
                )
                status, headers = answer.status, read_headers(answer.headers)
                return RawResponse(status, headers, await _body_of(answer, headers, prepared))
            response = await transport.handle_async_request(_request(prepared))
            status = response.status_code
            return RawResponse(status, dict(response.headers), await _read(response, prepared))
    # Any error of a transport, also an unexpected one, is a request without a response.
    except Exception as error:
        is_late = deadline.expired()
        kind = _kind(error, prepared, transport=transport, status=status, is_late=is_late)
        return SendFailure(kind, _reason(error, kind, prepared, is_late=is_late), status)


def _is_direct(transport: Transport) -> TypeGuard[AiohttpTransport]:
    """Whether it need not be called as one of httpx; a class derived from it may have to."""
    handle = AiohttpTransport.handle_async_request
    return getattr(type(transport), "handle_async_request", None) is handle


def _all_headers(prepared: PreparedRequest) -> dict[str, str]:
    headers = {"host": prepared.target.host, **prepared.headers}
    if prepared.body.size or prepared.method not in SAFE_METHODS:
        headers["content-length"] = str(prepared.body.size)
    return headers


@lru_cache(100)
def _connect_limits(seconds: float) -> aiohttp.ClientTimeout:
    # Reading and writing have no separate time limit: there is a deadline for the whole.
    share = CONNECT_SHARE * seconds
    return aiohttp.ClientTimeout(connect=share, sock_connect=min(share, CONNECT_SECONDS))


def _request(prepared: PreparedRequest) -> httpx.Request:
    limits, headers = _connect_limits(prepared.timeout_seconds), _all_headers(prepared)
    timeout = httpx.Timeout(None, connect=limits.sock_connect, pool=limits.connect)
    return httpx.Request(
        prepared.method,
        prepared.target.url,
        headers=headers,
        stream=prepared.body if "content-length" in headers else None,
        extensions={"timeout": timeout.as_dict(), TO_FILE: prepared.is_to_file},
    )


def read_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their names in lower case; those of one name are joined by commas."""
    for encoding in ("ascii", "utf-8"):
        try:
            return _joined(raw, encoding)
        except UnicodeDecodeError:
            continue
    return _joined(raw, "iso-8859-1")


@lru_cache(1_000)
def _lower(name: bytes, encoding: str) -> str:
    return name.decode(encoding).lower()


def _joined(raw: Sequence[tuple[bytes, bytes]], encoding: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in raw:
        name, text = _lower(key, encoding), value.decode(encoding)
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


async def _body_of(
    answer: OpenAnswer, headers: Mapping[str, str], prepared: PreparedRequest
) -> bytes | SavedBody:
    try:
        coding = read_coding(headers.get("content-encoding", ""))
        if prepared.goes_to_file(answer.status):
            return await saved(answer.chunks(), coding)
        body = await answer.read(MAX_ANSWER_BYTES)
    except (aiohttp.ClientError, OSError) as error:
        raise_httpx_error(error)
    finally:
        answer.close()
    if body is None:
        raise TooLarge
    return _unpacked(body, coding, headers)


async def _read(response: httpx.Response, prepared: PreparedRequest) -> bytes | SavedBody:
    chunks, size = [], 0
    try:
        coding = read_coding(response.headers.get("content-encoding", ""))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        if prepared.goes_to_file(response.status_code):
            return await saved(aiter(response.stream), coding)
        async for chunk in response.stream:
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise TooLarge
    finally:
        await response.aclose()
    return _unpacked(b"".join(chunks), coding, response.headers)


def _unpacked(body: bytes, coding: str, headers: Mapping[str, str]) -> bytes:
    coding = coding or coding_of(body, headers.get("content-type", ""))
    return unpacked(body, coding, limit=MAX_ANSWER_BYTES)


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
    if prepared.body.size:
        return prepared.body.is_untouched and (is_named or is_late)
    return is_named and (prepared.method in SAFE_METHODS or isinstance(transport, _CREDIBLE))


def _reason(
    error: Exception, kind: type[RequestFailed], prepared: PreparedRequest, *, is_late: bool
) -> str:
    if is_late:
        missing = "connection" if kind is NotSent else "whole answer"
        return f"no {missing} within {prepared.timeout_seconds:g} seconds"
    if isinstance(error, TooLarge):
        limit = MAX_SAVED_BYTES if prepared.is_to_file else MAX_ANSWER_BYTES
        hint = "" if prepared.is_to_file else "; to_file=True allows more"
        return f"the answer is larger than {limit // 2**20:,} MiB{hint}"
    if isinstance(error, UnreadableContent):
        return str(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
