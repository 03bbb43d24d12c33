"""Faults between a request and a simulated partner, and the knobs that set them."""

from dataclasses import replace

import pytest

from asyncdest_nb.errors import UnknownName, UsageError
from asyncdest_nb.simulators import SIMULATORS, simulate
from asyncdest_nb.simulators.exchange import canonical
from asyncdest_nb.simulators.faults import Bucket
from example_partner import ANNA, BERT, faulty_server, posted

# Faults


def test_a_bucket_lets_through_its_rate_and_saves_up_one_second():
    bucket = Bucket(rate=2, now=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(0.5) for _ in range(2)] == [True, False]
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]


def test_a_slow_bucket_holds_one_token():
    bucket = Bucket(rate=0.1, now=0.0)
    assert [bucket.take(at) for at in (0.0, 9.0, 10.0, 11.0)] == [True, False, True, False]


def test_above_the_limit_requests_are_answered_429(clock):
    partner = faulty_server(clock, requests_per_second_limit=2, retry_after_seconds=3)
    answers = [partner.answer(posted(ANNA)).reply for _ in range(3)]
    assert [reply.status for reply in answers] == [202, 202, 429]
    assert answers[2].headers == {"retry-after": "3"}
    clock.now += 0.5
    assert partner.answer(posted(ANNA)).reply.status == 202


def test_an_outage_begins_and_ends(clock):
    partner = faulty_server(clock, outages=[(10, 5), (30, 1)], retry_after_seconds=0.25)
    seen = {}
    for age in (0, 9.9, 10, 14.9, 15, 30.5, 31):
        clock.now = 1000 + age
        seen[age] = partner.answer(posted(ANNA)).reply
    assert [age for age, reply in seen.items() if reply.status == 503] == [10, 14.9, 30.5]
    assert seen[10].headers == {"retry-after": "0.25"}


def test_one_request_in_so_many_is_answered_503_without_a_time(clock):
    partner = faulty_server(clock, unavailable_every=2)
    answers = [partner.answer(posted(ANNA)).reply for _ in range(4)]
    assert [reply.status for reply in answers] == [202, 503, 202, 503]
    assert (answers[1].document["error_code"], answers[1].headers) == ("UNAVAILABLE", {})
    assert len(partner.operations) == 2


def test_the_first_replies_of_a_kind_are_lost_as_listed_and_their_requests_applied(clock):
    fates = {"POST /operations": ["reset", 503], "GET /operations/{id}": [504]}
    partner = faulty_server(clock, lost_replies=fates)
    answers = [partner.answer(posted(ANNA)) for _ in range(3)]
    assert [answer.is_lost for answer in answers] == [True, False, False]
    assert [answer.reply.status for answer in answers[1:]] == [503, 202]
    assert len(partner.operations) == 3
    assert partner.requests == {"POST /operations": {"lost": 1, 503: 1, 202: 1}}


def test_a_reply_can_be_lost_in_no_other_way_than_listed():
    with pytest.raises(UsageError, match=r"the connection is reset, or .* 408, 409"):
        simulate("example-async", lost_replies={"POST /operations": [200]})


def test_the_repetitions_that_clients_declare_are_counted(clock):
    partner = faulty_server(clock)
    for number in ("0", "0", "1"):
        headers = {"x-stainless-retry-count": number}
        partner.answer(replace(posted(ANNA), headers=headers))
    partner.answer(posted(ANNA))
    assert partner.tries == {"POST /operations": {"0": 2, "1": 1}}


def test_a_refused_request_is_counted_as_an_attempt_and_not_applied(clock):
    partner = faulty_server(clock, throttle_share=1)
    partner.answer(posted(ANNA))
    partner.answer(posted({"operations": [BERT, ANNA]}, "/operations/batch"))
    assert partner.attempts == {canonical(ANNA): 2, canonical(BERT): 1}
    assert partner.operations == []
    assert partner.requests == {"POST /operations": {429: 1}, "POST /operations/batch": {429: 1}}


def test_only_an_applied_request_loses_its_reply(clock):
    partner = faulty_server(clock, lose_reply_share=1, outages=[(0, 1)])
    assert not partner.answer(posted(ANNA)).is_lost
    clock.now += 1
    assert partner.answer(posted(ANNA)).is_lost
    assert partner.requests == {"POST /operations": {503: 1, "lost": 1}}
    assert len(partner.operations) == 1


def test_latency_is_drawn_between_its_bounds(clock):
    partner = faulty_server(clock, latency_seconds=(0.1, 0.2))
    drawn = {partner.answer(posted(ANNA)).latency_seconds for _ in range(20)}
    assert len(drawn) == 20
    assert all(0.1 <= seconds <= 0.2 for seconds in drawn)


# Knobs and names


@pytest.mark.parametrize(
    ("knob", "value", "valid"),
    [
        ("failing", 1.5, r"in \[0, 1\]"),
        ("failing", float("nan"), r"in \[0, 1\]"),
        ("throttle_share", -0.1, r"in \[0, 1\]"),
        ("duration_seconds", -1, ">= 0"),
        ("duration_seconds", (4, 2), r"\(low, high\)"),
        ("duration_seconds", ("lognormal", 0, 1), "median > 0"),
        ("duration_seconds", ("normal", 1, 1), "lognormal"),
        ("latency_seconds", "slow", ">= 0"),
        ("requests_per_second_limit", 0, "> 0"),
        ("unavailable_every", 0, ">= 1"),
        ("outages", [(1, 2, 3)], r"\(start, length\)"),
        ("seed", 1.5, "whole number"),
        ("batch_answer", "ids", '"operation_ids", a list of ids, or "operations"'),
    ],
)
def test_a_bad_value_is_refused_and_the_range_named(knob, value, valid):
    with pytest.raises(UsageError, match=valid) as caught:
        simulate("example-async", **{knob: value})
    assert f"{knob}={value!r}" in str(caught.value)


def test_a_bad_key_is_not_repeated():
    with pytest.raises(UsageError, match="api_key=<hidden>"):
        simulate("example-async", api_key=5318008)
    with pytest.raises(UsageError, match="access_token=<hidden>"):
        simulate("hubspot-imports", access_token=5318008)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownName, match="no simulator 'example_async'; did you mean"):
        simulate("example_async")
    with pytest.raises(UnknownName, match="no knob 'failling'; did you mean 'failing'"):
        simulate("example-async", failling=0.5)


@pytest.mark.parametrize("slug", SIMULATORS)
def test_every_knob_says_its_unit_and_range_and_is_in_the_help(slug):
    for name, field in SIMULATORS[slug].Knobs.model_fields.items():
        assert field.description
        assert f"``{name}``" in simulate.__doc__


@pytest.mark.parametrize("slug", SIMULATORS)
def test_every_partner_has_an_error_for_each_status_of_a_gateway(slug):
    partner_type = SIMULATORS[slug]
    partner = partner_type(partner_type.Knobs())
    for status in (400, 401, 404, 405, 408, 409, 429, 500, 502, 503, 504):
        reply = partner.error_reply(status, "A message", retry_after="1")
        assert (reply.status, reply.headers["retry-after"]) == (status, "1")
        assert b"A message" in reply.body
