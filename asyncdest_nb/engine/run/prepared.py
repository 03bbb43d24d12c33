"""From rows to payloads: mapped and checked, a slice of rows at a time, and pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...destination import BESIDE, Action, Payload, PayloadWriter, joined, text_of, with_beside
from ...frame import RowSlice
from ...mapping import UNDEFINED, FieldMap
from ...responses import clean_text

_line_of = json.JSONEncoder(default=repr).encode  # json.dumps would make one for each row.


@dataclass(frozen=True, slots=True)
class MappedSlice:
    """Rows as values of fields, and as JSON texts where these are known without reading them alone.

    ``values`` have an entry per row, UNDEFINED = the field is left out. ``faults`` are by the
    place of a row in the slice. ``texts`` are None for rows that have to be read alone, and
    ``sizes`` are the bytes of the others; ``keys`` is equal for rows of the same batch keys,
    and empty if the action has none. ``beside`` is what goes with each payload beside it, and is
    in the texts, but not in their sizes; empty = nothing does.
    """

    part: RowSlice
    values: dict[str, list[Any]]
    faults: dict[int, str]
    texts: list[str | None]
    sizes: list[int]
    keys: Sequence[str]
    beside: Sequence[Any] = ()

    def row(self, place: int) -> dict[str, Any]:
        """Return the values of one row, without the fields that are left out."""
        values = self.values
        return {key: values[key][place] for key in values if values[key][place] is not UNDEFINED}

    def lines(self) -> list[str]:
        """Return a text for each row that is the same for the same payload."""
        if not self.faults and None not in self.texts:
            return self.texts  # type: ignore[return-value]  # None is not in it.
        return [self._line(place, text) for place, text in enumerate(self.texts)]

    def _line(self, place: int, text: str | None) -> str:
        fault = self.faults.get(place)
        if text is not None and fault is None:
            return text
        return _line_of([fault, self.row(place), *self.beside[place : place + 1]])

    def whole(self, place: int, text: str) -> str:
        """Return the *text* of a payload with what goes with it beside it."""
        return with_beside(text, self.beside[place] if self.beside else None)


@dataclass(slots=True)
class PreparedSlice:
    """Rows that may be sent, and those that may not, with the reason.

    ``texts``, ``sizes`` (bytes in a request) and ``keys`` have an entry per row; the text of a
    row that is not to be sent is None. ``invalid`` and ``kept`` are by position; ``kept`` are
    payloads that cannot be made of their texts again.
    """

    part: RowSlice
    texts: list[str | None]
    sizes: list[int]
    keys: list[str]
    invalid: dict[int, str] = field(default_factory=dict)
    kept: dict[int, Payload] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.texts)

    def leave_out(self, places: Sequence[int]) -> None:
        """Let the rows at *places* not be sent, though they may be."""
        for at in places:
            self.texts[at], self.sizes[at] = None, 0
            self.kept.pop(self.part.start + at, None)

    def without_columns(self) -> PreparedSlice:
        """Return the same without the values that the payloads were made of."""
        return replace(self, part=replace(self.part, columns={}))

    def moved(self, start: int) -> PreparedSlice:
        """Return the same rows at positions that are higher by *start*."""
        return replace(
            self,
            part=replace(self.part, start=start + self.part.start),
            invalid={start + at: why for at, why in self.invalid.items()},
            kept={start + at: payload for at, payload in self.kept.items()},
        )


class SlicePreparer:
    """Maps the rows of slices by *fields*, and checks them by what *action* declares."""

    def __init__(self, action: Action, fields: FieldMap) -> None:
        self._action = action
        self._fields = fields
        self._writer = PayloadWriter(action.payload, left_out=UNDEFINED)

    @property
    def is_able(self) -> bool:
        """Whether most rows need not be read alone."""
        return self._writer.is_able and self._action.row_bytes is None

    def mapped(self, part: RowSlice) -> MappedSlice:
        """Return the rows of *part* as values of fields, and as texts where these are known."""
        rows = len(part.labels)
        values, faults = self._fields.values(part.columns, rows)
        beside = values.pop(BESIDE, ())
        parts = self._writer.parts(values)
        texts: list[str | None] = [None] * rows
        if parts is not None:
            texts = joined(parts, rows)
        sizes = [_size(text) for text in texts]
        if -1 in sizes:
            texts = [None if size < 0 else text for size, text in zip(sizes, texts, strict=True)]
        keys = [""] * rows if self._action.batch_keys else []
        if keys and parts is not None:
            some = [parts.get(key, keys) for key in self._action.batch_keys]
            keys = [",".join(map(str, each)) for each in zip(*some, strict=True)]
        why = {place: clean_text(reason) for place, reason in faults.items()}
        found = MappedSlice(part, values, why | part.faults, texts, sizes, keys, beside)
        for place, text in enumerate(texts if beside else ()):
            if text is not None and place not in why:
                texts[place] = found.whole(place, text)
        return found

    def prepared(
        self, mapped: MappedSlice, *, on_row: Callable[[int], None] = lambda position: None
    ) -> PreparedSlice:
        """Return what may be sent of *mapped*; *on_row* is called after each row read alone."""
        found = PreparedSlice(mapped.part, mapped.texts, mapped.sizes, list(mapped.keys))
        for place in self._places_alone(mapped):
            self._read_alone(mapped, place, found)
            on_row(mapped.part.start + place)
        self._refuse_others(found)
        found.invalid = dict(sorted(found.invalid.items()))
        return found

    def _places_alone(self, mapped: MappedSlice) -> Sequence[int]:
        if self._action.row_bytes is not None:
            return range(len(mapped.texts))
        if not mapped.faults and None not in mapped.texts:
            return ()
        faults = mapped.faults
        return [at for at, text in enumerate(mapped.texts) if text is None or at in faults]

    def _read_alone(self, mapped: MappedSlice, place: int, found: PreparedSlice) -> None:
        position = mapped.part.start + place
        fault = mapped.faults.get(place)
        read = self._read(mapped.row(place)) if fault is None else fault
        if isinstance(read, str):
            found.texts[place], found.invalid[position] = None, read
            return
        payload, text, found.sizes[place] = read
        found.texts[place] = mapped.whole(place, text)
        if self._action.batch_keys:
            found.keys[place] = self._keys(payload)
        if not self._writer.is_lasting:
            found.kept[position] = payload

    def _read(self, values: dict[str, Any]) -> tuple[Payload, str, int] | str:
        row_bytes = self._action.row_bytes
        try:
            payload = self._action.read(values)
            if isinstance(payload, str):
                return payload
            text = text_of(payload)
            size = len(text.encode())
            return payload, text, size if row_bytes is None else row_bytes(payload)
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start : error.end])
            return f"half a character (a lone surrogate: {half}), which UTF-8 cannot encode"
        except Exception as error:  # A user's validator may raise anything; the row is at fault.
            return clean_text(f"{type(error).__name__}: {error}")

    def _keys(self, payload: Payload) -> str:
        values = payload.as_json()
        keys = self._action.batch_keys
        texts = [
            json.dumps(values[key], ensure_ascii=False, separators=(",", ":"))
            if key in values
            else ""
            for key in keys
        ]
        return ",".join(texts)

    def _refuse_others(self, found: PreparedSlice) -> None:
        """Refuse rows that are too large, or that do not map to their stored payloads again."""
        limit, start = self._action.batch_bytes, found.part.start
        if max(found.sizes, default=0) > limit:
            for place, size in enumerate(found.sizes):
                if size > limit and found.texts[place] is not None:
                    reason = f"the row is {size:,} bytes; a request may carry {limit:,}"
                    found.texts[place], found.invalid[start + place] = None, reason
        for place, stored in enumerate(found.part.texts or ()):
            if found.texts[place] not in (None, stored):
                # A validator that hashes or shifts a value would do so a second time.
                reason = "its payload does not fit the action as it is defined now"
                found.texts[place], found.invalid[start + place] = None, reason


def _size(text: str | None) -> int:
    """Return the bytes of *text*, 0 = there is none, -1 = it cannot be encoded."""
    if text is None:
        return 0
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1
