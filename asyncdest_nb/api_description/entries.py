"""The entries of a source of results: pages of JSON, lines of JSON, CSV, packed or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from ..destination import Request
from ..errors import ProtocolError
from ..request import Response
from .exchange import Headers, RequestPlan
from .faults import shown
from .filters import ABSENT
from .look_up import looker
from .results_model import Pages, ResultSource
from .template import Scope


async def entries_of(
    plan: RequestPlan, source: ResultSource, request: Request, scope: Scope, *, headers: Headers
) -> list[Any]:
    """Return all entries of a *source*; raises ProtocolError for one that cannot be read."""
    found: list[Any] = []
    async for response in pages_of(
        plan, source.pages, source.items, request, scope, headers=headers
    ):
        found += read_entries(source, response, plan.place)
    return found


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


def read_entries(source: ResultSource, response: Response, place: str) -> list[Any]:
    """Return the entries in one answer."""
    if source.format == "json" and source.archive is None:
        return list_at(source.items, response.data, place)
    try:
        return [
            entry
            for content in _unpacked(source, response.content)
            for entry in _read(source, content, place)
        ]
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, csv.Error) as error:
        what = f"{source.format} in {source.archive}" if source.archive else source.format
        raise ProtocolError(f"{place}: the answer cannot be read as {what}: {error}") from None


def _unpacked(source: ResultSource, content: bytes) -> Iterator[bytes]:
    if source.archive == "tar.gz":
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                if member.isfile() and (file := archive.extractfile(member)) is not None:
                    yield file.read()
    else:
        # A proxy, or the HTTP client, may have unpacked it already.
        is_packed = source.archive == "gzip" and content.startswith(b"\x1f\x8b")
        yield gzip.decompress(content) if is_packed else content


def _read(source: ResultSource, content: bytes, place: str) -> list[Any]:
    if source.format == "jsonl":
        # Split at \n only: JSON may have other line breaks of Unicode in its texts.
        lines = enumerate(content.split(b"\n"), start=1)
        return [_parsed(line, number) for number, line in lines if line.strip()]
    if source.format == "csv":
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        return list(csv.DictReader(text, strict=True))
    return list_at(source.items, json.loads(content or b"[]"), place)


def _parsed(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from None


def entry_text(entry: Any) -> str:
    """Return an entry as it is shown."""
    return shown(dict(entry) if isinstance(entry, Mapping) else entry)
