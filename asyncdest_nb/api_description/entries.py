"""The entries of a source of results: pages of JSON, lines of JSON, CSV, packed or not."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..destination import Request
from ..errors import HTTPError, ProtocolError
from ..request import ReadableBody, Response, read_json_text
from .exchange import Headers, RequestPlan
from .pages import list_at, pages_of
from .results_model import EntrySource, ResultSource
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

    Raises ProtocolError for one that cannot be read; EndlessPages when *use* has its entries.
    After a first page, a number that is not found ends the list.
    """
    # Entries in the order of the rows are as many as these.
    size = scope["batch"]["size"]
    most = size if source.match.by == "order" else None
    # A row may have several errors, but not any number of them.
    bound = 1000 + 100 * size
    pages = pages_of(
        plan, source.pages, source.items, request, scope, headers=headers, most=most, bound=bound
    )
    is_begun = False
    try:
        async for response in pages:
            is_begun = True
            await to_thread(use, read_entries(source, response, plan.place))
    except HTTPError as error:
        if not (is_begun and _is_past_the_last(error, source)):
            raise


def _is_past_the_last(error: HTTPError, source: ResultSource) -> bool:
    """Whether *error* says that there is no further page: some APIs have no empty one."""
    is_numbered = source.pages is not None and source.pages.number is not None
    return is_numbered and error.status == 404 and error.response is not None


def read_entries(source: EntrySource, response: Response, place: str) -> Iterator[Any]:
    """Yield the entries in one answer; a large one is never whole in memory.

    Raises ProtocolError for an answer that cannot be read.
    """
    if response.status == 204:  # No content: no entries.
        return
    if not source.is_file:
        yield from list_at(source.items, response.data, place)
        return
    try:
        for body in response.files() if source.archive == "tar.gz" else [response]:
            yield from _read(source, body)
    except ProtocolError as error:
        raise ProtocolError(f"{place}: {error}") from None


def _read(source: EntrySource, body: ReadableBody) -> Iterator[Any]:
    if source.format == "jsonl":
        return body.jsonl()
    if source.format == "csv":
        return body.csv_rows(delimiter=source.delimiter)
    value, problem = read_json_text("\n".join(body.lines()) or "[]")
    if problem is not None:
        raise ProtocolError(f"the answer {problem}")
    return iter(list_at(source.items, value, "the file"))
