"""Rows of the monitor, packed for the browser; ``unpacked`` in packed.js reads them.

They are packed by column, since values of a column are alike: 1,000 changes of status,
progress, message and polls are 9 kB. A text is sent once per message, however many
operations share it.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..visible import is_visible
from .columns import Column, Kind
from .entries import Entry
from .run_view import cut

Part = list[Any]
NO_PERCENT = 255
_SAMPLE = 300  # Texts that are compared to see whether most differ.


@dataclass(slots=True)
class Packed:
    """Values of operations, ready to be sent.

    ``numbers`` are lists of operations: [first, count], or [typecode, its buffer].
    ``parts`` are [column, which of the numbers, typecode, its buffer], and for texts
    the buffer of the distinct ones, as JSON, that the values index. Typecodes are
    those of ``array``, in the byte order of this machine, which is little-endian everywhere.
    """

    numbers: list[Part] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    buffers: list[bytes] = field(default_factory=list)
    _last: Sequence[int] = ()

    def add(self, column: Column, numbers: Sequence[int], values: list[Any]) -> None:
        """Add the *values* of *column* for the operations *numbers*, which ascend."""
        if numbers:
            which = self._numbered(numbers)
            pack = _PACKERS[column.kind]
            part = pack(self, values) if pack else self._add_texts(values, column.limit)
            self.parts.append([column.name, which, *part])

    def add_buffer(self, values: array[Any]) -> Part:
        """Add an immutable buffer, since it is sent later, on another thread."""
        self.buffers.append(values.tobytes())
        return [values.typecode, len(self.buffers) - 1]

    def _add_texts(self, values: list[str | None], limit: int) -> Part:
        """Add a buffer of the distinct texts, and one of their indexes."""
        distinct: Sequence[str | None] = values
        if len(set(values[:_SAMPLE])) > _SAMPLE // 2:  # Labels and ids: few are equal.
            part = self.add_buffer(array("I", range(len(values))))
        else:
            places = {text: at for at, text in enumerate(dict.fromkeys(values))}
            part = self.add_buffer(_smallest([*map(places.__getitem__, values)]))
            distinct = list(places)
        texts = [each or "" for each in distinct]
        if max(map(len, texts)) > limit or not is_visible("".join(texts)):
            texts = [cut(each, limit) for each in texts]
        text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
        # Half an emoji, cut by a destination, is not valid UTF-8.
        self.buffers.append(text.encode("utf-8", "replace"))
        return [*part, len(self.buffers) - 1]

    def _numbered(self, numbers: Sequence[int]) -> int:
        # Most columns of a message have the same operations.
        if numbers is not self._last:
            first, count = numbers[0], len(numbers)
            is_range = numbers[-1] - first == count - 1
            self.numbers.append([first, count] if is_range else self.add_buffer(_smallest(numbers)))
            self._last = numbers
        return len(self.numbers) - 1


def packed(columns: Iterable[Column], operations: Sequence[Entry]) -> Packed:
    """Return *columns* of *operations*, which are in order of number."""
    found, numbers = Packed(), [each.number for each in operations]
    for column in columns:
        found.add(column, numbers, column.read(operations))
    return found


def _smallest(values: Sequence[int]) -> array[int]:
    top = max(values)
    return array("B" if top < 1 << 8 else "H" if top < 1 << 16 else "I", values)


def _numbers(packed: Packed, values: list[int]) -> Part:
    return packed.add_buffer(_smallest(values))


def _percents(packed: Packed, values: list[float | None]) -> Part:
    # Rounded down: 100 % means all of it.
    return packed.add_buffer(array("B", [NO_PERCENT if it is None else int(it) for it in values]))


def _times(packed: Packed, values: list[float | None]) -> Part:
    return packed.add_buffer(array("d", [math.nan if each is None else each for each in values]))


def _rows(packed: Packed, values: list[tuple[int, ...]]) -> Part:
    return packed.add_buffer(_smallest([each for triple in values for each in triple]))


_PACKERS: dict[Kind, Callable[[Packed, Any], Part] | None] = {
    "text": None,
    "code": None,
    "status": None,
    "number": _numbers,
    "percent": _percents,
    "time": _times,
    "elapsed": _times,
    "rows": _rows,
}
