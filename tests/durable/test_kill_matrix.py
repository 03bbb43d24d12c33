"""Processes killed wherever that may hurt, against a counting partner on loopback: see the matrix.

The file of each is opened here, and its rows are submitted again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kill_matrix import BATCHES, RANDOM, Found, Scene, boundaries, matrix
from recovery import WAYS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
    pytest.mark.filterwarnings("ignore::asyncdest_nb.AlreadySubmitted"),
    pytest.mark.timeout(300),
]


@pytest.mark.parametrize("recovery", WAYS)
def test_no_row_is_lost_and_none_is_sent_twice_wherever_the_kernel_is_killed(
    recovery: str, tmp_path: Path
):
    found = matrix(recovery, tmp_path)
    # Before and after each write: a run has one at the least for its rows, its intents and its ids.
    assert len([each for each in found if each.at_write]) >= 10
    assert len([each for each in found if not each.at_write]) >= RANDOM
    assert any(each.doubtful for each in found)
    wrong = [each for each in found if not (_is_whole(each) and _is_settled(each, recovery))]
    assert wrong == []


@pytest.mark.parametrize("recovery", ["none", "search by row"])
def test_the_halves_of_a_refused_batch_survive_a_kill_wherever_it_comes(
    recovery: str, tmp_path: Path
):
    found = boundaries(recovery, tmp_path, Scene(rows=8, bad=frozenset({"u-5"})))
    assert len(found) >= 20
    assert [each for each in found if not _is_whole(each)] == []
    # The rows of a batch that was on its way are the only ones that may be in doubt.
    assert [each for each in found if recovery != "none" and each.status != "partial"] == []
    assert [each for each in found if recovery == "none" and each.held != each.doubtful] == []


def _is_whole(found: Found) -> bool:
    """Whether every row is where its outcome states, once, in one run."""
    return not (found.lost or found.twice or found.misnamed or found.changed) and found.runs == 1


def _is_settled(found: Found, recovery: str) -> bool:
    """Whether it ended as well as anyone could know."""
    if recovery == "none":
        # Nobody can find out, so the user is asked: about those alone that are in doubt.
        return found.held == found.doubtful and (found.status == "completed") != bool(found.held)
    return found.status == "completed" and not found.held and found.jobs >= BATCHES
