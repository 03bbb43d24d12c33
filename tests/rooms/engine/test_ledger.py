"""What is known of a run, as another thread sees it at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from asyncdest_nb.engine import Ledger
from asyncdest_nb.operation import Operation, RowOutcome, RowStatus, State

ROWS = 3
JOB = Operation(number=0, rows=(0, 1), batch=0)


class Seen(tuple[RowOutcome, ...]):
    """Outcomes that look at the ledger whenever they are counted, as another thread may."""

    def __new__(cls, ledger: Ledger, found: list[dict[str, int]]) -> Seen:
        made = super().__new__(cls, (RowOutcome(RowStatus.COMPLETED),) * 2)
        made.ledger, made.found = ledger, found
        return made

    def __iter__(self) -> Iterator[RowOutcome]:
        self.found.append(self.ledger.counts)
        for outcome in super().__iter__():
            yield outcome
            self.found.append(self.ledger.counts)


def test_the_counts_add_up_to_the_rows_of_the_frame_at_every_moment():
    ledger, found = Ledger(rows=ROWS), []
    ledger.plan([JOB], invalid={2: "no"})
    done = replace(JOB, state=State.PARTIAL, row_outcomes=Seen(ledger, found))
    ledger.update(done)
    ledger.update(replace(JOB, state=State.COMPLETED))
    assert len(found) == 6
    assert {sum(counts.values()) for counts in found} == {ROWS}
    assert ledger.counts["completed"] == 2


def test_rows_that_are_retryable_or_were_never_applied_may_be_sent_again():
    ledger = Ledger(rows=ROWS)
    ledger.plan([JOB, Operation(number=1, rows=(2,), batch=1)], invalid={})
    locked = RowOutcome(RowStatus.FAILED, "locked", retryable=True)
    wrong = RowOutcome(RowStatus.FAILED, "wrong", retryable=False)
    ledger.update(replace(JOB, state=State.FAILED, row_outcomes=(locked, wrong)))
    assert ledger.retryable == 1
    ledger.update(replace(ledger.operations[1], state=State.REJECTED))
    assert ledger.retryable == 2
    ledger.update(replace(JOB, state=State.FAILED, row_outcomes=(wrong, wrong)))
    assert ledger.retryable == sum(bool(each.retryable) for each in ledger.outcomes()) == 1


@pytest.mark.parametrize("error", [ValueError(), SystemExit(1), asyncio.CancelledError()], ids=repr)
def test_a_listener_that_fails_does_not_keep_others_from_being_called(error: BaseException):
    ledger, calls = Ledger(rows=ROWS), list[tuple[Sequence[int], bool]]()

    def failing(_: Sequence[int], __: bool) -> None:
        raise error

    ledger.on_change(failing)
    ledger.on_change(lambda changed, at_rest: calls.append((changed, at_rest)))
    ledger.plan([JOB], invalid={})
    ledger.notify(at_rest=True)
    assert calls == [([0], True)]
