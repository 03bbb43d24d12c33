"""Lives of sessions as nobody would think of them, against a partner that keeps books.

Hypothesis chooses what is submitted, what goes wrong, when the process is killed, and
what the user does about it; what the session says must be true at every step, and at
the end it must be all there is to say. All of it runs on virtual time, in one thread.

In a run of the tests the examples are always the same. For others, and more of them::

    LIVES_EXAMPLES=50000 python -m pytest tests/durable/test_stateful.py --timeout 0
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from asyncdest_nb.operation import State
from ledger_destination import RECOVERIES, destination
from ledger_jobs import JobEnd
from ledger_partner import Partner
from ledger_troubles import ON_CANCEL, ON_FIND, ON_POLL, ON_WRITE
from life_frames import Frame, frame_of, frames, troubles_on_write
from lives_in_parts import PARTS, lived, seen_by_all
from session_claims import STAGE, Chain, SessionClaims, said, trace_of, users_of
from session_lives import MOMENTS

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("LIVES_EXAMPLES", "2000"))
STEPS = 16
PATIENCE_SECONDS = 4 * 3600.0  # In which every run must come to rest once all is well.
LAZY_SECONDS = 0.6  # What was known for longer than this is in the file.


class Lives(SessionClaims, RuleBasedStateMachine):
    """One session's file, through many lives."""

    ended = 0  # Examples that came to their end.

    @initialize(
        recovery=st.sampled_from(RECOVERIES),
        per=st.sampled_from(["row", "batch"]),
        can_cancel=st.booleans(),
        frame=frames,
        batch_size=st.integers(1, 3),
        meets=troubles_on_write,
        isolation_requests=st.sampled_from([0, 2, 64, 64]),
        names_bad_rows=st.booleans(),
    )
    def begin(
        self,
        recovery: str,
        per: str,
        can_cancel: bool,
        isolation_requests: int,
        names_bad_rows: bool,
        **first: Any,
    ) -> None:
        self.recovery, self.isolation_requests = recovery, isolation_requests
        per = "batch" if recovery == "prepare_commit" else per
        self.partner = Partner(STAGE.time, per=per)
        self.destination = destination(
            recovery,
            per=per,
            can_cancel=can_cancel,
            isolation_requests=isolation_requests,
            names_bad_rows=names_bad_rows,
        )
        self.live()
        self.submit(**first)

    @precondition(lambda self: self.is_alive and len(self.chains) < 3)
    @rule(frame=frames, batch_size=st.integers(1, 3), meets=troubles_on_write)
    def submit(self, frame: Frame, batch_size: int, meets: list[str]) -> None:
        self.partner.troubles["write"] += [ON_WRITE[name] for name in meets]
        self.submitted += 1
        sent = frame_of(self.submitted, frame)
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
                JobEnd,
                st.sampled_from(["completed", "failed", "retryable", "mixed"]),
                st.sampled_from([0.1, 5.0, 60.0]),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def jobs_will_end(self, endings: list[JobEnd]) -> None:
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

    # What must be true

    @invariant()
    def all_is_well(self) -> None:
        if self.is_alive:
            self.nothing_is_wrong_with_the_engine()
            self.every_row_has_exactly_one_line()
            self.final_is_final()
            self.what_is_said_was_heard()
        self.no_row_is_applied_twice_by_itself()

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


# What must have happened in 2,000 examples, or they have tried nothing.
EXPECTED = {
    *(f"killed when {moment}" for moment in MOMENTS),
    *(f"{recovery}: {state}" for recovery in RECOVERIES for state in ("completed", "canceled")),
    *(f"{recovery}: held" for recovery in ("none", "natural", "key")),
    *("attached", "submitted again", "retried", "resolved"),
    *("divided", "refused for a bad row"),
}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_what_a_session_says_is_true(part: int, caplog, tmp_path_factory):
    caplog.set_level(logging.CRITICAL, logger="asyncdest_nb")
    is_random = "LIVES_EXAMPLES" in os.environ
    own = lived(Lives, part, examples=EXAMPLES, steps=STEPS, is_random=is_random)
    print(f"{own.ended:,} examples:", *map(_line, sorted(own.seen.items())), sep="\n  ")
    assert own.ended >= EXAMPLES // PARTS
    seen = seen_by_all(part, own.seen, tmp_path_factory)
    assert seen is None or EXPECTED - seen == set()


def _line(seen: tuple[str, int]) -> str:
    return f"{seen[1]:6,} {seen[0]}"
