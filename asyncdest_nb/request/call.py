"""What ``request`` is in ``perform(request, data)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from ..errors import HTTPError, NotSent, ReplyLost, UsageError
from ..responses import with_attributes
from .address import joined, parse_url, shown_query, shown_url, with_params, without_queries
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
from .wire import URL, Body, Failure, Incoming, Outgoing, Transport, send

URL_SHOWN = 300  # characters of a URL in a message
SHOWN = 8_000  # characters of a body in an Exchange

# RFC 9110's names, which Python has from 3.13 on: a message must not depend on that.
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


class Call:
    """The ``request`` of one invocation: ``await request(url, method="POST", json=...)``.

    ``exchanges`` are its requests, masked, in the order they ended.
    """

    def __init__(
        self,
        base: Callable[[], RequestDefaults],
        *,
        redactor: Callable[[Sequence[str]], Redactor],
        open_transport: Callable[[URL], Transport],
        clock: Callable[[], float],
    ) -> None:
        self.exchanges: list[Exchange] = []
        self._base = base
        self._redactor_with = redactor
        self._redactor = redactor(())
        self._own_secrets: list[str] = []
        self._open_transport = open_transport
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Call with {len(self.exchanges)} exchanges>"

    def mask(self, text: str) -> str:
        """Return *text* masked, also of the credentials this call itself was given."""
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
        """Send one request, once, and return its whole answer.

        A header of None deletes the base header of that name. *json* ``...`` means no
        JSON; None is sent as ``null``. *params* go over those in *url*.

        Raises UsageError before anything is sent; NotSent if it provably never
        arrived; ReplyLost or ReplyTimeout if nobody knows; HTTPError for an answer
        other than 2xx, redirects included, unless *throw_http_errors* is False.
        """
        # The base may have a new access token since the last request.
        base = self._base()
        self._own_secrets += [*secrets_in(headers or {}), *login_secrets(username, password)]
        self._redactor = self._redactor_with(self._own_secrets).also(self._own_secrets)
        refusal = None
        try:
            body, content_type = checked_body(json, content)
            target = with_params(parse_url(str(url), base=base.url), params)
            checked_target(str(target))
            own = {**content_type, **checked_headers(headers or {})}
            seconds = base.timeout_seconds if timeout_seconds is None else timeout_seconds
            outgoing = Outgoing(
                method=checked_method(method),
                url=target,
                headers=base.layered(target, own, (username, password)),
                body=Body(body),
                timeout_seconds=checked_timeout(seconds),
            )
        except UsageError as error:
            refusal = f"{self.mask(str(error))}; nothing was sent"
        if refusal:  # Raised out here, or the text with its secrets would be the context.
            raise UsageError(refusal)
        response = await self._exchanged(outgoing)
        if throw_http_errors and not response.ok:
            raise self._http_error(outgoing, response)
        return response

    async def _exchanged(self, outgoing: Outgoing) -> Response:
        transport, started = self._open_transport(outgoing.url), self._clock()
        # Masked before it leaves: what goes wrong in that is no doubt about the request.
        draft = self._draft(outgoing)
        try:
            result = await send(outgoing, transport=transport)
        except BaseException as error:
            # Cancelled: what is already on the wire arrives all the same.
            kind = NotSent if outgoing.body.is_untouched else ReplyLost
            failure = Failure(kind, f"given up here: {type(error).__name__}")
            self._record_failure(draft, failure, started=started)
            raise
        if isinstance(result, Failure):
            reason = self._record_failure(draft, result, started=started)
            raise result.kind(f"{self._named(outgoing)} {_end(outgoing, result)}: {reason}")
        return self._answered(outgoing, result, draft=self._timed(draft, started))

    def _draft(self, outgoing: Outgoing) -> Exchange:
        # Of a large upload only what is shown is decoded; a character is at most 4 bytes.
        body = outgoing.body.content[: 5 * SHOWN].decode("utf-8", "replace")
        return Exchange(
            method=outgoing.method,
            url=self.mask(shown_url(outgoing.url) + shown_query(outgoing.url)),
            request_headers={
                name: self._masked_header(name, value) for name, value in outgoing.headers.items()
            },
            request_body=self._redactor.text(body, limit=SHOWN) if body else None,
            status=None,
            answer="",
            problem="not sent yet",
            effect=Effect.NONE,
            seconds=0.0,
        )

    def _timed(self, draft: Exchange, started: float) -> Exchange:
        return replace(draft, seconds=max(0.0, self._clock() - started))

    def _record_failure(self, draft: Exchange, failure: Failure, *, started: float) -> str:
        effect = effect_of_failure(draft.method, failure.kind)
        ended = replace(self._timed(draft, started), status=failure.status, effect=effect)
        # Recorded first, and then made readable: see _answered.
        number = self._recorded(replace(ended, problem=failure.kind.__name__))
        reason = one_line(without_queries(failure.reason), self._redactor)
        self.exchanges[number] = replace(ended, problem=reason)
        return reason

    def _answered(self, outgoing: Outgoing, answer: Incoming, *, draft: Exchange) -> Response:
        """Record that *outgoing* was answered, and only then read how.

        Whatever a parser raises about an odd answer, its request has left.
        """
        effect = effect_of(draft.method, answer.status, retry_after=None)
        draft = replace(draft, status=answer.status, effect=effect, problem=None)
        number = self._recorded(replace(draft, problem="the answer was not read"))
        try:
            response = self._read(outgoing, answer)
            retry_after = read_retry_after(answer.headers, now=self._clock())
        except Exception as error:  # A destination's bytes may make any parser raise anything.
            response, retry_after = self._unreadable(outgoing, answer, error), None
        self.exchanges[number] = replace(
            draft,
            answer=self._redactor.text(response.text, limit=SHOWN),
            problem=response.problem,
            effect=effect_of(draft.method, answer.status, retry_after=retry_after),
            retry_after=retry_after,
        )
        return response

    def _recorded(self, exchange: Exchange) -> int:
        self.exchanges.append(exchange)
        return len(self.exchanges) - 1

    def _read(self, outgoing: Outgoing, answer: Incoming) -> Response:
        content_type = answer.headers.get("content-type", "")
        text, data, problem = read_body(answer.body, content_type, self._redactor)
        target = joined(outgoing.url, answer.headers.get("location", ""))
        return Response(
            status=answer.status,
            headers=Headers(answer.headers),
            content=answer.body,
            text=text,
            data=with_attributes(data),
            url=str(outgoing.url),
            problem=problem,
            location=str(target) if target else None,
            mask=self.mask,
        )

    def _unreadable(self, outgoing: Outgoing, answer: Incoming, error: Exception) -> Response:
        why = one_line(f"{type(error).__name__}: {error}", self._redactor)
        return Response(
            status=answer.status,
            headers=Headers(answer.headers),
            content=answer.body,
            text="",
            data=None,
            url=str(outgoing.url),
            mask=self.mask,
            problem=f"the answer cannot be read: {why}",
        )

    def _masked_header(self, name: str, value: str) -> str:
        is_secret = name in CREDENTIAL_HEADERS or self.mask(value) != value
        return MASK if is_secret else value

    def _named(self, outgoing: Outgoing) -> str:
        return f"{outgoing.method} {self._redactor.text(shown_url(outgoing.url), limit=URL_SHOWN)}"

    def _http_error(self, outgoing: Outgoing, response: Response) -> HTTPError:
        found = one_line(response.text, self._redactor)
        why = response.problem or found
        if 300 <= response.status <= 399:
            why = self._elsewhere(outgoing, response.status, response.headers.get("location"))
        what = f"{self._named(outgoing)} answered {response.status} {_phrase(response.status)}"
        return HTTPError(
            f"{what.rstrip()}: {why}" if why else what.rstrip(),
            status=response.status,
            excerpt=found,
            retry_after=read_retry_after(response.headers, now=self._clock()),
            response=response,
        )

    def _elsewhere(self, outgoing: Outgoing, status: int, location: str | None) -> str:
        target = joined(outgoing.url, location) if location else None
        where = f"to {self.mask(shown_url(target))}" if target else "without saying where to"
        moved = f"moved {where}: correct the endpoint" if status in MOVED else f"redirects {where}"
        return f"{moved}; redirects are not followed, credentials are not sent there"


def _end(outgoing: Outgoing, failure: Failure) -> str:
    if issubclass(failure.kind, NotSent):
        return "was not sent"
    is_safe = outgoing.method in SAFE_METHODS
    return "got no whole answer" if is_safe else "got no whole answer and may have been applied"


def _phrase(status: int) -> str:
    try:
        return _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""
