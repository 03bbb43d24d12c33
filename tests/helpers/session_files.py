"""A session's file on disk, and ways to damage it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asyncdest_nb.store import Store
from stored_runs import write


def session_file(path: Path) -> bytes:
    """Write a session of some 400 pages, and return its bytes."""
    store = Store(path)
    write(store, length=1000)
    store.close()
    content = path.read_bytes()
    assert len(content) > 200 * 4096
    return content


def overwritten(content: bytes, start: int, count: int) -> bytes:
    return content[:start] + b"\xa5" * count + content[start + count :]


DAMAGES: dict[str, Any] = {
    "no database": lambda content: b"dear diary, " * 1000,
    "no header": lambda content: overwritten(content, 0, 16),
    "no page size": lambda content: overwritten(content, 16, 2),
    "no first page": lambda content: overwritten(content, 100, 3000),
    "page in the middle": lambda content: overwritten(content, len(content) // 8192 * 4096, 4096),
    "all but the first page": lambda content: overwritten(content, 4096, len(content) - 4096),
    "cut in half": lambda content: content[: len(content) // 2],
    "cut within a page": lambda content: content[:-1000],
    "cut in the header": lambda content: content[:50],
    "one page": lambda content: content[:4096],
}
