"""Send one described request, and judge its answer by the description."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urljoin

from ..destination import Request
from ..errors import (
    HTTPError,
    IntegrationError,
    InvalidAuthenticationError,
    ProtocolError,
    RetryableError,
)
from ..request import Response
from .faults import shown
from .filters import ABSENT, text_of
from .look_up import looker
from .parts import AnswerRule, ApiRequest, ErrorRule, Extraction, FilePart, RowFile
from .rows import RowWriter
from .template import Scope, compiled, placeholders_in, url_of

Headers = Mapping[str, str | None]
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_OF_FILES = ("to_file", "timeout_seconds")  # The options that a redirected request has, too.


class RequestPlan:
    """One request of a description, its templates compiled; *place* names it in errors."""

    def __init__(
        self,
        rule: ApiRequest,
        place: str,
        *,
        answers: AnswerRule,
        auth_query: Mapping[str, str],
        rows: RowWriter,
    ) -> None:
        self.rule, self._answers = rule, answers
        self._is_large = getattr(rule, "is_file", False)  # Read from a file, not from memory.
        self._follows = getattr(rule, "follows_redirects", False)
        self.place = f"{place} ({rule.name})" if rule.name else place
        # Stands before an error that the API states; the place in a description helps its author.
        self._purpose = f"{rule.name}: " if rule.name else ""
        self._rows = rows
        self.kind = next(iter(rule.bodies), None)  # Of the body; None = there is none.
        # Whether the request has {{ rows }}: the list of them is made only then.
        self.names_rows = any(each.keys[:1] == ("rows",) for _, each in placeholders_in(rule.sent))
        # None = the request has none of its own, as most.
        self._auth_query = compiled(dict(auth_query)) if auth_query else None
        self._query = compiled({**auth_query, **rule.query}) if auth_query or rule.query else None
        self._headers = compiled(dict(rule.headers)) if rule.headers else None
        self._json = compiled(rule.json_body)
        self._form = compiled(rule.form)
        self._text = compiled(rule.text)
        self._options: dict[str, Any] = {"method": rule.method}
        if rule.timeout_seconds is not None:
            self._options["timeout_seconds"] = rule.timeout_seconds
        if self._is_large:
            self._options["to_file"] = True
        # Whether an answer can be good by its status, and bad by its body.
        is_stated = bool(answers.require or rule.require or rule.not_found)
        self._judges_body = is_stated and not self._is_large

    def send(
        self,
        request: Request,
        scope: Scope,
        *,
        texts: Sequence[str] = (),
        url: str = "",
        query: Mapping[str, Any] | None = None,
        headers: Headers | None = None,
    ) -> Awaitable[Response]:
        """Return a good answer; raise what a bad one means, with the purpose of the step.

        *texts* are the payloads as JSON. *url* and *query* are those of a further page.
        """
        options = dict(self._options)
        if self.kind is not None:
            options |= self._body(scope, texts)
        own = {} if url or self._query is None else self._query(scope)
        if params := {**own, **(query or {})}:
            options["params"] = {name: text_of(each) for name, each in params.items()}
        own = {} if self._headers is None else self._headers(scope)
        if own or headers:
            options["headers"] = {**options.get("headers", {}), **(headers or {}), **own}
        return self._answered(request, url or url_of(self.rule.url, scope), options)

    def auth_query(self, scope: Scope) -> dict[str, Any]:
        """Return the credentials that go into the query."""
        return {} if self._auth_query is None else self._auth_query(scope)

    def _body(self, scope: Scope, texts: Sequence[str]) -> dict[str, Any]:
        rule, kind = self.rule, self.kind
        if kind == "json":
            return {"json": self._json(scope)}
        if kind == "form":
            return {"data": {name: text_of(each) for name, each in self._form(scope).items()}}
        if kind == "text":
            return _typed(self._text(scope), "text/plain; charset=utf-8")
        if kind == "multipart":
            parts = (rule.multipart or {}).items()
            return {"files": [(name, self._part(part, scope, texts)) for name, part in parts]}
        if rule.csv is not None:
            return _file_body(self._rows.csv(texts, scope, rule.csv), "text/csv", rule.csv)
        if rule.jsonl is not None:
            content = self._rows.jsonl(texts, scope, rule.jsonl)
            return _file_body(content, "application/x-ndjson", rule.jsonl)
        return {}

    def _part(self, part: FilePart, scope: Scope, texts: Sequence[str]) -> Any:
        """Return the file name (None = a field), the bytes and the type of a part."""
        name = None if part.filename is None else text_of(compiled(part.filename)(scope))
        if part.csv is not None:
            content = self._rows.csv(texts, scope, part.csv)
            return name or "rows.csv", content, part.content_type or "text/csv"
        if part.jsonl is not None:
            content = self._rows.jsonl(texts, scope, part.jsonl)
            return name or "rows.jsonl", content, part.content_type or "application/jsonl"
        return name, text_of(compiled(part.value)(scope)).encode(), part.content_type

    async def _answered(self, request: Request, url: str, options: dict[str, Any]) -> Response:
        send = self._followed(request, url, options) if self._follows else request(url, **options)
        try:
            response = await send
        except HTTPError as error:
            if error.status not in self.rule.expect:
                self._fail(error)
            response = error.response
        else:
            if self.rule.expect and response.status not in self.rule.expect:
                text = f"answered {response.status}, expected "
                raise ProtocolError(f"{self.place}: {text}{', '.join(map(str, self.rule.expect))}")
            if response.problem:
                raise ProtocolError(f"{self.place}: {response.problem}")
        if self._judges_body:
            self._judge_body(response)
        return response

    async def _followed(self, request: Request, url: str, options: dict[str, Any]) -> Response:
        """Return the answer to a request for results, which is sent on to where they are.

        A file in another place has a signed URL. Headers of the description do not go there, and
        the default ones only to the hosts of the destination.
        """
        for _ in range(_MOST_REDIRECTS):
            try:
                response: Response = await request(url, **options)
                return response
            except HTTPError as error:
                url = _redirect(error)
                if not url or error.status in self.rule.expect:
                    raise
            bare = {name: None for name, each in options.get("headers", {}).items() if each is None}
            kept = {name: each for name, each in options.items() if name in _OF_FILES}
            options = {"headers": bare, **kept}
        last: Response = await request(url, **options)
        return last

    def _fail(self, error: HTTPError) -> NoReturn:
        message, code = self.reason(getattr(error.response, "data", None))
        if is_word(code, self._codes("retry_codes")):
            text = f"{self._purpose}{code}: {message or error}"
            raise RetryableError(text, error.status, error.retry_after) from None
        if is_word(code, self._codes("auth_codes")):
            raise InvalidAuthenticationError(f"{self._purpose}{message or error}") from None
        # The same error: the engine knows those that its own requests raised.
        stated = f"{message}: {error}" if message else str(error)
        error.args = (f"{self._purpose}{stated}",)
        raise error

    def _judge_body(self, response: Response) -> None:
        """Raise what *response* means if its body is bad; APIs answer errors with 200 too."""
        for path, words in self.rule.not_found.items():
            if is_word(found := looker(path)(response.data), words):
                text = f"{self.place}: it does not exist: {path} is {shown(found)}"
                raise HTTPError(text, status=404)
        whole = self._answers.require if isinstance(response.data, Mapping) else {}
        for path, value in {**whole, **self.rule.require}.items():
            found = looker(path)(response.data)
            if found is ABSENT or found is None:
                raise ProtocolError(
                    f"{self.place}: there is nothing at {path}, which is {value!r} in a good answer"
                )
            if not is_word(found, [value]):
                self._refuse(response, f"{path} is {shown(found)}, not {value!r}")

    def _refuse(self, response: Response, why: str) -> NoReturn:
        message, code = self.reason(response.data)
        text = f"{self._purpose}{message}" if message else f"{self.place}: {why}"
        if is_word(code, self._codes("retry_codes")):
            raise RetryableError(f"{text} ({code})", response.status)
        if is_word(code, self._codes("auth_codes")):
            raise InvalidAuthenticationError(text)
        raise IntegrationError(text, code or "REFUSED", response.status)

    def _codes(self, name: str) -> Sequence[Any]:
        return (*getattr(self.rule, name), *getattr(self._answers, name))

    def reason(self, answer: Any) -> tuple[str, str | None]:
        """Return the message and the code in *answer*, by the rule of this request, else of all."""
        message, code = reason_of(self.rule.error, answer)
        other_message, other_code = reason_of(self._answers.error, answer)
        return message or other_message, code or other_code


def is_trouble(status: int) -> bool:
    """Whether an answer with *status* is about the host or its load, not about a request."""
    return status >= 500 or status in (408, 425, 429)


def reason_of(rule: ErrorRule, answer: Any) -> tuple[str, str | None]:
    """Return the message and the code of an error in *answer*; "" and None = not stated."""
    message, code = first_of(rule.message, answer), first_of(rule.code, answer)
    return text_of(message or ""), None if code is None else text_of(code)


def first_of(paths: Sequence[str], answer: Any) -> Any:
    """Return the first value that is not empty at one of *paths*; None = there is none."""
    for path in paths:
        found = looker(path)(answer)
        if isinstance(found, list):
            found = "; ".join(text_of(each) for each in found if each not in (None, ""))
        if found not in (ABSENT, None, ""):
            return found
    return None


def is_word(found: Any, words: Sequence[Any]) -> bool:
    """Whether a value is one of *words*: numbers may be written as texts, true is not 1."""
    if not words or found is ABSENT or found is None:
        return False
    text = text_of(found)
    return any(text == text_of(each) for each in words)


def extracted(
    rules: Mapping[str, Extraction], response: Response, place: str, *, data: Any = ...
) -> dict[str, Any]:
    """Return the values to keep of a *response*, or of *data*, a part of its body.

    Raises ProtocolError for one that is missing.
    """
    data = response.data if data is ... else data
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        if rule.value is not None:
            continue
        value = _value(rule, response, data)
        if value in (ABSENT, None, "") and not rule.optional:
            where = " or ".join(rule.path) or f"the header {rule.header}"
            what = "no list of operations, or of their ids," if rule.many else "nothing"
            raise ProtocolError(
                f"{place}: accepted without {name}: {what} at {where}; got {shown(data)}"
            )
        found[name] = None if value is ABSENT else value
    return found


def value_at(paths: Sequence[str], data: Any) -> Any:
    """Return what the first of *paths* that leads to something leads to; ABSENT = none does."""
    if len(paths) == 1:  # As in most rules.
        return looker(paths[0])(data)
    found = [each for each in (looker(path)(data) for path in paths) if each is not ABSENT]
    return next(
        (each for each in found if each not in (None, "", [])), found[0] if found else ABSENT
    )


def _value(rule: Extraction, response: Response, data: Any) -> Any:
    if rule.path:
        return value_at(rule.path, data)
    name = str(rule.header).lower()
    value = response.headers.get(name)
    # RFC 3986, section 5: such a header may be relative to the URL that was requested.
    return urljoin(response.url, value) if value and name.endswith("location") else value


def _redirect(error: HTTPError) -> str:
    """Return where an answer sends the request, "" = nowhere."""
    if error.status not in _REDIRECTS or error.response is None:
        return ""
    return error.response.location or ""


def _typed(content: Any, kind: str) -> dict[str, Any]:
    return {"content": content, "headers": {"content-type": kind}}


def _file_body(content: Iterator[bytes], kind: str, file: RowFile) -> dict[str, Any]:
    body = _typed(content, kind)
    if file.gzip:
        body["headers"]["content-encoding"] = "gzip"
    return body
