"""What the command line prints; a reader that is gone ends nothing."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from ..visible import visible


def tell(text: str) -> None:
    """Print *text* for a person, on standard error."""
    write(f"{visible(text)}\n", sys.stderr)


def show(text: str) -> None:
    """Print *text*, which the user asked for, on standard output."""
    write(f"{visible(text)}\n", sys.stdout)


def write(text: str, stream: TextIO) -> None:
    """Write *text*, at once; nothing is written to a pipe that was closed.

    A character that the stream's encoding does not have is written as an escape.
    """
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # What is left in the buffer would fail again when the process ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (AttributeError, OSError, ValueError):  # A service may have no such stream.
        return
