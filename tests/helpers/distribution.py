"""How the tests are shared out among processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# What they are about is made once a process and takes long, or they use the machine up.
TOGETHER = (
    "product/test_binder.py",
    "product/test_demo_data.py",
    "durable/test_hostile_files.py",
    "durable/test_kill_matrix.py",
    "contract/test_contract_kills.py",
    "product/test_notebooks.py",
)
# So that no process is left with a long one at the end.
LONGEST_FIRST = (
    *("test_binder", "test_kill_matrix", "test_stateful", "test_notebooks"),
    "test_contract_kills",
    *("test_explorer_browser", "test_hosts_browser", "test_run_browser", "test_monitor_browser"),
)


class Distribution(LoadScopeScheduling):
    """Each test goes to whatever process is free, and some files as a whole.

    Every second process takes the tests from the end of their order, where the fast ones are:
    these wait for servers most of the time, while the slow ones keep the machine busy.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if "/architecture/" in file:  # They read all of the source.
            return "architecture"
        # The files in a browser share it, as long as one follows the other.
        is_whole = file.endswith(TOGETHER) or "/browser/" in file
        return file if is_whole else nodeid

    def _assign_work_unit(self, node: WorkerController) -> None:
        if int(node.gateway.id.removeprefix("gw")) % 2 or self._has_long_one(node):
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)

    def _has_long_one(self, node: WorkerController) -> bool:
        """Whether a process has not finished a long one yet: what it is given waits for that."""
        return any(
            not all(done.values()) and is_long(Path(scope.partition("::")[0]).stem)
            for scope, done in self.assigned_work.get(node, {}).items()
        )


def is_long(stem: str) -> bool:
    """Whether the file with this name takes minutes, or its tests do."""
    return stem in LONGEST_FIRST


def place(item: pytest.Item) -> int:
    """Return where *item* comes in the order of tests: the slow ones come first."""
    if is_long(item.path.stem):
        return LONGEST_FIRST.index(item.path.stem)
    is_slow = item.get_closest_marker("slow") or item.get_closest_marker("e2e")
    return len(LONGEST_FIRST) + (0 if is_slow else 1)
