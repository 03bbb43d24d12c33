"""Pages of a list: by the next URL, by a cursor, or by a number."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from ..destination import Request
from ..errors import ProtocolError
from ..request import Response
from .exchange import Headers, RequestPlan
from .faults import shown
from .filters import ABSENT
from .look_up import looker
from .results_model import Pages
from .template import Scope

# Pages without an entry in a row; more of them are no list that will end.
_MOST_EMPTY = 20
_MOST_PAGES = 10_000


@dataclass
class PageTurn:
    """The request for the next page; without a URL and a query there is none.

    *most* is how many entries there are, and *bound* how many there can be at all; None = that
    is not known.
    """

    rule: Pages
    most: int | None
    bound: int | None = None
    url: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    entries: int = 0
    _pages: int = 0
    _empty: int = 0
    _seen: set[str] = field(default_factory=set)
    _echo: int | str | None = None

    def __post_init__(self) -> None:
        if self.rule.number:
            first = self.rule.first if self.rule.number == "page" else 0
            self.query = {str(self.rule.param): first}

    @property
    def has_next(self) -> bool:
        """Whether there is another page."""
        return bool(self.url or self.query)

    def turn(self, response: Response, length: int, *, auth_query: dict[str, Any]) -> None:
        """Go to the page after *response*, which has *length* entries."""
        self.entries += length
        self._pages += 1
        self._empty = 0 if length else self._empty + 1
        rule, data = self.rule, response.data
        if rule.next_url:
            found = _next_at(rule.next_url, data, "a URL", (str,))
            self.url = "" if found is None else urljoin(response.url, found)
            is_same = urlsplit(self.url)[:2] == urlsplit(response.url)[:2]
            # A foreign host must not get the credentials.
            self.query = auth_query if self.url and is_same else {}
        elif rule.cursor:
            cursor = _next_at(rule.cursor, data, "a text or a number", (str, int, float))
            self.query = {} if cursor is None else {str(rule.param): cursor}
        else:
            self.query = self._numbered(response, length)

    def _numbered(self, response: Response, length: int) -> dict[str, Any]:
        total = looker(self.rule.total)(response.data) if self.rule.total else None
        # A total may be that of one page. Where answers say which page they are, the number of
        # rows is enough.
        is_told = self.most is not None and self.rule.echo is not None
        known = total if isinstance(total, int) and not is_told else self.most
        if not length or (known is not None and self.entries >= known):
            return {}
        name = str(self.rule.param)
        if self.rule.number == "offset":
            return {name: self.entries}
        return {name: self.query[name] + 1}

    def is_same(self, response: Response) -> bool:
        """Whether *response* says that it is the page before: the server ignores the number."""
        echo = None if self.rule.echo is None else looker(self.rule.echo)(response.data)
        before, self._echo = self._echo, echo if isinstance(echo, int | str) else None
        return before is not None and before == self._echo

    @property
    def endless(self) -> str:
        """Why the pages are not expected to end; "" = they are."""
        if self._empty >= _MOST_EMPTY:
            return f"{self._empty} pages in a row are empty, and there is always a next one"
        if self.bound is not None and self.entries > self.bound:
            return f"there are {self.entries:,} entries, and still a next page"
        if self._pages >= _MOST_PAGES:
            return f"after {self._pages:,} pages there is still a next one"
        return ""

    def is_repeated(self, response: Response) -> bool:
        """Whether the next page was read before, so that the pages would never end.

        A server that ignores a number answers the same page again.
        """
        state = self.url or str(self.query)
        if self.rule.number and self.most is None:
            state = hashlib.sha256(response.content).hexdigest()
        is_known = state in self._seen
        self._seen.add(state)
        return is_known


class EndlessPages(ProtocolError):
    """A page comes again, or there is always a next one: what was read is all there is to have."""


async def pages_of(
    plan: RequestPlan,
    rule: Pages | None,
    items: str | None,
    request: Request,
    scope: Scope,
    *,
    headers: Headers | None = None,
    most: int | None = None,
    bound: int | None = None,
) -> AsyncIterator[Response]:
    """Yield each page of a list of *most* entries; None = it may have any number, up to *bound*.

    Raises EndlessPages if a page comes twice, or the pages do not end, and ProtocolError for what
    leads to no page.
    """
    if rule is None:
        yield await plan.send(request, scope, headers=headers)
        return
    page = PageTurn(rule, most, bound)
    while True:
        response = await plan.send(request, scope, url=page.url, query=page.query, headers=headers)
        if page.is_same(response):
            return
        yield response
        length = len(list_at(items or "$", response.data, plan.place))
        try:
            page.turn(response, length, auth_query=plan.auth_query(scope))
        except ProtocolError as error:
            raise ProtocolError(f"{plan.place}: {error}") from None
        if not page.has_next:
            return
        if page.endless:
            raise EndlessPages(f"{plan.place}: {page.endless}, at {shown(page.url or page.query)}")
        if page.is_repeated(response):
            at = shown(page.url or page.query)
            raise EndlessPages(f"{plan.place}: the pages go round in a circle, at {at}")


def _next_at(path: str, data: Any, what: str, kinds: tuple[type, ...]) -> Any:
    """Return what leads to the next page; None = this is the last. Raises ProtocolError."""
    found = looker(path)(data)
    if not found and type(found) not in (int, float):
        return None
    if not isinstance(found, kinds) or isinstance(found, bool):
        raise ProtocolError(f"{path} is {shown(found)}, which is not {what} of a next page")
    return found


def list_at(path: str, data: Any, place: str, *, null_is_empty: bool = True) -> list[Any]:
    """Return the list at *path*; a null may be an empty one. Raises ProtocolError for no list."""
    found = looker(path)(data)
    if found is None and null_is_empty:
        return []
    if not isinstance(found, list):
        got = "nothing" if found is ABSENT else shown(found)
        raise ProtocolError(f"{place}: there is no list at {path}, but {got}, in {shown(data)}")
    return found
