"""Rows that the answer to a submission decides at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ProtocolError
from ..responses import RowResult
from .filters import ABSENT
from .look_up import looker
from .outcomes import Listed
from .pages import list_at
from .results_model import DecidedRows
from .rows import RowWriter, keys_of_rows
from .template import Scope, compiled


def decided_rows(
    rule: DecidedRows,
    answer: Any,
    *,
    texts: Sequence[str],
    scope: Scope,
    rows: RowWriter,
    place: str,
) -> list[RowResult | None]:
    """Return the outcome of each row that *answer* decides, None for the others.

    *texts* are the payloads as JSON. Without entries nothing is decided. Raises ProtocolError if
    there is something else in their place.
    """
    keys: list[str] = []
    if rule.match.row is not None:
        keys = keys_of_rows(compiled(rule.match.row), rows.scopes(texts, scope))
    by_line = rule.match.by == "line"
    listed = Listed(len(texts), lines=rows.plain_lines(texts, scope) if by_line else None)
    if looker(rule.items)(answer) is not ABSENT:
        listed.add(rule, list_at(rule.items, answer, place), keys=keys)
    if text := listed.misaligned_text:
        raise ProtocolError(f"{place}: {text}")
    found = [listed.outcome(row) for row in range(len(texts))]
    return [None if each is None or each.status == "unknown" else each for each in found]
