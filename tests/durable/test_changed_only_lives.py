"""Random edits, failures, kills and reopenings of submits of what has changed.

The server on loopback stores what it gets; the session's file is real. What may be skipped,
and what must be sent, is decided by a plain dict: the value that the session said was
completed last, by id, and nothing for an id whose row has ended in any other way since. A kill
is the file as it is before or after one of its writes; what is sent later is not answered.

For other examples, and more of them::

    CHANGED_EXAMPLES=500 python -m pytest tests/durable/test_changed_only_lives.py --timeout 0
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections import Counter
from concurrent.futures import wait
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

import asyncdest_nb as ad
import brisk_time
from cut_session import CutSession
from row_shelf import MEETS, RowShelf, connect, eager

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("CHANGED_EXAMPLES", "20"))
STEPS = 12
IDS = "abcde"
SHM = Path("/dev/shm")

frames = st.dictionaries(st.sampled_from(IDS), st.sampled_from("12"), min_size=1, max_size=5)
few_ids = st.sets(st.sampled_from(IDS), max_size=2)
troubles = st.lists(st.sampled_from(["", *MEETS]), max_size=3)
kills = st.sampled_from([*[0] * 16, *range(1, 17)])  # At which write, 0 = none.
Rows = dict[str, str]


class Lives(RuleBasedStateMachine):
    """One session's file, through many lives."""

    folder: ClassVar[Path]
    server: ClassVar[RowShelf]
    names: ClassVar[Any] = count()
    seen: ClassVar[Counter[str]] = Counter()

    @initialize(recovery=st.sampled_from(["natural", "none"]))
    def begin(self, recovery: str) -> None:
        self.recovery = recovery
        self.server.stored.clear()
        self.server.take_arrived()
        self.known: Rows = {}
        self.known_by: dict[str, str] = {}  # The run, by id of the row.
        self.rows: dict[str, Rows] = {}  # What runs submitted, by their ids.
        self.path = self.new_path()
        self.live()

    def new_path(self) -> Path:
        return self.folder / f"{next(self.names)}.sqlite"

    def live(self) -> None:
        life, self.copy = str(next(self.names)), self.new_path()
        self.life = CutSession(self.path, self.copy, lambda: self.server.dead.add(life))
        self.session = self.life.session
        self.crm = connect(self.session, self.server, life=life, recovery=self.recovery)

    # What may be done

    @rule(
        rows=frames,
        sends_all=st.sampled_from([False, False, False, True]),
        fails=few_ids,
        fails_but_stores=few_ids,
        meets=troubles,
        kill=kills,
    )
    def submit(
        self,
        rows: Rows,
        sends_all: bool,
        fails: set[str],
        fails_but_stores: set[str],
        meets: list[str],
        kill: int,
    ) -> None:
        self.server.fails, self.server.fails_but_stores = fails, fails_but_stores
        self.server.meets.extend(meets)
        due = {each for each in rows if sends_all or self.known.get(each) != rows[each]}
        self.life.left = kill
        run = self.send(rows, again=sends_all)
        self.finish({run.id: due})
        self.check_sent(due)

    @rule(first=frames, second=frames, kill=kills)
    def submit_while_others_are_on_their_way(self, first: Rows, second: Rows, kill: int) -> None:
        self.server.is_done = False
        due = {each for each in first if self.known.get(each) != first[each]}
        later = {e for e in second if e in due or self.known.get(e) != second[e]}
        self.life.left = kill
        runs = [self.send(first), self.send(second)]
        if runs[0] is runs[1]:
            self.seen["attached"] += 1
            later = due
        self.server.is_done = True
        self.finish({runs[0].id: due, runs[1].id: later})
        self.check_sent(due | later)

    @rule(kill=kills)
    def retry(self, kill: int) -> None:
        if again := [run for run in self.session.runs() if self.may_retry(run)]:
            self.life.left = kill
            run = again[-1].retry(schedule=eager())
            rows = self.rows[again[-1].id]
            self.rows[run.id] = rows
            ids = [*rows]
            due = {ids[at] for at in run.positions}
            self.seen["retried"] += 1
            self.finish({run.id: due})
            self.check_sent(due)

    def may_retry(self, run: ad.Run) -> bool:
        is_latest = all(each.retry_of is not run for each in self.session.runs())
        is_last = self.rows[run.id] is self.rows[self.session.runs()[-1].id]
        return bool(run.is_at_rest and run.retryable and is_latest and is_last)

    @rule(applied=st.booleans())
    def resolve(self, applied: bool) -> None:
        for run in self.session.runs():
            if run.status == "pending":
                self.seen["resolved"] += 1
                run.resolve(applied=applied)

    @rule()
    def reopen(self) -> None:
        self.session.close()
        self.live()

    @rule(which=st.integers(0, 9))
    def forget(self, which: int) -> None:
        before = self.session.runs()
        if not before:  # Which may depend on when exactly the last life ended.
            return
        self.session.forget(before[which % len(before)].id)
        left = {run.id for run in self.session.runs()}
        for each in [each for each, run in self.known_by.items() if run not in left]:
            if each in self.known and self.known_by[each] in self.rows:
                self.known.pop(each)
        self.rows = {run: rows for run, rows in self.rows.items() if run in left}

    # How it goes

    def send(self, rows: Rows, *, again: bool = False) -> ad.Run:
        frame = pd.DataFrame({"id": [*rows], "value": [*rows.values()]})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ad.AlreadySubmitted)
            run = self.crm.submit(
                frame, "put", key="id", changed_only=True, again=again, schedule=eager()
            )
        self.rows[run.id] = rows
        return run

    def finish(self, due: dict[str, set[str]]) -> None:
        """Wait for runs, also over a kill, and learn what became of the rows that were *due*."""
        for run in self.session.runs():
            # One that was killed gets no answer any more, and has no end.
            while run.id in due and not (run.is_at_rest or self.life.is_over):
                wait([run.rested], timeout=0.02)
        if self.life.is_over:
            self.seen["killed"] += 1
            self.session.close()
            self.path = self.copy
            self.live()
        self.life.left = 0
        self.server.meets.clear()
        found = {run.id: run for run in self.session.runs()}
        for name in due:
            if name in found:
                wait([found[name].rested], timeout=60)
                assert found[name].is_at_rest
                self.learn(found[name], due[name], sent=set().union(*due.values()))
            else:
                self.seen["never recorded"] += 1
        both = set.intersection(*due.values()) if len(due) > 1 and set(due) <= {*found} else set()
        for each in both:  # Nobody knows which of the two is there.
            self.known.pop(each, None)

    def learn(self, run: ad.Run, due: set[str], *, sent: set[str]) -> None:
        rows, results = self.rows[run.id], run.results()
        statuses = dict(zip(rows, results["status"], strict=True))
        positions = {[*rows][at] for at in run.positions}
        for each in positions:
            status = statuses[each]
            self.seen[status] += 1
            assert (status == "unchanged") == (each not in due), (each, status, due)
            if status == "unchanged":
                assert each in sent or self.server.stored[each] == rows[each]
            elif status == "completed":
                self.known[each], self.known_by[each] = rows[each], run.id
            else:
                self.known.pop(each, None)

    def check_sent(self, due: set[str]) -> None:
        sent = {each for each, _ in self.server.take_arrived()}
        assert sent <= due, f"{sent - due} were equal to what is there"

    def teardown(self) -> None:
        self.session.close()


# How often the others happen depends on when exactly lives end.
EXPECTED = {"completed", "unchanged", "failed", "unknown", "killed"}


@pytest.mark.timeout(600)
def test_a_row_is_sent_if_and_only_if_it_differs_from_what_is_known_to_be_there(
    monkeypatch: pytest.MonkeyPatch,
):
    brisk_time.install(monkeypatch)
    in_memory = SHM if SHM.is_dir() else None
    with tempfile.TemporaryDirectory(dir=in_memory) as folder, RowShelf() as Lives.server:
        Lives.folder = Path(folder)
        run_state_machine_as_test(
            Lives,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                phases=[Phase.generate],  # To shrink an example, in real time, takes minutes.
                derandomize="CHANGED_EXAMPLES" not in os.environ,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
    print(sorted(Lives.seen.items()))
    assert EXPECTED - set(Lives.seen) == set()
