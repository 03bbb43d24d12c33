"""How the tests are shared out among processes."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

# What they are about is made once a process and takes long, or they use the machine up.
TOGETHER = (
    "product/test_binder.py",
    "durable/test_hostile_files.py",
    "durable/test_kill_matrix.py",
    "product/test_notebooks.py",
)
# So that no process is left with a long one at the end.
LONGEST_FIRST = ("test_binder", "test_kill_matrix", "test_stateful", "test_notebooks")


class Distribution(LoadScopeScheduling):
    """Each test goes to whatever process is free, and some files as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if "/architecture/" in file:  # They read all of the source.
            return "architecture"
        return file if file.endswith(TOGETHER) else nodeid


def place(item: pytest.Item) -> int:
    """Return where *item* comes in the order of tests: the slow ones come first."""
    if item.path.stem in LONGEST_FIRST:
        return LONGEST_FIRST.index(item.path.stem)
    is_slow = item.get_closest_marker("slow") or item.get_closest_marker("e2e")
    return len(LONGEST_FIRST) + (0 if is_slow else 1)
