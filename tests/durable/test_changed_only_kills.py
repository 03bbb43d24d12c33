"""Random edits, failures and kills of processes that submit what has changed, one after another.

The processes are real, and so are SIGKILL, the session's file, and the server on loopback, which
stores what it gets. What may be skipped, and what must be sent, is decided by what the runs said,
one after the other; and by what the server has.

For other examples, and more of them::

    CHANGED_EXAMPLES=100 python -m pytest tests/durable/test_changed_only_kills.py --timeout 0
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from changed_lives import Found, Row, Submit, live
from forked_children import Child, Nursery, serve
from row_shelf import MEETS, RowShelf

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
]

EXAMPLES = int(os.environ.get("CHANGED_EXAMPLES", "12"))
IDS = "abcde"

few_ids = st.sets(st.sampled_from(IDS), max_size=2)
kills = st.tuples(st.sampled_from(["request", "write", "never"]), st.integers(1, 8))


@dataclass(frozen=True)
class Life:
    """What a process submits, what that meets, and where it is killed.

    A kill is at a moment of its requests or its writes, of which each has two, before and after.
    """

    rows: dict[str, str]
    fails: set[str] = field(default_factory=set)
    fails_but_stores: set[str] = field(default_factory=set)
    meets: Sequence[str] = ()
    kill: tuple[str, int] = ("never", 0)


edits = st.dictionaries(st.sampled_from(IDS), st.sampled_from("12"), min_size=1)
troubled = st.builds(
    Life,
    rows=edits,
    fails=few_ids,
    fails_but_stores=few_ids,
    meets=st.lists(st.sampled_from(["", *MEETS]), max_size=2),
    kill=kills,
)


class Killer:
    """Kills a process at a moment of its requests."""

    def __init__(self, at: int) -> None:
        self._left = at
        self._has_begun = threading.Event()
        self._child: Child | None = None

    def begin(self, child: Child) -> None:
        self._child = child
        self._has_begun.set()

    def is_cut(self) -> bool:
        self._left -= 1
        if self._left == 0:
            self._has_begun.wait(20)
            assert self._child is not None
            self._child.kill()
        return self._left == 0


def lived(
    nursery: Nursery, server: RowShelf, life: Life, path: Path, recovery: str
) -> Found | None:
    """Return what a process found; None = it was killed."""
    server.fails, server.fails_but_stores = life.fails, life.fails_but_stores
    server.meets.clear()
    server.meets.extend(life.meets)
    server.take_arrived()
    what, at = life.kill
    killer = Killer(at if what == "request" else 0)
    server.is_cut = killer.is_cut
    submit = Submit(path, server.url, recovery, life.rows, at if what == "write" else 0)
    with nursery.child(live, submit) as child:
        killer.begin(child)
        answer = child.answer()
    return answer.value if answer else None


def known_after(runs: Sequence[Sequence[Row]]) -> dict[str, str]:
    """Return what was completed last by id; nothing for what has ended in any other way since."""
    known: dict[str, str] = {}
    for row in [row for rows in runs for row in rows]:
        if row.status == "completed":
            known[row.id] = row.value
        elif row.status != "unchanged":
            known.pop(row.id, None)
    return known


def check(found: Found, server: RowShelf) -> None:
    known = known_after(found.before)
    due = {row.id for row in found.own if known.get(row.id) != row.value}
    sent = {name for name, _ in server.take_arrived()}
    assert sent <= due | found.unfinished, "equal rows were sent"
    for row in found.own:
        if not found.attached:
            assert (row.status == "unchanged") == (row.id not in due), (row, known)
        if row.status in ("unchanged", "completed"):
            assert server.stored[row.id] == row.value, "a row was skipped that differs"


@pytest.mark.timeout(600)
def test_a_row_is_skipped_if_and_only_if_it_is_known_to_be_there_whatever_was_killed():
    seen: Counter[str] = Counter()
    names = count()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        derandomize="CHANGED_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(
        lives=st.lists(troubled, min_size=2, max_size=4),
        last=edits,
        recovery=st.sampled_from(["natural", "none"]),
    )
    def example(lives: list[Life], last: dict[str, str], recovery: str) -> None:
        path = Path(folder, f"{next(names)}.sqlite")
        with RowShelf() as server:
            for life in [*lives, Life(last), Life(last)]:
                found = lived(nursery, server, life, path, recovery)
                if found is None:
                    seen["killed"] += 1
                else:
                    check(found, server)
                    runs = [*found.before, found.own]
                    seen.update(row.status for rows in runs for row in rows)

    with (
        tempfile.TemporaryDirectory() as folder,
        serve("contract_imports", "changed_lives") as nursery,
    ):
        example()
    print(seen)
    assert {"completed", "unchanged", "failed", "unknown", "killed"} <= {*seen}
