"""The entries of a source of results: pages of JSON, lines of JSON, CSV, packed or not."""

from __future__ import annotations

import json
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from ..destination import Request
from ..errors import ProtocolError
from ..request import ReadableBody, Response
from .exchange import Headers, RequestPlan
from .faults import shown
from .filters import ABSENT
from .look_up import looker
from .results_model import Pages, ResultSource
from .template import Scope


async def read_source(
    plan: RequestPlan,
    source: ResultSource,
    request: Request,
    scope: Scope,
    *,
    headers: Headers,
    use: Callable[[Iterable[Any]], None],
) -> None:
    """Give the entries of a *source* to *use*, page by page, in a thread of its own.

    Raises ProtocolError for one that cannot be read.
    """
    pages = pages_of(plan, source.pages, source.items, request, scope, headers=headers)
    async for response in pages:
        await to_thread(use, read_entries(source, response, plan.place))


async def pages_of(
    plan: RequestPlan,
    pages: Pages | None,
    items: str | None,
    request: Request,
    scope: Scope,
    *,
    headers: Headers | None = None,
) -> AsyncIterator[Response]:
    """Yield each page. Raises ProtocolError if one comes twice: the pages would never end."""
    url, query = "", {} if pages is None else _first(pages)
    seen, count = set[tuple[str, bytes]](), 0
    while True:
        response = await plan.send(request, scope, url=url, query=query, headers=headers)
        yield response
        if pages is None:
            return
        # A file has no pages.
        length = len(list_at(items or "$", response.data, plan.place))
        count += length
        url, query = _next(pages, response, count=count, length=length, number=len(seen) + 1)
        if not url and not query:
            return
        state = url or str(query), response.content if pages.number else b""
        if state in seen or (pages.number and response.content in {each for _, each in seen}):
            raise ProtocolError(
                f"{plan.place}: the pages go round in a circle, at {shown(state[0])}"
            )
        seen.add(state)


def _first(pages: Pages) -> dict[str, Any]:
    return {str(pages.param): pages.first if pages.number == "page" else 0} if pages.number else {}


def _next(
    pages: Pages, response: Response, *, count: int, length: int, number: int
) -> tuple[str, dict[str, Any]]:
    """Return the URL or the query of the next page; both empty = there is none."""
    if pages.next_url:
        found = looker(pages.next_url)(response.data)
        return (str(found) if found else ""), {}
    if pages.cursor:
        cursor = looker(pages.cursor)(response.data)
        return "", {str(pages.param): cursor} if cursor not in (ABSENT, None, "") else {}
    total = looker(pages.total)(response.data) if pages.total else None
    if not length or (isinstance(total, int) and count >= total):
        return "", {}
    return "", {str(pages.param): pages.first + number if pages.number == "page" else count}


def list_at(path: str, data: Any, place: str) -> list[Any]:
    """Return the list at *path*; a null is an empty one. Raises ProtocolError for no list."""
    found = looker(path)(data)
    if found is None:
        return []
    if not isinstance(found, list):
        got = "nothing" if found is ABSENT else shown(found)
        raise ProtocolError(f"{place}: there is no list at {path}, but {got}, in {shown(data)}")
    return found


def read_entries(source: ResultSource, response: Response, place: str) -> Iterator[Any]:
    """Yield the entries in one answer; a large one is never whole in memory."""
    if not source.is_file:
        yield from list_at(source.items, response.data, place)
        return
    try:
        for body in response.files() if source.archive == "tar.gz" else [response]:
            yield from _read(source, body, place)
    except ProtocolError as error:
        raise ProtocolError(f"{place}: {error}") from None


def _read(source: ResultSource, body: ReadableBody, place: str) -> Iterator[Any]:
    if source.format == "jsonl":
        return body.jsonl()
    if source.format == "csv":
        return body.csv_rows()
    content = b"".join(f"{line}\n".encode() for line in body.lines())
    try:
        return iter(list_at(source.items, json.loads(content or b"[]"), place))
    except ValueError as error:
        raise ProtocolError(f"the answer is not JSON: {error}") from None
