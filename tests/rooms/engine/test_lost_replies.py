"""Replies that get lost on their way back, against counting partners on loopback.

The process lives on: what it sent may have been applied, or not, and it has to find
out. A test sends to several partners at once, since most of its time is waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

import asyncdest_nb as ad
from counting_partner import Fault, Partner
from raw_server import answer, reset, silence
from recovery import WAYS, connect, eager, people

# Partners list what they have some time after it came, in seconds of the machine.
pytestmark = pytest.mark.slow

LOSSES = {
    "reset": reset,
    "500": answer(500),
    "502": answer(502),
    "503": answer(503),
    "504": answer(504),
    "silence": silence,
}
RECOVERABLE = [way for way in WAYS if way != "none"]
ROWS = 5

Script = Sequence[Fault | None]


def refusal(status: int) -> Fault:
    return Fault(answer(status), is_applied=False)


def submit(session: ad.Session, partner: Partner, way: str) -> ad.Run:
    crm = connect(session, partner, timeout_seconds=0.5)
    return crm.submit(people(ROWS), way, schedule=eager())


@dataclass(frozen=True)
class End:
    """How a run ended here, and at the partner: jobs with an effect, and how often it came.

    ``names`` counts the different names and bodies under which it came.
    """

    states: set[str]
    rows: dict[str, int]
    effects: Counter[str]
    jobs: int
    names: int = 1

    @classmethod
    def of(cls, run: ad.Run, partner: Partner) -> End:
        """Return the end of *run*, which is at rest, and of *partner*."""
        return cls(
            states={str(each.state) for each in run.operations},
            rows={status: count for status, count in run.counts.items() if count},
            effects=partner.effects,
            jobs=sum(job.effects > 0 for job in partner.jobs.values()),
            names=len(partner.sent),
        )


ONCE = Counter(people(ROWS)["user_id"])
APPLIED = End({"completed"}, {"completed": ROWS}, ONCE, jobs=1)


def held(*, is_applied: bool) -> End:
    """Return the end of a run that nobody can settle; *is_applied* is the truth at the partner."""
    effects = ONCE if is_applied else Counter[str]()
    return End({"held"}, {"unknown": ROWS}, effects, jobs=int(is_applied))


def ends(session: ad.Session, way: str, scripts: Mapping[str, Script]) -> dict[str, End]:
    """Submit to a partner for each of the *scripts*, at once, and return how it ended."""
    with ExitStack() as stack:
        partners = [stack.enter_context(Partner(*script)) for script in scripts.values()]
        runs = [submit(session, partner, way) for partner in partners]
        for run in runs:
            run.wait(timeout=30)
    return dict(zip(scripts, map(End.of, runs, partners), strict=True))


@pytest.mark.parametrize("is_applied", [True, False])
@pytest.mark.parametrize("way", RECOVERABLE)
def test_a_submission_whose_reply_was_lost_is_applied_once(
    session: ad.Session, way: str, is_applied: bool
):
    scripts = {
        f"{loss}, {count} times": [Fault(reply, is_applied=is_applied)] * count
        for loss, reply in LOSSES.items()
        for count in (1, 2)
    }
    assert ends(session, way, scripts) == dict.fromkeys(scripts, APPLIED)


@pytest.mark.parametrize("is_applied", [True, False])
@pytest.mark.parametrize("step", [1, 2])
def test_every_step_of_a_submission_may_lose_its_reply(
    session: ad.Session, step: int, is_applied: bool
):
    scripts = {
        loss: [*[None] * step, Fault(reply, is_applied=is_applied)]
        for loss, reply in LOSSES.items()
    }
    assert ends(session, "prepare_commit", scripts) == dict.fromkeys(scripts, APPLIED)


@pytest.mark.parametrize("is_applied", [True, False])
def test_what_nobody_can_find_out_is_held_and_not_sent_again(session: ad.Session, is_applied: bool):
    scripts = {loss: [Fault(reply, is_applied=is_applied)] for loss, reply in LOSSES.items()}
    expected = held(is_applied=is_applied)
    assert ends(session, "none", scripts) == dict.fromkeys(scripts, expected)


@pytest.mark.parametrize("way", ["key by row", "search by row"])
def test_operations_of_a_row_each_are_recovered_together(session: ad.Session, way: str):
    scripts = {f"{applied=}": [Fault(reset, is_applied=applied)] for applied in (True, False)}
    assert ends(session, way, scripts) == dict.fromkeys(scripts, APPLIED)


# Late, refused and strange repetitions


@pytest.mark.parametrize("way", ["key", "client_id"])
def test_a_first_request_that_arrives_late_is_applied_once(session: ad.Session, way: str):
    # A key in progress is answered 409 until it is not.
    scripts = {f"{late} s": [Fault(reset, late_seconds=late)] for late in (0.3, 1.5)}
    assert ends(session, way, scripts) == dict.fromkeys(scripts, APPLIED)


def test_a_key_in_progress_is_waited_for(session: ad.Session):
    with Partner(Fault(reset, late_seconds=1.5)) as partner:
        run = submit(session, partner, "key")
        assert run.wait(timeout=30) == "completed"
        assert sum(partner.sent.values()) > 2


def test_a_client_id_that_is_taken_leads_to_the_job_that_has_it(session: ad.Session):
    # The reply is lost, the job is not found yet, and the repetition is refused with 409.
    with Partner(Fault(reset), hidden=1) as partner:
        run = submit(session, partner, "client_id")
        run.wait(timeout=30)
        assert sum(partner.sent.values()) == 2
    assert End.of(run, partner) == APPLIED


@pytest.mark.parametrize("is_applied", [True, False])
@pytest.mark.parametrize("way", ["key", "natural"])
def test_a_refused_repetition_is_no_proof_that_the_first_was_not_applied(
    session: ad.Session, way: str, is_applied: bool
):
    scripts = {
        str(status): [Fault(reset, is_applied=is_applied), *[refusal(status)] * 9]
        for status in (400, 401, 403, 404, 422)
    }
    expected = held(is_applied=is_applied)
    assert ends(session, way, scripts) == dict.fromkeys(scripts, expected)


@pytest.mark.parametrize(("way", "late_seconds"), [("client_id", 1.5), ("search", 0.3)])
def test_after_a_refused_repetition_the_first_is_looked_for(
    session: ad.Session, way: str, late_seconds: float
):
    # The first request arrives late, after the repetition was refused.
    with Partner(Fault(reset, late_seconds=late_seconds), *[refusal(400)] * 9) as partner:
        run = submit(session, partner, way)
        run.wait(timeout=30)
    assert End.of(run, partner) == APPLIED


@pytest.mark.parametrize("way", ["client_id", "search"])
def test_a_refused_repetition_counts_if_the_first_is_not_found(session: ad.Session, way: str):
    scripts = {
        "refused": [Fault(reset, is_applied=False), *[refusal(403)] * 9],
        # What may be the fault of a row is sent in halves, which have names of their own.
        "divided": [Fault(reset, is_applied=False), refusal(400)],
    }
    assert ends(session, way, scripts) == {
        "refused": End({"rejected"}, {"failed": ROWS}, Counter(), jobs=0),
        "divided": replace(APPLIED, jobs=2, names=3),
    }


@pytest.mark.parametrize("step", [1, 2])
def test_a_refused_step_is_a_failure_only_before_the_last_one(session: ad.Session, step: int):
    script = [*[None] * step, Fault(reset), refusal(400)]
    failed = End({"rejected"}, {"failed": ROWS}, Counter(), jobs=0)
    expected = failed if step == 1 else APPLIED
    assert ends(session, "prepare_commit", {"refused": script}) == {"refused": expected}


# Names of submissions


@pytest.mark.parametrize("way", ["key", "client_id", "search"])
def test_a_retry_has_a_new_name_and_a_repetition_the_old_one(session: ad.Session, way: str):
    with Partner(refusal(403), Fault(reset, is_applied=False)) as partner:
        run = submit(session, partner, way)
        assert run.wait(timeout=30) == "failed"
        assert run.retry(schedule=eager()).wait(timeout=30) == "completed"
        names = Counter({name: count for (name, _), count in partner.sent.items()})
    assert sorted(names.values()) == [1, 2]
    assert partner.effects == ONCE


def test_batches_and_runs_have_names_of_their_own(session: ad.Session):
    with Partner() as partner:
        crm = connect(session, partner, batch_size=2)
        for name in ("One", "Two"):
            run = crm.submit(people(ROWS).assign(name=name), "key", schedule=eager())
            assert run.wait(timeout=30) == "completed"
    assert len({name for name, _ in partner.sent}) == 2 * 3
