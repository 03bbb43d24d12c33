"""The examples of public names: a section of a Markdown file for each, run by a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "example_files"
SETUP = FOLDER / "setup.md"
FILES = sorted(set(FOLDER.glob("*.md")) - {SETUP})

_HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)


def examples_by_name() -> dict[str, str]:
    """Return the text with the examples of each public name: "Run.wait", "connect"."""
    return {name: text for file in FILES for names, text in _sections(file) for name in names}


def _sections(file: Path) -> Iterator[tuple[list[str], str]]:
    _, *parts = _HEADING.split(file.read_text(encoding="utf-8"))
    for names, text in zip(parts[::2], parts[1::2], strict=True):
        yield names.split(", "), text.strip()
