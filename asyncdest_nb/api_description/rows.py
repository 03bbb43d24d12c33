"""The rows of a batch as they are sent: values, lines of JSON, or CSV."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

from ..destination import Payload
from ..responses import JSONObject
from .filters import ABSENT, json_text, text_of
from .model import ApiAction, Nulls
from .parts import RowFile
from .template import Render, Scope, compiled


class RowWriter:
    """Makes what is sent for the rows of one action."""

    def __init__(self, action: ApiAction) -> None:
        self._nulls = action.nulls
        self._of_batch = frozenset(action.batch_by)
        self._names = [name for name in action.fields if name not in self._of_batch]
        self._row = compiled(action.row)

    def scopes(self, payloads: Sequence[Payload], scope: Scope) -> Iterator[Scope]:
        """Yield the names and values of each row, beside those in *scope*."""
        for at, payload in enumerate(payloads):
            row = self._values(payload.as_json())
            yield {**scope, "row": row, "row_index": at, "row_number": at + 1}

    def _values(self, given: JSONObject) -> JSONObject:
        found = {name: each for name, each in given.items() if name not in self._of_batch}
        if self._nulls.policy == "null":
            return found
        text = _text_for_null(self._nulls)
        kept = {name: text if each is None else each for name, each in found.items()}
        return {name: each for name, each in kept.items() if each is not None}

    def values(self, payloads: Sequence[Payload], scope: Scope) -> list[Any]:
        """Return each row as the template ``row`` makes it."""
        return [self._row(each) for each in self.scopes(payloads, scope)]

    def jsonl(self, payloads: Sequence[Payload], scope: Scope, file: RowFile) -> bytes:
        """Return the rows as lines of JSON."""
        lines = (json_text(each) for each in self.values(payloads, scope))
        return _packed("".join(f"{line}\n" for line in lines), file)

    def csv(self, payloads: Sequence[Payload], scope: Scope, file: RowFile) -> bytes:
        """Return the rows as CSV; without columns in *file*, with those of the fields."""
        columns = file.columns or {name: f"{{{{ row['{name}'] }}}}" for name in self._names}
        cells = [compiled(each) for each in columns.values()]
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        if file.header:
            writer.writerow(columns)
        for each in self.scopes(payloads, scope):
            writer.writerow([_cell(cell(each)) for cell in cells])
        return _packed(written.getvalue(), file)


def _cell(value: Any) -> str:
    return "" if value is ABSENT else text_of(value)


def _text_for_null(nulls: Nulls) -> str | None:
    return nulls.sentinel if nulls.sentinel is not None else "" if nulls.policy == "empty" else None


def _packed(text: str, file: RowFile) -> bytes:
    content = text.encode()
    return gzip.compress(content, mtime=0) if file.gzip else content


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
