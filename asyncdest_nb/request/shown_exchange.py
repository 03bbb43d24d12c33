"""What may be shown of the requests of a call, and of their answers."""

from __future__ import annotations

from collections.abc import Mapping

from .address import shown_query
from .body import RequestBody
from .credentials import CREDENTIAL_HEADERS
from .exchange import ExchangeTexts
from .redactor import LOOK_AHEAD, Redactor
from .signatures import MASK
from .target import Target
from .wire import PreparedRequest

BODY_LENGTH = 8_000  # characters of a body in an Exchange
SHOWN_LENGTH = BODY_LENGTH + LOOK_AHEAD + 1  # that are kept, so that it does not keep all of it
SMALL_BYTES = 2**16  # A body up to this size is kept as it is until somebody looks.


class CallMask:
    """Masks texts with all secrets that a call has been given so far: those of ``redactor``.

    An Exchange refers to it and not to the Call, which has the Exchange: objects in a circle
    stay in memory until Python looks for circles, and that took an eighth of a request's time.
    """

    __slots__ = ("redactor",)

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor

    def text(self, text: str) -> str:
        """Return *text* with secrets masked."""
        return self.redactor.text(text)

    def texts(self, exchange: ShownExchange) -> ExchangeTexts:
        """Return what may be shown of a request and its answer."""
        body, target = exchange.body, exchange.target
        shown = body.shown(SHOWN_LENGTH) if isinstance(body, RequestBody) else body
        query = shown_query(target.url) if "?" in target.text else ""
        return ExchangeTexts(
            url=self.text(target.shown + query),
            request_headers={
                name: self._header(name, value) for name, value in exchange.headers.items()
            },
            request_body=self.redactor.text(shown, limit=BODY_LENGTH) if shown else None,
            answer=self.redactor.text(exchange.answer, limit=BODY_LENGTH),
        )

    def _header(self, name: str, value: str) -> str:
        is_secret = name in CREDENTIAL_HEADERS or self.text(value) != value
        return MASK if is_secret else value


class ShownExchange:
    """A request and its answer as far as they are shown, without the rest of a large body."""

    __slots__ = ("answer", "body", "headers", "target")

    def __init__(self, prepared: PreparedRequest) -> None:
        self.target: Target = prepared.target
        self.headers: Mapping[str, str] = prepared.headers
        self.answer = ""
        body = prepared.body
        is_small = body.in_memory is not None and body.size <= SMALL_BYTES
        self.body: RequestBody | str = body if is_small else body.shown(SHOWN_LENGTH)
