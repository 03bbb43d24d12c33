"""The ``request`` in ``perform(request, data)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Any

from ..errors import HTTPError, NotSent, ReplyLost, UsageError
from .address import (
    URL_LENGTH,
    shown_url,
    without_queries,
)
from .checks import (
    checked_body,
    checked_headers,
    checked_method,
    checked_timeout,
    merged_type,
)
from .credentials import login_secrets, secrets_in
from .defaults import NO_LOGIN, RequestDefaults
from .exchange import (
    SAFE_METHODS,
    Effect,
    Exchange,
    effect_of,
    effect_of_failure,
    is_moved,
)
from .received import response_of, shown_answer, unreadable_response
from .redactor import Redactor
from .response import Response, one_line
from .retry_after import read_retry_after
from .shown_exchange import SHOWN_LENGTH, CallMask, ShownExchange
from .target import URL, Target
from .wire import PreparedRequest, RawResponse, SendFailure, Transport, send

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
        open_transport: Callable[[Target], Transport],
        clock: Callable[[], float],
    ) -> None:
        self.exchanges: list[Exchange] = []
        self._defaults = defaults
        self._redactor_with = redactor
        self._mask = CallMask(redactor(()))
        self._own_secrets: list[str] = []
        self._open_transport = open_transport
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Call with {len(self.exchanges)} exchanges>"

    def mask(self, text: str) -> str:
        """Return *text* with secrets masked, also those that were given to this call only."""
        return self._mask.text(text)

    async def __call__(
        self,
        url: str,
        *,
        method: str = "GET",
        json: Any = ...,
        content: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        username: Any = None,
        password: Any = None,
        timeout_seconds: float | None = None,
        throw_http_errors: bool = True,
        to_file: bool = False,
    ) -> Response:
        """Send one request, once, and return its complete response.

        A header of None removes the default header of that name. *json* ``...`` means no
        JSON; None is sent as ``null``. *params* replace those in *url*. *content* is a text,
        bytes, a path, a file in binary mode, or an iterable of texts or bytes; *data* are the
        fields of a form, and *files* make it multipart, see ``form_body``. A file and an
        iterable are read in pieces while they are sent. With *to_file* the body of a response
        2xx is read into a temporary file, see ``FileResponse``.

        Raises UsageError before anything is sent; NotSent if the request provably never
        arrived; ReplyLost or ReplyTimeout if it may have; HTTPError for a status
        other than 2xx, redirects included, unless *throw_http_errors* is False.
        """
        # There may be a new access token since the last request.
        defaults, login = self._defaults(), (username, password)
        if headers or login != NO_LOGIN:
            self._own_secrets += [*secrets_in(headers or {}), *login_secrets(*login)]
        redactor = self._redactor_with(self._own_secrets)
        self._mask.redactor = (
            redactor.extended(self._own_secrets) if self._own_secrets else redactor
        )
        refusal = None
        try:
            body, content_type = checked_body(json, content, data=data, files=files)
            target = defaults.target(str(url), params)
            if headers or login != NO_LOGIN:
                own = merged_type(content_type, checked_headers(headers or {}))
                merged: Mapping[str, str] = defaults.headers_for(target, own, login)
            else:
                merged = defaults.plain_headers(target, content_type)
            prepared = PreparedRequest(
                method=checked_method(method),
                target=target,
                headers=merged,
                body=body,
                timeout_seconds=defaults.timeout_seconds
                if timeout_seconds is None
                else checked_timeout(timeout_seconds),
                is_to_file=to_file,
            )
        except UsageError as error:
            refusal = f"{self.mask(str(error))}; nothing was sent"
        if refusal:  # Raised here, so that the unmasked error is not its context.
            raise UsageError(refusal)
        try:
            response = await self._exchanged(prepared)
        finally:
            prepared.body.close()
        if throw_http_errors and not response.ok:
            raise self._http_error(prepared, response)
        return response

    async def _exchanged(self, prepared: PreparedRequest) -> Response:
        transport, started = self._open_transport(prepared.target), monotonic()
        try:
            result = await send(prepared, transport=transport)
        except BaseException as error:
            # Canceled: a request that was already sent arrives nevertheless.
            kind = NotSent if prepared.body.is_untouched else ReplyLost
            failure = SendFailure(kind, f"given up here: {type(error).__name__}")
            self._record_failure(prepared, failure, started=started)
            raise
        if isinstance(result, SendFailure):
            reason = self._record_failure(prepared, result, started=started)
            raise result.kind(f"{self._name(prepared)} {_end(prepared, result)}: {reason}")
        return self._answered(prepared, result, started=started)

    def _recorded(
        self,
        prepared: PreparedRequest,
        shown: ShownExchange,
        *,
        status: int | None,
        problem: str,
        effect: Effect,
        started: float,
    ) -> Exchange:
        exchange = Exchange(
            prepared.method,
            status=status,
            problem=problem,
            effect=effect,
            seconds=monotonic() - started,
            texts=partial(self._mask.texts, shown),
        )
        self.exchanges.append(exchange)
        return exchange

    def _record_failure(
        self, prepared: PreparedRequest, failure: SendFailure, *, started: float
    ) -> str:
        # Recorded before its text is made readable, see _answered.
        exchange = self._recorded(
            prepared,
            ShownExchange(prepared),
            status=failure.status,
            problem=failure.kind.__name__,
            effect=effect_of_failure(prepared.method, failure.kind),
            started=started,
        )
        exchange.problem = one_line(without_queries(failure.reason), self._mask.redactor)
        return exchange.problem

    def _answered(self, prepared: PreparedRequest, raw: RawResponse, *, started: float) -> Response:
        """Record that *prepared* was answered, and parse the response only then.

        If a parser fails on an odd response, its request was sent nevertheless.
        """
        shown = ShownExchange(prepared)
        exchange = self._recorded(
            prepared,
            shown,
            status=raw.status,
            problem="the answer was not read",
            effect=effect_of(prepared.method, raw.status, retry_after=None),
            started=started,
        )
        retry_after = None
        try:
            response = response_of(raw, prepared.target, self._mask.redactor, mask=self._mask.text)
            if raw.status >= 400 or "retry-after" in raw.headers:
                retry_after = self._retry_after(raw)
        except Exception as error:  # Unexpected bytes may make a parser raise any error.
            why = one_line(f"{type(error).__name__}: {error}", self._mask.redactor)
            response, retry_after = (
                unreadable_response(raw, prepared.target, why, self._mask.text),
                None,
            )
        shown.answer = shown_answer(response, SHOWN_LENGTH)
        exchange.answered(
            problem=response.problem,
            retry_after=retry_after,
            is_moved=is_moved(raw.status, response.url, response.location),
        )
        return response

    def _name(self, prepared: PreparedRequest) -> str:
        return (
            f"{prepared.method} {self._mask.redactor.text(prepared.target.shown, limit=URL_LENGTH)}"
        )

    def _http_error(self, prepared: PreparedRequest, response: Response) -> HTTPError:
        found = one_line(response.text, self._mask.redactor)
        why = response.problem or found
        if 300 <= response.status <= 399:
            why = self._elsewhere(response)
        what = f"{self._name(prepared)} answered {response.status} {_phrase(response.status)}"
        return HTTPError(
            f"{what.rstrip()}: {why}" if why else what.rstrip(),
            status=response.status,
            excerpt=found,
            retry_after=self._retry_after(response),
            response=response,
        )

    def _retry_after(self, answer: Response | RawResponse) -> float | None:
        return read_retry_after(answer.headers, now=self._clock(), status=answer.status)

    def _elsewhere(self, response: Response) -> str:
        found = response.location
        where = f"to {self.mask(shown_url(URL(found)))}" if found else "without a location"
        is_to_correct = is_moved(response.status, response.url, found)
        moved = f"moved {where}: correct the endpoint" if is_to_correct else f"redirects {where}"
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
