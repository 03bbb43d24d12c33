"""Lives of sessions as nobody would think of them, against a partner that keeps books.

Hypothesis chooses what is submitted, what goes wrong, when the process is killed, and
what the user does about it; what the session says must be true at every step, and at
the end it must be all there is to say. All of it runs on virtual time, in one thread.

In a run of the tests the examples are always the same. For others, and more of them::

    ASYNCDEST_LIVES=50000 python -m pytest tests/durable/test_stateful.py --timeout 0
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import asyncdest_nb as ad
from asyncdest_nb.engine.run.context import submission_id
from asyncdest_nb.operation import Operation, RowOutcome, State, row_outcomes
from ledger_partner import (
    DOUBTS,
    KEY_SECONDS,
    ON_CANCEL,
    ON_FIND,
    ON_POLL,
    ON_WRITE,
    RECOVERIES,
    REFUSALS,
    Ending,
    Job,
    Partner,
    destination,
)
from session_lives import MOMENTS, Life
from virtual_time import EPOCH, Stage

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("ASYNCDEST_LIVES", "2000"))
STEPS = 16
PATIENCE_SECONDS = 4 * 3600.0  # In which every run must come to rest once all is well.
LAZY_SECONDS = 0.6  # What was known for longer than this is in the file.

STAGE = Stage()
SHM = Path("/dev/shm")


troubles_on_write = st.lists(
    st.one_of(*[st.sampled_from(sorted(each)) for each in (DOUBTS, REFUSALS, ON_WRITE)]), max_size=5
)

frames = st.tuples(st.integers(1, 5), st.booleans())  # Rows, and whether the last does not fit.


@dataclass
class Chain:
    """Rows that a user has submitted, and their retries; ``id`` is that of the first run.

    ``earlier`` is the same submit before, of which nothing was applied.
    """

    id: str
    frame: pd.DataFrame
    batch_size: int
    is_canceled: bool = False
    earlier: Chain | None = None

    @property
    def users(self) -> list[str]:
        return list(self.frame["user_id"])


class Lives(RuleBasedStateMachine):
    """One session's file, through many lives."""

    folder = Path()
    ended = 0  # Examples that came to their end.
    seen: ClassVar[Counter[str]] = Counter()  # What has happened in all of them.

    def __init__(self) -> None:
        super().__init__()
        STAGE.begin()
        self.life: Life | None = None
        self.chains: list[Chain] = []
        self.submitted = 0
        self.finals: dict[tuple[str, int], Operation] = {}
        # What the user said was not applied: submissions, by user.
        self.words: dict[str, set[str]] = defaultdict(set)
        self.file = self.folder / f"{id(self)}.sqlite"

    # What may be done

    @initialize(
        recovery=st.sampled_from(RECOVERIES),
        per=st.sampled_from(["row", "batch"]),
        can_cancel=st.booleans(),
        frame=frames,
        batch_size=st.integers(1, 3),
        meets=troubles_on_write,
    )
    def begin(self, recovery: str, per: str, can_cancel: bool, **first: Any) -> None:
        self.recovery = recovery
        per = "batch" if recovery == "prepare_commit" else per
        self.partner = Partner(STAGE.time, per=per)
        self.destination = destination(recovery, per=per, can_cancel=can_cancel)
        self.live()
        self.submit(**first)

    @property
    def is_alive(self) -> bool:
        return self.life is not None and not self.life.is_over

    @property
    def has_rows(self) -> bool:
        return self.is_alive and bool(self.chains)

    @property
    def is_busy(self) -> bool:
        return self.is_alive and not all(run.is_at_rest for _, run in self.runs())

    @precondition(lambda self: self.is_alive and len(self.chains) < 3)
    @rule(frame=frames, batch_size=st.integers(1, 3), meets=troubles_on_write)
    def submit(self, frame: tuple[int, bool], batch_size: int, meets: list[str]) -> None:
        self.partner.troubles["write"] += [ON_WRITE[name] for name in meets]
        rows, has_misfit = frame
        self.submitted += 1
        names: list[str | None] = ["n"] * (rows - has_misfit) + [None] * has_misfit
        users = [f"{self.submitted}.{each}" for each in range(rows)]
        labels = list("ababa"[:rows])
        sent = pd.DataFrame({"user_id": users, "name": names}, index=labels)
        run = self.life.crm.submit(sent, "send", batch_size=batch_size)
        self.chains.append(Chain(run.id, sent, batch_size))
        self.life.pass_time(0.0)

    @precondition(lambda self: self.has_rows)
    @rule(which=st.integers(0, 2))
    def submit_the_same(self, which: int) -> None:
        chain = self.chain(which)
        before = self.latest(chain)
        is_known = any(each.status in ("completed", "pending", "unknown") for each in said(before))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = self.life.crm.submit(chain.frame, "send", batch_size=chain.batch_size)
        self.life.pass_time(0.0)
        assert bool(caught) == is_known == (run is before)
        self.note("attached" if is_known else "submitted again")
        if not is_known:
            self.chains.remove(chain)
            self.chains.append(Chain(run.id, chain.frame, chain.batch_size, earlier=chain))

    @precondition(lambda self: self.has_rows)
    @rule(seconds=st.sampled_from([0.01, 0.05, 0.3, 1.5, 8.0, 40.0, 90.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.life.pass_time(seconds)

    @precondition(lambda self: self.is_alive)
    @rule(names=troubles_on_write)
    def trouble_with_writes(self, names: list[str]) -> None:
        self.partner.troubles["write"] += [ON_WRITE[name] for name in names]

    @precondition(lambda self: self.is_alive and self.recovery == "prepare_commit")
    @rule(names=troubles_on_write)
    def trouble_with_commits(self, names: list[str]) -> None:
        self.partner.troubles["commit"] += [ON_WRITE[name] for name in names]

    @precondition(lambda self: self.is_alive)
    @rule(names=st.lists(st.sampled_from(sorted(ON_POLL)), min_size=1, max_size=4))
    def trouble_with_polls(self, names: list[str]) -> None:
        self.partner.troubles["poll"] += [ON_POLL[name] for name in names]

    @precondition(lambda self: self.is_alive and self.recovery in ("client_id", "search"))
    @rule(names=st.lists(st.sampled_from(sorted(ON_FIND)), min_size=1, max_size=3))
    def trouble_with_finding(self, names: list[str]) -> None:
        self.partner.troubles["find"] += [ON_FIND[name] for name in names]

    @precondition(lambda self: self.is_alive)
    @rule(
        endings=st.lists(
            st.builds(
                Ending,
                st.sampled_from(["completed", "failed", "retryable", "mixed"]),
                st.sampled_from([0.1, 5.0, 60.0]),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def jobs_will_end(self, endings: list[Ending]) -> None:
        self.partner.endings += endings

    @precondition(lambda self: self.is_busy)
    @rule(moment=st.sampled_from(MOMENTS), times=st.integers(1, 4), takes_along=st.booleans())
    def kill(self, moment: str, times: int, takes_along: bool) -> None:
        self.life.fate = moment, times
        self.life.pass_time(20.0)
        self.note(f"killed when {moment}" if self.life.is_over else "killed in between")
        self.life.kill()
        if takes_along:
            self.partner.lose_what_has_not_arrived()
        self.life.bury()
        self.died_at = STAGE.time.now - LAZY_SECONDS

    @precondition(lambda self: self.has_rows)
    @rule()
    def close(self) -> None:
        # What is on its way to the wire at this moment may be cut off there.
        begun = [
            user
            for chain, run in self.runs()
            for each in run.operations
            if each.state in (State.PLANNED, State.SUBMITTING)
            for user in users_of(run, each, chain)
        ]
        self.life.close()
        self.partner.blur("killed", begun)
        self.died_at = STAGE.time.now

    @precondition(lambda self: self.life is not None and self.life.is_over)
    @rule(after=st.sampled_from([0.0, 0.06, 2.0, 30.0, 300.0]))
    def reopen(self, after: float) -> None:
        STAGE.time.now += after
        self.live()
        self.remember()

    @precondition(lambda self: self.has_rows)
    @rule(which=st.integers(0, 2))
    def retry(self, which: int) -> None:
        run = self.latest(self.chain(which))
        STAGE.wait(run.rested, 120.0)
        again = [at for at, each in enumerate(said(run)) if each.retryable]
        if run.is_at_rest and again:
            self.note("retried")
            retry = run.retry()
            self.life.pass_time(0.0)
            assert list(retry.positions) == again

    @precondition(lambda self: self.has_rows)
    @rule(which=st.integers(0, 2), meets=st.lists(st.sampled_from(sorted(ON_CANCEL)), max_size=2))
    def cancel(self, which: int, meets: list[str]) -> None:
        self.partner.troubles["cancel"] += [ON_CANCEL[name] for name in meets]
        chain = self.chain(which)
        chain.is_canceled = True
        self.latest(chain).cancel()

    @precondition(lambda self: self.has_rows)
    @rule(which=st.integers(0, 2), applied=st.booleans())
    def resolve(self, which: int, applied: bool) -> None:
        run = self.latest(self.chain(which))
        STAGE.wait(run.rested, 120.0)
        held = [each for each in run.operations if each.state is State.HELD]
        if not held:
            return
        self.note("resolved")
        chain = self.chain(which)
        for operation in held:
            for user in users_of(run, operation, chain):
                self.check_row(chain, run, operation, user)
                self.partner.blur("said by the user", [user])
                if not applied:
                    self.words[user].add(trace_of(run, operation))
        run.resolve(applied=applied)

    # Lives

    def live(self) -> None:
        self.partner.catch_up()
        self.life = Life(STAGE, self.partner, self.file, self.destination)

    def remember(self) -> None:
        """Look at what came over from the life before."""
        runs = {run.id: run for run in self.life.session.runs()}
        known = {trace_of(run, each) for run in runs.values() for each in run.operations}
        assert {job.trace for job in self.partner.jobs.values()} <= known, "not in the file"
        for chain in [each for each in self.chains if each.id not in runs]:
            self.chains.remove(chain)
            if chain.earlier:
                self.chains.append(chain.earlier)
            else:
                assert not set(chain.users) & self.partner.arrived, "sent, and not in the file"
        for (run, number), before in list(self.finals.items()):
            now = runs[run].operations[number] if run in runs else None
            if now != before:
                assert (before.finished_at or 0.0) > EPOCH + self.died_at, "it was in the file"
                assert now is None or not now.is_final, "final is final"
                del self.finals[run, number]
        for chain, run in self.runs():
            for operation in run.operations:
                if operation.state is State.SUBMITTING:
                    self.partner.blur("killed", users_of(run, operation, chain))

    def chain(self, which: int) -> Chain:
        return self.chains[which % len(self.chains)]

    def latest(self, chain: Chain) -> ad.Run:
        return self.runs_of(chain)[-1]

    def runs_of(self, chain: Chain) -> list[ad.Run]:
        """Return the run of a submit, and the retries after it."""
        found = [self.life.session.run(chain.id)]
        for run in self.life.session.runs():
            if run.retry_of is found[-1]:
                found.append(run)
        return found

    def runs(self) -> Iterator[tuple[Chain, ad.Run]]:
        for chain in self.chains:
            for run in self.runs_of(chain):
                yield chain, run

    def note(self, what: str) -> None:
        type(self).seen[what] += 1

    # What must be true

    @invariant()
    def all_is_well(self) -> None:
        if self.is_alive:
            self.nothing_is_wrong_with_the_engine()
            self.every_row_has_exactly_one_line()
            self.final_is_final()
            self.what_is_said_was_heard()
        self.no_row_is_applied_twice_by_itself()

    def nothing_is_wrong_with_the_engine(self) -> None:
        assert self.life.loop.troubles == []
        for _, run in self.runs():
            assert not run.is_at_rest or run.rested.exception() is None

    def every_row_has_exactly_one_line(self) -> None:
        for chain, run in self.runs():
            assert len(said(run)) == len(chain.frame)
            assert sum(run.counts.values()) == len(run.labels)
            if run.operations or run.invalid:
                rows = [row for each in run.operations for row in each.rows]
                assert sorted([*rows, *run.invalid]) == list(range(len(run.labels)))

    def final_is_final(self) -> None:
        for _, run in self.runs():
            for operation in run.operations:
                name = run.id, operation.number
                if operation.is_final:
                    assert self.finals.setdefault(name, operation) == operation
                assert operation.is_final or name not in self.finals

    def no_row_is_applied_twice_by_itself(self) -> None:
        self.partner.catch_up()
        assert self.partner.doubles() == []
        twice = {user for user, times in self.partner.effects.items() if times > 1}
        assert twice <= {user for user in twice if self.is_misled(user)}

    def what_is_said_was_heard(self) -> None:
        for chain, run in self.runs():
            for operation in run.operations:
                self.check_words(chain, run, operation)

    def check_words(self, chain: Chain, run: ad.Run, operation: Operation) -> None:
        for row, outcome in zip(operation.rows, row_outcomes(operation), strict=True):
            job, index = self.booked(run, operation, row)
            user = chain.users[run.positions[row]]
            word = self.partner.told.get((job.id, index)) if job else None
            assert job is None or not job.rows or job.rows[index]["user_id"] == user
            match outcome:
                case RowOutcome(status="completed"):
                    assert word == "completed"
                case RowOutcome(status="failed", retryable=True):
                    assert word == "retryable" or not self.is_taken(run, operation, user)
                case RowOutcome(status="failed"):
                    assert word in ("failed", "retryable")
                case RowOutcome(status="canceled"):
                    assert word == "canceled" or not self.is_taken(run, operation, user)

    def booked(self, run: ad.Run, operation: Operation, row: int) -> tuple[Job | None, int]:
        """Return the partner's job for a row, and the place that it has in there."""
        batch = [each for each in run.operations if each.batch == operation.batch]
        index = [position for each in batch for position in each.rows].index(row)
        trace = trace_of(run, operation)
        jobs = [each for each in self.partner.jobs.values() if each.trace == trace]
        if operation.operation_id:
            name = operation.operation_id
            (named,) = (each for each in jobs if each.id in (name, name.rpartition(".")[0]))
            return named, index
        jobs = [each for each in jobs if (each.id, index) in self.partner.told]
        return (jobs[0] if jobs else None), index

    def is_taken(self, run: ad.Run, operation: Operation, user: str) -> bool:
        """Say whether the partner has it, other than the user said."""
        trace = trace_of(run, operation)
        return bool(self.partner.of(trace)) and trace not in self.words[user]

    def is_misled(self, user: str) -> bool:
        return any(self.partner.of(trace) for trace in self.words[user])

    # At the end

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None and self.life is not None:
                self.come_to_rest()
                self.check_truth()
                type(self).ended += 1
        finally:
            if self.is_alive:
                self.life.kill()
                self.life.bury()
            for file in self.folder.glob(f"{self.file.name}*"):
                file.unlink()

    def come_to_rest(self) -> None:
        self.partner.recover()
        if not self.is_alive:
            self.reopen(0.0)
        for _, run in list(self.runs()):
            assert STAGE.wait(run.rested, PATIENCE_SECONDS), f"{run} never ends"
        self.life.pass_time(100.0)
        self.partner.catch_up()
        self.all_is_well()

    def check_truth(self) -> None:
        for chain, run in self.runs():
            for operation in run.operations:
                self.note(f"{self.recovery}: {operation.state}")
                assert operation.state in ENDS
                for user in users_of(run, operation, chain):
                    self.check_row(chain, run, operation, user)
        for chain in self.chains:
            lines = self.latest(chain).results()
            assert list(lines.index) == list(chain.frame.index)
            assert set(lines["status"]) <= {"completed", "failed", "invalid", "canceled", "unknown"}
            for user, status in zip(chain.users, lines["status"], strict=True):
                if status == "completed":
                    assert self.partner.effects[user] == 1 or self.is_misled(user)
                if status == "invalid":
                    assert user not in self.partner.arrived

    def check_row(self, chain: Chain, run: ad.Run, operation: Operation, user: str) -> None:
        if operation.state is State.REJECTED:
            assert not self.is_taken(run, operation, user)
        if operation.state in (State.HELD, State.LOST):
            blurs = self.partner.blurs[user]
            assert blurs & {"lost", "odd", "killed", "gone"}, f"nothing was unclear about {user}"
            assert self.is_excused(chain, operation, blurs), f"{operation} could be found out"

    def is_excused(self, chain: Chain, operation: Operation, blurs: set[str]) -> bool:
        """Say whether there was more in the way than a lost reply or a death."""
        if self.recovery == "none" or blurs & {"gone", "said by the user"}:
            return True
        if "times to find out" in operation.message:
            return True
        if self.recovery in ("client_id", "search") and "answered 409" in operation.message:
            return True  # It contradicts itself: there is one already, and none is found.
        if self.recovery in ("client_id", "search", "prepare_commit"):
            return False
        age = STAGE.wall() - (operation.submitted_at or 0.0)
        is_too_late = self.recovery == "key" and age > KEY_SECONDS
        return bool(blurs & {"refused", "odd"}) or chain.is_canceled or is_too_late


ENDS = {
    State.COMPLETED,
    State.PARTIAL,
    State.FAILED,
    State.CANCELED,
    State.REJECTED,
    State.LOST,
    State.HELD,
}

# What must have happened in 2,000 examples, or they have tried nothing.
EXPECTED = {
    *(f"killed when {moment}" for moment in MOMENTS),
    *(f"{recovery}: {state}" for recovery in RECOVERIES for state in ("completed", "canceled")),
    *(f"{recovery}: held" for recovery in ("none", "natural", "key")),
    *("attached", "submitted again", "retried", "resolved"),
}


def said(run: ad.Run) -> list[RowOutcome]:
    """Return what a run says of every row of the frame."""
    return run.outcomes()


def users_of(run: ad.Run, operation: Operation, chain: Chain) -> list[str]:
    return [chain.users[run.positions[row]] for row in operation.rows]


def trace_of(run: ad.Run, operation: Operation) -> str:
    """Return the name of a submission, as the partner was told."""
    return submission_id(run.id, operation.batch)


@pytest.mark.timeout(1800)
def test_whatever_happens_what_a_session_says_is_true(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.CRITICAL, logger="asyncdest_nb")
    in_memory = SHM if SHM.is_dir() else None
    with tempfile.TemporaryDirectory(dir=in_memory) as folder, STAGE.installed():
        Lives.folder = Path(folder)
        run_state_machine_as_test(
            Lives,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize="ASYNCDEST_LIVES" not in os.environ,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
    print(f"{Lives.ended:,} examples:", *map(_line, sorted(Lives.seen.items())), sep="\n  ")
    assert Lives.ended >= EXAMPLES
    assert EXPECTED - set(Lives.seen) == set()


def _line(seen: tuple[str, int]) -> str:
    return f"{seen[1]:6,} {seen[0]}"
