"""The ``request`` in ``perform(request, data)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from ..errors import HTTPError, NotSent, ReplyLost, UsageError
from ..responses import with_attributes
from .address import (
    URL_LENGTH,
    joined,
    parse_url,
    shown_query,
    shown_url,
    with_params,
    without_queries,
)
from .checks import (
    checked_body,
    checked_headers,
    checked_method,
    checked_target,
    checked_timeout,
)
from .credentials import CREDENTIAL_HEADERS, login_secrets, secrets_in
from .defaults import RequestDefaults
from .exchange import MOVED, SAFE_METHODS, Effect, Exchange, effect_of, effect_of_failure
from .redactor import MASK, Redactor
from .response import Headers, Response, one_line, read_body, read_retry_after
from .wire import URL, PreparedRequest, RawResponse, RequestBody, SendFailure, Transport, send

BODY_LENGTH = 8_000  # characters of a body in an Exchange

# Names of RFC 9110 that Python has only from 3.13 on: messages must be the same before.
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


class Call:
    """The ``request`` of one invocation: ``await request(url, method="POST", json=...)``.

    ``exchanges`` are its requests, masked, in the order in which they ended.
    """

    def __init__(
        self,
        defaults: Callable[[], RequestDefaults],
        *,
        redactor: Callable[[Sequence[str]], Redactor],
        open_transport: Callable[[URL], Transport],
        clock: Callable[[], float],
    ) -> None:
        self.exchanges: list[Exchange] = []
        self._defaults = defaults
        self._redactor_with = redactor
        self._redactor = redactor(())
        self._own_secrets: list[str] = []
        self._open_transport = open_transport
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Call with {len(self.exchanges)} exchanges>"

    def mask(self, text: str) -> str:
        """Return *text* with secrets masked, also those that were given to this call only."""
        return self._redactor.text(text)

    async def __call__(
        self,
        url: str,
        *,
        method: str = "GET",
        json: Any = ...,
        content: str | bytes | None = None,
        headers: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        username: Any = None,
        password: Any = None,
        timeout_seconds: float | None = None,
        throw_http_errors: bool = True,
    ) -> Response:
        """Send one request, once, and return its complete response.

        A header of None removes the default header of that name. *json* ``...`` means no
        JSON; None is sent as ``null``. *params* replace those in *url*.

        Raises UsageError before anything is sent; NotSent if the request provably never
        arrived; ReplyLost or ReplyTimeout if it may have; HTTPError for a status
        other than 2xx, redirects included, unless *throw_http_errors* is False.
        """
        # There may be a new access token since the last request.
        defaults = self._defaults()
        self._own_secrets += [*secrets_in(headers or {}), *login_secrets(username, password)]
        self._redactor = self._redactor_with(self._own_secrets).extended(self._own_secrets)
        refusal = None
        try:
            body, content_type = checked_body(json, content)
            target = with_params(parse_url(str(url), base=defaults.url), params)
            checked_target(str(target))
            own = {**content_type, **checked_headers(headers or {})}
            seconds = defaults.timeout_seconds if timeout_seconds is None else timeout_seconds
            prepared = PreparedRequest(
                method=checked_method(method),
                url=target,
                headers=defaults.headers_for(target, own, (username, password)),
                body=RequestBody(body),
                timeout_seconds=checked_timeout(seconds),
            )
        except UsageError as error:
            refusal = f"{self.mask(str(error))}; nothing was sent"
        if refusal:  # Raised here, so that the unmasked error is not its context.
            raise UsageError(refusal)
        response = await self._exchanged(prepared)
        if throw_http_errors and not response.ok:
            raise self._http_error(prepared, response)
        return response

    async def _exchanged(self, prepared: PreparedRequest) -> Response:
        transport, started = self._open_transport(prepared.url), self._clock()
        # Masked before sending: an error in masking must not leave the request in doubt.
        draft = self._draft(prepared)
        try:
            result = await send(prepared, transport=transport)
        except BaseException as error:
            # Canceled: a request that was already sent arrives nevertheless.
            kind = NotSent if prepared.body.is_untouched else ReplyLost
            failure = SendFailure(kind, f"given up here: {type(error).__name__}")
            self._record_failure(draft, failure, started=started)
            raise
        if isinstance(result, SendFailure):
            reason = self._record_failure(draft, result, started=started)
            raise result.kind(f"{self._name(prepared)} {_end(prepared, result)}: {reason}")
        return self._answered(prepared, result, draft=self._timed(draft, started))

    def _draft(self, prepared: PreparedRequest) -> Exchange:
        # Only the part of a large upload that is shown is decoded; a character has at most 4 bytes.
        body = prepared.body.content[: 5 * BODY_LENGTH].decode("utf-8", "replace")
        return Exchange(
            method=prepared.method,
            url=self.mask(shown_url(prepared.url) + shown_query(prepared.url)),
            request_headers={
                name: self._masked_header(name, value) for name, value in prepared.headers.items()
            },
            request_body=self._redactor.text(body, limit=BODY_LENGTH) if body else None,
            status=None,
            answer="",
            problem="not sent yet",
            effect=Effect.NONE,
            seconds=0.0,
        )

    def _timed(self, draft: Exchange, started: float) -> Exchange:
        return replace(draft, seconds=max(0.0, self._clock() - started))

    def _record_failure(self, draft: Exchange, failure: SendFailure, *, started: float) -> str:
        effect = effect_of_failure(draft.method, failure.kind)
        ended = replace(self._timed(draft, started), status=failure.status, effect=effect)
        # Recorded before its text is made readable, see _answered.
        number = self._recorded(replace(ended, problem=failure.kind.__name__))
        reason = one_line(without_queries(failure.reason), self._redactor)
        self.exchanges[number] = replace(ended, problem=reason)
        return reason

    def _answered(
        self, prepared: PreparedRequest, raw: RawResponse, *, draft: Exchange
    ) -> Response:
        """Record that *prepared* was answered, and parse the response only then.

        If a parser fails on an odd response, its request was sent nevertheless.
        """
        effect = effect_of(draft.method, raw.status, retry_after=None)
        draft = replace(draft, status=raw.status, effect=effect, problem=None)
        number = self._recorded(replace(draft, problem="the answer was not read"))
        try:
            response = self._read(prepared, raw)
            retry_after = read_retry_after(raw.headers, now=self._clock())
        except Exception as error:  # Unexpected bytes may make a parser raise any error.
            response, retry_after = self._unreadable(prepared, raw, error), None
        self.exchanges[number] = replace(
            draft,
            answer=self._redactor.text(response.text, limit=BODY_LENGTH),
            problem=response.problem,
            effect=effect_of(draft.method, raw.status, retry_after=retry_after),
            retry_after=retry_after,
        )
        return response

    def _recorded(self, exchange: Exchange) -> int:
        self.exchanges.append(exchange)
        return len(self.exchanges) - 1

    def _read(self, prepared: PreparedRequest, raw: RawResponse) -> Response:
        content_type = raw.headers.get("content-type", "")
        text, data, problem = read_body(raw.body, content_type, self._redactor)
        target = joined(prepared.url, raw.headers.get("location", ""))
        return Response(
            status=raw.status,
            headers=Headers(raw.headers),
            content=raw.body,
            text=text,
            data=with_attributes(data),
            url=str(prepared.url),
            problem=problem,
            location=str(target) if target else None,
            mask=self.mask,
        )

    def _unreadable(
        self, prepared: PreparedRequest, raw: RawResponse, error: Exception
    ) -> Response:
        why = one_line(f"{type(error).__name__}: {error}", self._redactor)
        return Response(
            status=raw.status,
            headers=Headers(raw.headers),
            content=raw.body,
            text="",
            data=None,
            url=str(prepared.url),
            mask=self.mask,
            problem=f"the answer cannot be read: {why}",
        )

    def _masked_header(self, name: str, value: str) -> str:
        is_secret = name in CREDENTIAL_HEADERS or self.mask(value) != value
        return MASK if is_secret else value

    def _name(self, prepared: PreparedRequest) -> str:
        return f"{prepared.method} {self._redactor.text(shown_url(prepared.url), limit=URL_LENGTH)}"

    def _http_error(self, prepared: PreparedRequest, response: Response) -> HTTPError:
        found = one_line(response.text, self._redactor)
        why = response.problem or found
        if 300 <= response.status <= 399:
            why = self._elsewhere(prepared, response.status, response.headers.get("location"))
        what = f"{self._name(prepared)} answered {response.status} {_phrase(response.status)}"
        return HTTPError(
            f"{what.rstrip()}: {why}" if why else what.rstrip(),
            status=response.status,
            excerpt=found,
            retry_after=read_retry_after(response.headers, now=self._clock()),
            response=response,
        )

    def _elsewhere(self, prepared: PreparedRequest, status: int, location: str | None) -> str:
        target = joined(prepared.url, location) if location else None
        where = f"to {self.mask(shown_url(target))}" if target else "without a location"
        moved = f"moved {where}: correct the endpoint" if status in MOVED else f"redirects {where}"
        return f"{moved}; redirects are not followed, credentials are not sent there"


def _end(prepared: PreparedRequest, failure: SendFailure) -> str:
    if issubclass(failure.kind, NotSent):
        return "was not sent"
    is_safe = prepared.method in SAFE_METHODS
    return "got no whole answer" if is_safe else "got no whole answer and may have been applied"


def _phrase(status: int) -> str:
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""
