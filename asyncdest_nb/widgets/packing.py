"""How rows of the monitor travel to the browser; ``unpacked`` in monitor.js reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ..operation import Operation
from .columns import COLUMNS, Column


def packed(
    operations: Iterable[Operation],
    labels: Sequence[str],
    columns: Sequence[Column] = COLUMNS,
) -> bytes:
    """Return *operations* by column, as UTF-8 JSON: ``{"numbers": […], "columns": {name: […]}}``.

    Immutable, because the kernel reads what is sent on another thread, later.
    """
    rows = list(operations)
    content = {
        "numbers": [each.number for each in rows],
        "columns": {
            column.name: [column.read(each, labels) for each in rows] for column in columns
        },
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Half an emoji, cut by a destination, is no UTF-8.
    return text.encode("utf-8", "replace")
