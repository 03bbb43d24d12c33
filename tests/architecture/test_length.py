"""Length of the source files of the package and the tests."""

from __future__ import annotations

import pytest

from source import FILES, name_of

LONGEST = 300  # Lines.


def lines_over(text: str, longest: int = LONGEST) -> int:
    """Return by how many lines *text* is longer than allowed, 0 if it is not."""
    return max(0, len(text.splitlines()) - longest)


def test_no_file_is_too_long_to_hold_in_the_head():
    over = {name_of(file): lines_over(file.read_text(encoding="utf-8")) for file in FILES}
    assert {name: lines for name, lines in over.items() if lines} == {}


@pytest.mark.parametrize(("lines", "over"), [(0, 0), (300, 0), (301, 1), (450, 150)])
def test_a_file_that_is_too_long_is_found(lines: int, over: int):
    assert lines_over("line\n" * lines) == over
