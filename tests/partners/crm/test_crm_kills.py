"""A kernel that sends rows to a simulated CRM is killed between any two of its requests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crm_kills import ROWS, killed_at
from crm_vendors import VENDORS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
]

# Before and after each request is applied. Later ones only read: to die before them is to die
# after the one before, whose reply changes nothing.
MOMENTS = [(1, False), (1, True), (2, False), *[(number, True) for number in range(2, 20)]]


@pytest.mark.parametrize("slug", VENDORS)
def test_each_row_is_as_the_partner_has_it_wherever_the_kernel_is_killed(slug: str, tmp_path: Path):
    vendor, kills = VENDORS[slug], 0
    for number, is_applied in MOMENTS:
        file = tmp_path / f"{number} {is_applied}.sqlite"
        found = killed_at(vendor, file, number, is_applied=is_applied)
        if not found.was_killed:
            break
        kills += 1
        assert found.was_recorded
        assert len(found.statuses) == ROWS
        stored = set(found.stored)
        assert len(found.stored) == len(stored)
        expected = {key: ("failed", "completed")[key in stored] for key in found.statuses}
        assert found.statuses == expected, (number, is_applied)
        # A partner who can be asked for a job gets one; the others get the same rows again.
        assert found.jobs <= (1 if vendor.adopts else 2)
    assert kills >= 5
