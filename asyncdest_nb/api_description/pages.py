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


@dataclass
class PageTurn:
    """The request for the next page; without a URL and a query there is none.

    *most* is how many entries there can be; None = that is not known.
    """

    rule: Pages
    most: int | None
    url: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    entries: int = 0
    _seen: set[str] = field(default_factory=set)

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
        rule, data = self.rule, response.data
        if rule.next_url:
            found = looker(rule.next_url)(data)
            self.url = urljoin(response.url, str(found)) if found else ""
            is_same = urlsplit(self.url)[:2] == urlsplit(response.url)[:2]
            # A foreign host must not get the credentials.
            self.query = auth_query if self.url and is_same else {}
        elif rule.cursor:
            cursor = looker(rule.cursor)(data)
            has_one = cursor not in (ABSENT, None, "")
            self.query = {str(rule.param): cursor} if has_one else {}
        else:
            self.query = self._numbered(response, length)

    def _numbered(self, response: Response, length: int) -> dict[str, Any]:
        total = looker(self.rule.total)(response.data) if self.rule.total else None
        known = total if isinstance(total, int) else self.most
        if not length or (known is not None and self.entries >= known):
            return {}
        name = str(self.rule.param)
        if self.rule.number == "offset":
            return {name: self.entries}
        return {name: self.query[name] + 1}

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


async def pages_of(
    plan: RequestPlan,
    rule: Pages | None,
    items: str | None,
    request: Request,
    scope: Scope,
    *,
    headers: Headers | None = None,
    most: int | None = None,
) -> AsyncIterator[Response]:
    """Yield each page of a list of *most* entries; None = it may have any number.

    Raises ProtocolError if a page comes twice.
    """
    if rule is None:
        yield await plan.send(request, scope, headers=headers)
        return
    page = PageTurn(rule, most)
    while True:
        response = await plan.send(request, scope, url=page.url, query=page.query, headers=headers)
        yield response
        length = len(list_at(items or "$", response.data, plan.place))
        page.turn(response, length, auth_query=plan.auth_query(scope))
        if not page.has_next:
            return
        if page.is_repeated(response):
            at = shown(page.url or page.query)
            raise ProtocolError(f"{plan.place}: the pages go round in a circle, at {at}")


def list_at(path: str, data: Any, place: str) -> list[Any]:
    """Return the list at *path*; a null is an empty one. Raises ProtocolError for no list."""
    found = looker(path)(data)
    if found is None:
        return []
    if not isinstance(found, list):
        got = "nothing" if found is ABSENT else shown(found)
        raise ProtocolError(f"{place}: there is no list at {path}, but {got}, in {shown(data)}")
    return found
