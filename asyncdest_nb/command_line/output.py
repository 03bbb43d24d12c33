"""What the command line prints; a reader that is gone ends nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from ..visible import visible


def tell(text: str) -> None:
    """Print *text* for a person, on standard error."""
    write(f"{visible(text)}\n", sys.stderr)


def show(text: str) -> None:
    """Print *text*, which the user asked for, on standard output."""
    write(f"{visible(text)}\n", sys.stdout)


def is_terminal() -> bool:
    """Whether a person sees at once what ``tell`` prints."""
    with suppress(AttributeError, OSError, ValueError):
        return sys.stderr.isatty()
    return False


def write(text: str, stream: TextIO) -> None:
    """Write *text*, at once; nothing is written to a pipe that was closed.

    A character that the stream's encoding does not have is written as an escape.
    """
    with _still_read(stream):
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


def write_bytes(content: bytes, stream: TextIO) -> None:
    """Write *content* as it is, at once."""
    with _still_read(stream):
        stream.buffer.write(content)
        stream.flush()


@contextmanager
def _still_read(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # What is left in the buffer would fail again when the process ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (AttributeError, OSError, ValueError):  # A service may have no such stream.
        return
