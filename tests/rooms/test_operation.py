"""The transitions of an operation: pure values in, values out."""

from __future__ import annotations

import pytest

from asyncdest_nb.operation import (
    FINAL,
    Operation,
    RowOutcome,
    RowStatus,
    State,
    StatusUpdate,
    accepted,
    answered,
    counts_text,
    finished,
    held,
    lost,
    poll_failed,
    rejected,
    replanned,
    row_outcomes,
    run_status,
    submitted,
    unsure,
)

PLANNED = Operation(number=0, rows=(4,))
SENT = submitted(PLANNED, now=1.0)
TAKEN = accepted(SENT, context={"operation_id": "op"}, operation_id="op", message="", now=2.0)
JOB = accepted(
    submitted(Operation(number=0, rows=(0, 1, 2)), now=1.0),
    context={},
    operation_id="job",
    message="",
    now=2.0,
)
GOOD = RowOutcome(RowStatus.COMPLETED)
BAD = RowOutcome(RowStatus.FAILED, "no such user")


def test_the_states_of_an_operation_that_completes():
    running = answered(TAKEN, StatusUpdate("pending", more=True, progress=40.0), now=3.0)
    done = answered(running, StatusUpdate("completed", progress=100.0, result={"id": 7}), now=4.0)
    assert [each.state for each in (PLANNED, SENT, TAKEN, running, done)] == [
        State.PLANNED,
        State.SUBMITTING,
        State.ACCEPTED,
        State.RUNNING,
        State.COMPLETED,
    ]
    assert (done.polls, done.finished_at, done.result) == (2, 4.0, {"id": 7})


@pytest.mark.parametrize("state", sorted(FINAL))
def test_final_is_final(state: State):
    final = Operation(number=0, rows=(0,), state=state, message="so it ended")
    for later in (
        submitted(final, now=9.0),
        answered(final, StatusUpdate("completed"), now=9.0),
        answered(final, StatusUpdate("pending", more=True), now=9.0),
        finished(final, StatusUpdate("failed"), now=9.0),
        poll_failed(final, message="reset"),
        lost(final, message="gone", now=9.0),
        rejected(final, message="no", code=None, now=9.0),
        unsure(final, message="?"),
    ):
        assert later == final


def test_nothing_completes_that_was_not_sent():
    with pytest.raises(AssertionError, match="planned cannot become completed"):
        finished(PLANNED, StatusUpdate("completed"), now=1.0)


def test_a_failed_poll_changes_no_state():
    failed = poll_failed(poll_failed(TAKEN, message="reset"), message="503")
    assert (failed.state, failed.poll_errors, failed.polls) == (State.ACCEPTED, 2, 2)
    assert answered(failed, StatusUpdate("pending", more=True), now=5.0).poll_errors == 0


def test_a_lost_reply_waits_for_the_user():
    waiting = held(unsure(SENT, message="reply lost"))
    assert waiting.state is State.HELD
    assert not waiting.is_final
    assert row_outcomes(waiting)[0].status is RowStatus.UNKNOWN


def test_a_throttled_operation_is_sent_again_as_the_same_attempt():
    again = submitted(replanned(SENT, message="429"), now=7.0)
    assert (again.state, again.submitted_at) == (State.SUBMITTING, 1.0)


def test_pending_without_more_to_come_is_lost():
    gone = answered(TAKEN, StatusUpdate("pending", more=False, message="not tracked"), now=3.0)
    assert gone.state is State.LOST
    assert gone.message == "the destination gives no further status: not tracked"
    assert row_outcomes(gone)[0].status is RowStatus.UNKNOWN


def test_a_progress_stays_if_the_next_poll_reports_none():
    running = answered(TAKEN, StatusUpdate("pending", more=True, progress=40.0), now=3.0)
    assert answered(running, StatusUpdate("pending", more=True), now=4.0).progress == 40.0


@pytest.mark.parametrize(
    ("status", "rows", "state"),
    [
        ("completed", (GOOD, GOOD, GOOD), State.COMPLETED),
        ("completed", (GOOD, BAD, GOOD), State.PARTIAL),
        ("failed", (GOOD, BAD, BAD), State.PARTIAL),
        ("completed", (BAD, BAD, BAD), State.FAILED),
        ("completed", None, State.COMPLETED),
        ("failed", None, State.FAILED),
    ],
)
def test_a_job_ends_as_its_rows_do(status, rows, state):
    assert answered(JOB, StatusUpdate(status, rows=rows), now=3.0).state is state


@pytest.mark.parametrize("rows", [(GOOD,), (GOOD,) * 4, ()])
def test_outcomes_for_another_number_of_rows_leave_all_rows_unknown(rows):
    done = answered(JOB, StatusUpdate("completed", rows=rows), now=3.0)
    assert done.state is State.PARTIAL
    assert {row.status for row in row_outcomes(done)} == {RowStatus.UNKNOWN}
    assert f"{len(rows)} row" in row_outcomes(done)[0].message


@pytest.mark.parametrize(
    ("states", "good", "invalid", "status"),
    [
        ([State.COMPLETED], 1, 0, "completed"),
        ([State.COMPLETED], 1, 1, "partial"),
        ([State.COMPLETED, State.FAILED], 1, 0, "partial"),
        ([State.PARTIAL], 1, 0, "partial"),
        # Its rows are unknown, or some of them failed.
        ([State.PARTIAL], 0, 0, "failed"),
        ([State.FAILED, State.REJECTED], 0, 0, "failed"),
        ([State.LOST], 0, 0, "failed"),
        ([State.LOST], 1, 0, "partial"),
        ([], 0, 3, "failed"),
        ([], 1, 3, "partial"),
        ([], 0, 0, "completed"),
        ([State.COMPLETED, State.RUNNING], 1, 0, "pending"),
        ([State.COMPLETED, State.HELD], 1, 0, "pending"),
    ],
)
def test_the_status_of_a_run(states, good, invalid, status):
    assert run_status(states, good=good, invalid=invalid) == status


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.PLANNED, "pending"),
        (State.HELD, "pending"),
        (State.RUNNING, "pending"),
        (State.COMPLETED, "completed"),
        (State.PARTIAL, "completed"),
        (State.REJECTED, "failed"),
        (State.CANCELED, "failed"),
        (State.LOST, "failed"),
    ],
)
def test_every_state_has_a_status_of_the_contract(state, status):
    assert Operation(number=0, rows=(0,), state=state).status == status


def test_counts_are_written_without_those_that_are_zero():
    assert (
        counts_text({"completed": 1_200, "failed": 0, "pending": 1}) == "1,200 completed, 1 pending"
    )
    assert counts_text({"completed": 0}) == "no rows"
