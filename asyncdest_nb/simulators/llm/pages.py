"""Pages of a list, as the vendors' clients ask for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import parse_qs

Item = TypeVar("Item")


def query_of(text: str) -> dict[str, str]:
    """Return the parameters of a query, the last of each name."""
    return {name: values[-1] for name, values in parse_qs(text).items()}


def page_size(asked: dict[str, str], name: str = "limit", *, usual: int, most: int) -> int | None:
    """Return the wanted length of a page; None if it is not from 1 to *most*."""
    size = asked.get(name, str(usual))
    return int(size) if size.isdecimal() and 1 <= int(size) <= most else None


def page_after(
    items: Sequence[Item], last_id: str | None, limit: int, id_of: Callable[[Item], str]
) -> tuple[Sequence[Item], bool]:
    """Return the items after that with *last_id*, *limit* at most, and whether more follow."""
    ids = list(map(id_of, items))
    start = ids.index(last_id) + 1 if last_id in ids else 0
    return items[start : start + limit], start + limit < len(items)


def page_before(
    items: Sequence[Item], first_id: str, limit: int, id_of: Callable[[Item], str]
) -> tuple[Sequence[Item], bool]:
    """Return the items before that with *first_id*, *limit* at most, and whether more precede."""
    ids = list(map(id_of, items))
    end = ids.index(first_id) if first_id in ids else 0
    return items[max(0, end - limit) : end], end > limit
