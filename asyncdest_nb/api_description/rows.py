"""The rows of a batch as they are sent: values, lines of JSON, or CSV."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from ..request import csv_lines
from ..responses import JSONObject
from .filters import ABSENT, json_text, text_of
from .model import ApiAction, Nulls, SubmitStep
from .parts import FilePart, RowFile
from .template import Render, Scope, compiled

_decode = json.JSONDecoder().raw_decode  # Of a text of ours, which has nothing around it.


class RowWriter:
    """Makes what is sent for the rows of one action."""

    def __init__(self, action: ApiAction) -> None:
        self._nulls = action.nulls
        self._of_batch = frozenset(action.batch_by)
        self._names = [name for name in action.fields if name not in self._of_batch]
        self._row = compiled(action.row)
        self._files = [*_csv_files(action)]

    def scopes(self, texts: Sequence[str], scope: Scope) -> Iterator[Scope]:
        """Yield the names and values of each row, beside those in *scope*.

        *texts* are the payloads as JSON: only one of them is a value at a time.
        """
        for at, text in enumerate(texts):
            yield self.scope_of(text, scope, at=at)

    def scope_of(self, text: str, scope: Scope, *, at: int = 0) -> JSONObject:
        """Return the names and values of the row *at* that place, whose payload is *text*."""
        given, _ = _decode(text)
        row = self._values(given)
        return {**scope, "row": row, "row_index": at, "row_number": at + 1}

    def _values(self, given: JSONObject) -> JSONObject:
        found = given
        if self._of_batch:
            found = {name: each for name, each in given.items() if name not in self._of_batch}
        if self._nulls.policy == "null":
            return found
        return _filled(found, _text_for_null(self._nulls))

    def values(self, texts: Sequence[str], scope: Scope) -> Iterator[Any]:
        """Yield each row as the template ``row`` makes it."""
        return map(self._row, self.scopes(texts, scope))

    def jsonl(self, texts: Sequence[str], scope: Scope, file: RowFile) -> Iterator[bytes]:
        """Yield the rows as lines of JSON."""
        lines = (f"{json_text(each)}\n" for each in self.values(texts, scope))
        return _packed(lines, file)

    def csv(self, texts: Sequence[str], scope: Scope, file: RowFile) -> Iterator[bytes]:
        """Yield the rows as lines of CSV; without columns in *file*, with those of the fields."""
        return _packed(csv_lines(self._table(texts, scope, file)), file)

    def _table(self, texts: Sequence[str], scope: Scope, file: RowFile) -> Iterator[list[str]]:
        columns = file.columns or {name: f"{{{{ row['{name}'] }}}}" for name in self._names}
        cells = [compiled(each) for each in columns.values()]
        rows = ([_cell(cell(each)) for cell in cells] for each in self.scopes(texts, scope))
        return chain([list(columns)] * file.header, rows)

    def plain_lines(self, texts: Sequence[str], scope: Scope) -> int:
        """Return how many of the rows, from the first, begin at a line of CSV that is certain.

        After a cell with a line's end some APIs count on by its lines, and others by its row.
        """
        found = (self._plain_lines(texts, scope, each) for each in self._files)
        return min(found, default=len(texts))

    def _plain_lines(self, texts: Sequence[str], scope: Scope, file: RowFile) -> int:
        for at, cells in enumerate(self._table(texts, scope, file)):
            if any("\n" in each or "\r" in each for each in cells):
                return at if file.header else at + 1
        return len(texts)


def _csv_files(action: ApiAction) -> Iterator[RowFile]:
    for step in action.submit:
        holders: list[SubmitStep | FilePart] = [step, *(step.multipart or {}).values()]
        yield from (each.csv for each in holders if each.csv is not None)


def _cell(value: Any) -> str:
    return "" if value is ABSENT else text_of(value)


def _filled(given: JSONObject, text: str | None) -> JSONObject:
    """Return *given* with *text* for each null, also in objects within it; None = without nulls.

    A null in a list stays: without it, the others would be at other places.
    """
    found = {
        name: _filled(each, text) if isinstance(each, dict) else text if each is None else each
        for name, each in given.items()
    }
    return {name: each for name, each in found.items() if each is not None}


def _text_for_null(nulls: Nulls) -> str | None:
    return nulls.sentinel if nulls.sentinel is not None else "" if nulls.policy == "empty" else None


def _packed(lines: Iterator[str], file: RowFile) -> Iterator[bytes]:
    if not file.gzip:
        yield from map(str.encode, lines)
        return
    packer = zlib.compressobj(wbits=31)  # The format of gzip.
    for line in lines:
        yield packer.compress(line.encode())
    yield packer.flush()


def keys_of_rows(row: Render, scopes: Iterator[Scope]) -> list[str]:
    """Return the key of each row, by which results are matched to rows, as a digest.

    The keys are kept in the session's file until the results have come: a digest of an email
    address does not show it, and is short.
    """
    return [key_of(row(each)) for each in scopes]


def key_of(value: Any) -> str:
    """Return the digest of a key: 1 and "1" are the same key; "" = no key."""
    text = "" if value is ABSENT else text_of(value)
    return (
        hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=9).hexdigest()
        if text
        else ""
    )
