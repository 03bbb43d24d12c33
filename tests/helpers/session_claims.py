"""What a session says of its runs, checked against the ledger of the partner.

``SessionClaims`` has a session's file through many lives, what a user has submitted in them,
and the checks; a state machine decides what happens.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

import asyncdest_nb as ad
from asyncdest_nb.engine.run.context import submission_id
from asyncdest_nb.operation import Operation, RowOutcome, State, row_outcomes
from ledger_jobs import BAD, KEY_SECONDS, Job
from session_lives import Life
from virtual_time import EPOCH, Stage

STAGE = Stage()

ENDS = {
    State.COMPLETED,
    State.PARTIAL,
    State.FAILED,
    State.CANCELED,
    State.REJECTED,
    State.LOST,
    State.HELD,
}


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

    @property
    def bad_users(self) -> set[str]:
        return set(self.frame["user_id"][list(self.frame["name"] == BAD)])


class SessionClaims:
    """One session's file through many lives, and what it says of its runs."""

    folder = Path()
    isolation_requests = 0  # That the action of the destination allows.
    seen: ClassVar[Counter[str]] = Counter()  # What has happened in all examples.

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

    @property
    def is_alive(self) -> bool:
        return self.life is not None and not self.life.is_over

    @property
    def has_rows(self) -> bool:
        return self.is_alive and bool(self.chains)

    @property
    def is_busy(self) -> bool:
        return self.is_alive and not all(run.is_at_rest for _, run in self.runs())

    # Lives

    def live(self) -> None:
        self.partner.catch_up()
        self.life = Life(STAGE, self.partner, self.file, self.destination)

    def remember(self) -> None:
        """Check what the file kept of the life before."""
        runs = {run.id: run for run in self.life.session.runs()}
        known = {trace_of(run, each) for run in runs.values() for each in run.operations}
        # A job without effect may be of a batch that was divided: it goes on under other names.
        begun = {job.trace for job in self.partner.jobs.values() if job.applied_at is not None}
        assert begun <= known, "not in the file"
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

    # What must be true at every step

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
        """Whether the partner has it, contrary to what the user said."""
        trace = trace_of(run, operation)
        return bool(self.partner.of(trace)) and trace not in self.words[user]

    def is_misled(self, user: str) -> bool:
        return any(self.partner.of(trace) for trace in self.words[user])

    # What must be true at the end

    def check_truth(self) -> None:
        for chain, run in self.runs():
            for operation in run.operations:
                self.note(f"{self.recovery}: {operation.state}")
                if operation.origin is not None:
                    self.note("divided")
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
                if user in chain.bad_users:
                    assert not self.partner.effects[user]
                if status == "invalid":
                    assert user not in self.partner.arrived

    def check_row(self, chain: Chain, run: ad.Run, operation: Operation, user: str) -> None:
        if operation.state is State.REJECTED:
            assert not self.is_taken(run, operation, user)
        if "bad rows" in operation.message and operation.state in (State.REJECTED, State.FAILED):
            # With no other trouble the good rows were let through.
            is_clear = not (operation.in_doubt or chain.is_canceled)
            assert user in chain.bad_users or not (is_clear and self.isolation_requests == 64)
            self.note("refused for a bad row")
        if operation.state in (State.HELD, State.LOST):
            blurs = self.partner.blurs[user]
            assert blurs & {"lost", "odd", "killed", "gone"}, f"nothing was unclear about {user}"
            assert self.is_excused(chain, operation, blurs), f"{operation} could be found out"

    def is_excused(self, chain: Chain, operation: Operation, blurs: set[str]) -> bool:
        """Whether there was more trouble than a lost reply or a killed process."""
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


def said(run: ad.Run) -> list[RowOutcome]:
    """Return what a run says of every row of the frame."""
    return run.outcomes()


def users_of(run: ad.Run, operation: Operation, chain: Chain) -> list[str]:
    return [chain.users[run.positions[row]] for row in operation.rows]


def trace_of(run: ad.Run, operation: Operation) -> str:
    """Return the id of a submission, as it was sent to the partner."""
    return submission_id(run.id, operation.batch)
