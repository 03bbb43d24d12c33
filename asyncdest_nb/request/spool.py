"""Temporary files for what can be read only once, as a request may be sent a second time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Any

from ..errors import UsageError
from .body import PIECE_BYTES, FileContent, is_file

IN_MEMORY_BYTES = 2**20  # What is smaller needs no file.

_READABLE = (FileContent, io.TextIOBase)


def needs_spool(options: Mapping[str, Any]) -> bool:
    """Whether the *options* of a request have a content that is an iterable."""
    content, files = options.get("content"), options.get("files")
    if content is not None and _is_once(content):
        return True
    return bool(files) and any(_is_once(_content(each)) for _, each in _pairs(files))


@asynccontextmanager
async def spooled(options: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield *options* with a temporary file for each iterable, which is removed afterwards.

    An iterable of texts or bytes, such as a generator of lines, is read once, in a thread.
    """
    with ExitStack() as stack:
        found = dict(options)
        if _is_once(found.get("content")):
            found["content"] = await asyncio.to_thread(_written, found["content"], stack)
        if found.get("files"):
            found["files"] = [
                (name, await asyncio.to_thread(_file, each, stack))
                for name, each in _pairs(found["files"])
            ]
        yield found


def _pairs(files: Any) -> list[tuple[Any, Any]]:
    if isinstance(files, Mapping):
        return list(files.items())
    if not isinstance(files, list | tuple):
        raise UsageError(f"files is a {type(files).__name__}; give a dict, or a list of pairs")
    return list(files)


def _content(file: Any) -> Any:
    return file[1] if isinstance(file, tuple) and len(file) > 1 else file


def _file(file: Any, stack: ExitStack) -> Any:
    content = _content(file)
    if not _is_once(content):
        return file
    written = _written(content, stack)
    return (file[0], written, *file[2:]) if isinstance(file, tuple) else written


def _is_once(content: Any) -> bool:
    """Whether *content* must be written to a file, to be measured and to be read again."""
    if isinstance(content, _READABLE) or is_file(content):
        return False
    # Not any iterable: a DataFrame is one, of the names of its columns.
    return hasattr(content, "read") or isinstance(content, Iterator | list | tuple)


def _written(content: Any, stack: ExitStack) -> FileContent:
    file: Any = stack.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))
    for piece in _read(content) if hasattr(content, "read") else content:
        if not isinstance(piece, str | bytes):
            raise UsageError(
                f"the content to be sent yields a {type(piece).__name__}; it must yield text or "
                "bytes; nothing was sent"
            )
        file.write(piece.encode() if isinstance(piece, str) else piece)
    file.seek(0)
    return FileContent(file)


def _read(stream: Any) -> Iterator[Any]:
    while piece := stream.read(PIECE_BYTES):
        yield piece
