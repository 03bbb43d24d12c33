"""Length of the source files of the package and the tests."""

from __future__ import annotations

import pytest

from source import FILES, name_of

LONGEST = 300  # Lines.
# Still to be split: this list only shrinks.
NOT_YET = {
    "asyncdest_nb/simulators/example_async.py",
    "tests/durable/test_clock_jumps.py",
    "tests/durable/test_disk_trouble.py",
    "tests/durable/test_file_gone.py",
    "tests/durable/test_stateful.py",
    "tests/helpers/ledger_partner.py",
    "tests/partners/test_example_async_document.py",
}


def lines_over(text: str, longest: int = LONGEST) -> int:
    """Return by how many lines *text* is longer than allowed, 0 if it is not."""
    return max(0, len(text.splitlines()) - longest)


def test_no_file_is_too_long_to_hold_in_the_head():
    over = {name_of(file): lines_over(file.read_text(encoding="utf-8")) for file in FILES}
    assert {name: lines for name, lines in over.items() if lines and name not in NOT_YET} == {}


@pytest.mark.parametrize(("lines", "over"), [(0, 0), (300, 0), (301, 1), (450, 150)])
def test_a_file_that_is_too_long_is_found(lines: int, over: int):
    assert lines_over("line\n" * lines) == over
