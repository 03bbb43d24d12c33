"""Outcomes of the simulated Example Async follow from the seed and the payload."""

import random

import pytest

from asyncdest_nb.simulators.example_async import ExampleAsyncKnobs
from asyncdest_nb.simulators.example_async.operations import StoredOperation, planned, progress
from example_partner import ANNA, answered, faulty_server, payloads


def fates(payloads, **knobs):
    settings = ExampleAsyncKnobs.of(knobs)
    return {each["user_id"]: planned(each, settings) for each in payloads}


def test_a_fate_depends_on_the_seed_and_the_payload_and_on_no_order():
    sent = payloads(50)
    mixed = random.Random(1).sample(sent, len(sent))
    respelled = [dict(reversed(payload.items())) for payload in mixed]
    assert fates(sent, seed=1) == fates(mixed, seed=1) == fates(respelled, seed=1)
    assert fates(sent, seed=1) != fates(sent, seed=2)


def test_turning_one_knob_moves_nothing_else():
    quick, slow = (
        fates(payloads(200), failing=0.3, duration_seconds=d) for d in (1, ("lognormal", 60, 1))
    )
    assert [plan.error for plan in quick.values()] == [plan.error for plan in slow.values()]
    more = fates(payloads(200), failing=0.6, duration_seconds=1)
    assert all(more[user_id].error for user_id, plan in quick.items() if plan.error)


@pytest.mark.parametrize(("share", "least", "most"), [(0, 0, 0), (0.1, 60, 140), (1, 1000, 1000)])
def test_about_the_wanted_share_fails(share, least, most):
    failed = sum(plan.error is not None for plan in fates(payloads(1000), failing=share).values())
    assert least <= failed <= most


@pytest.mark.parametrize(
    ("knobs", "low", "median", "high"),
    [
        ({"duration_seconds": 3}, 3, 3, 3),
        ({"duration_seconds": (2, 4)}, 2, 3, 4),
        ({"duration_seconds": ("lognormal", 60, 0.5)}, 0, 60, 1000),
        ({"duration_seconds": ("lognormal", 60, 0)}, 59.9, 60, 60.1),
        ({}, 2, 6, 10),
    ],
)
def test_durations_are_drawn_as_asked(knobs, low, median, high):
    drawn = sorted(plan.duration_seconds for plan in fates(payloads(999), **knobs).values())
    assert low <= drawn[0] <= drawn[-1] <= high
    assert drawn[499] == pytest.approx(median, rel=0.1)


@pytest.mark.parametrize("pending_share", [0, 0.5, 1])
@pytest.mark.parametrize("duration", [0, 1e-9, 5])
def test_progress_only_grows_and_reaches_its_end_only_at_the_end(pending_share, duration):
    plan = planned(ANNA, ExampleAsyncKnobs(duration_seconds=duration, failing=0))
    stored = StoredOperation("op_1", ANNA, plan, accepted_at=0.0)
    seen = [progress(stored, now=age / 10, pending_share=pending_share) for age in range(51)]
    percents = [percent for _, percent in seen]
    assert percents == sorted(percents)
    assert all((status == "completed") == (percent == 100) for status, percent in seen)
    assert seen[-1] == ("completed", 100)


def test_the_same_request_draws_anew_each_time_and_the_same_in_every_run(clock):
    def statuses(seed):
        partner = faulty_server(clock, throttle_share=0.5, seed=seed)
        return [answered(partner, "GET", "/operations/op_1")[0] for _ in range(40)]

    assert set(statuses(1)) == {404, 429}
    assert statuses(1) == statuses(1) != statuses(2)
