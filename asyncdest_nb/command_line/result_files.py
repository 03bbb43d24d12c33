"""The results of a run as a file: the input's columns, then the outcome of each row."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

from ..errors import UsageError
from ..frame import table_bytes
from ..session import Run
from ..widgets.spreadsheet import csv_bytes
from .order import FORMATS, STANDARD
from .output import write_bytes


def write_results(run: Run, path: str) -> None:
    """Write the results of *run* to *path*; raises UsageError if that fails.

    A file that is there is replaced once the new one is whole.
    """
    format = FORMATS.get(Path(path).suffix.lower(), "csv")
    results = run.results(with_frame=True)
    content = csv_bytes(results) if format == "csv" else table_bytes(results, format)
    if path == STANDARD:
        # Programs that read a pipe take the byte order mark for a part of the first name.
        write_bytes(content.removeprefix(codecs.BOM_UTF8), sys.stdout)
        return
    part = f"{path}.part"
    try:
        Path(part).write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise UsageError(f"the results cannot be written to {path}: {error.strerror}") from None
