"""The keys of rows: what tells them apart at the destination, as digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...frame import RowSlice, RowSource, repeated
from ...mapping import UNDEFINED, FieldMap
from ...numerals import digits_lost, is_exact
from .prepared import PreparedSlice

DIGEST_BYTES = 16
_SLICE = 2_000  # Rows that are read at once.
_SHOWN = 3  # Rows that a reason names.


def digest(text: str) -> bytes:
    """Return the digest of a text, which may have half characters."""
    data = text.encode(errors="surrogatepass")
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


class RowKeys:
    """The keys of rows, which *fields* make of *source*, by position.

    Keys of other *scopes* are never equal. A key is compared as text: 1001 and "1001" are the
    same. ``faults`` say why rows cannot be sent: their key is missing, or other rows have it
    too. *compares*: rows are not sent that equal what was completed last under their key.
    """

    def __init__(
        self, source: RowSource | None, fields: FieldMap, *, scope: str, compares: bool
    ) -> None:
        self._source = source
        self._fields = fields
        self._hash = hashlib.blake2b(scope.encode(), digest_size=DIGEST_BYTES)
        self._digests = bytearray()
        self.scope = scope
        self.compares = compares
        self.faults: dict[int, str] = {}

    @classmethod
    def stored(cls, digests: Sequence[bytes], *, scope: str) -> RowKeys:
        """Return the keys that have these *digests*: those of a retry."""
        found = cls(None, FieldMap({}, {}), scope=scope, compares=False)
        found._digests += b"".join(digests)
        return found

    def read(self) -> Iterator[int]:
        """Read all keys, a slice of rows after the other; yields the number of rows so far."""
        if self._source is None:
            return
        for part in self._source.slices(_SLICE):
            self._add(part)
            yield part.start + len(part.labels)
        self._refuse_repeated(self._source.labels)

    def _add(self, part: RowSlice) -> None:
        values, faults = self._fields.values(part.columns, len(part.labels))
        reasons = faults | part.faults
        for place, parts in enumerate(zip(*values.values(), strict=True)):
            texts = [*map(_text, parts)]
            if place not in reasons and ("" in texts or not all(map(_is_whole, parts))):
                reasons[place] = _fault(values, parts, texts)
            self._digests += self._digest(texts)
        self.faults |= {part.start + place: reasons[place] for place in sorted(reasons)}

    def _digest(self, texts: Sequence[str]) -> bytes:
        found = self._hash.copy()
        text = texts[0] if len(texts) == 1 else json.dumps(texts)
        found.update(text.encode(errors="surrogatepass"))
        return found.digest()

    def _refuse_repeated(self, labels: Sequence[str]) -> None:
        rows: dict[bytes, list[int]] = {}
        for position in repeated(self._digests, DIGEST_BYTES):
            if position not in self.faults:
                rows.setdefault(self.at(position), []).append(position)
        name = ", ".join(self._fields.resolvers)
        for same in rows.values():
            for position in same if len(same) > 1 else ():
                others = [labels[each] for each in same if each != position]
                more = f" and {len(others) - _SHOWN:,} more" if len(others) > _SHOWN else ""
                self.faults[position] = (
                    f"its key is not unique: {name} is the same in row"
                    f"{'s' * (len(others) > 1)} {', '.join(others[:_SHOWN])}{more}"
                )

    def at(self, position: int) -> bytes:
        """Return the key of the row at *position*."""
        start = position * DIGEST_BYTES
        return bytes(self._digests[start : start + DIGEST_BYTES])

    def checked(self, part: RowSlice) -> RowSlice:
        """Return *part* with the faults of the keys of its rows."""
        if not self.faults:
            return part
        places = range(len(part.labels))
        own = {at: why for at in places if (why := self.faults.get(part.start + at))}
        return replace(part, faults=own | part.faults)

    def of(self, prepared: PreparedSlice) -> list[bytes]:
        """Return the keys of the rows in *prepared* that may be sent."""
        start = prepared.part.start
        return [self.at(start + at) for at, text in enumerate(prepared.texts) if text is not None]

    def take_unchanged(self, prepared: PreparedSlice, known: Mapping[bytes, bytes]) -> list[int]:
        """Leave out of *prepared* what equals the payload that is *known* of its key.

        Returns the positions of these rows.
        """
        start = prepared.part.start
        found = [
            at
            for at, text in enumerate(prepared.texts)
            if text is not None
            and (payload := known.get(self.at(start + at))) is not None
            and digest(text) == payload
        ]
        prepared.leave_out(found)
        return [start + at for at in found]


def _is_whole(value: Any) -> bool:
    """Whether *value* has all its digits: the key of another row may have been rounded to it."""
    return not isinstance(value, float) or is_exact(value)


def _fault(names: Iterable[str], parts: Sequence[Any], texts: Sequence[str]) -> str:
    if missing := [name for name, text in zip(names, texts, strict=True) if not text]:
        return f"its key is missing: {', '.join(missing)}"
    lost = next(each for each in parts if not _is_whole(each))
    return f"its key is {digits_lost(lost)}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or value is UNDEFINED else json.dumps(value, sort_keys=True)
