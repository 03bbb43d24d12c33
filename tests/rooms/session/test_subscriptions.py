"""Submits and previews of the rows that match a subscription, against a simulator on loopback."""

from __future__ import annotations

import pandas as pd
import pytest

import asyncdest_nb as ad

SUBSCRIBE = 'type = "track" and properties.plan = "pro"'
FIELDS = {"columns": {"user_id": "id"}, "operation_type": "sync_profile"}


@pytest.fixture
def crm(session: ad.Session, simulator: ad.Simulator) -> ad.Connection:
    return session.connect(simulator)


def events() -> pd.DataFrame:
    rows = {
        "id": ["u1", "u2", "u3", "u4"],
        "type": ["track", "page", "track", None],
        "properties.plan": ["pro", "pro", "free", "pro"],
    }
    return pd.DataFrame(rows, index=["a", "b", "c", "d"])


def test_only_the_rows_that_match_are_sent_and_the_title_says_how_many(crm):
    run = crm.submit(events(), "asyncOperation", subscribe=SUBSCRIBE, **FIELDS)
    run.wait()
    assert list(run.results().index) == ["a"]
    assert run.title.endswith("(1 of 4 rows)")
    assert run.title in repr(run)


def test_a_preview_says_how_many_rows_match(crm):
    preview = crm.preview(events(), "asyncOperation", subscribe=SUBSCRIBE, **FIELDS)
    assert [each["user_id"] for each in preview.payloads.values()] == ["u1"]
    assert f"  1 of 4 rows match {SUBSCRIBE}\n" in repr(preview)
    everything = crm.preview(events(), "asyncOperation", **FIELDS)
    assert len(everything.payloads) == 4
    assert " match " not in repr(everything)


def test_a_column_of_objects_is_asked_about_as_columns_with_dots_are(crm):
    frame = events().drop(columns="properties.plan")
    frame["properties"] = [{"plan": plan} for plan in ("free", "pro", "pro", "pro")]
    preview = crm.preview(frame, "asyncOperation", subscribe=SUBSCRIBE, **FIELDS)
    assert [each["user_id"] for each in preview.payloads.values()] == ["u3"]


def test_a_subscription_that_no_row_matches_sends_nothing(crm):
    run = crm.submit(events(), "asyncOperation", subscribe='type = "group"', **FIELDS)
    assert run.wait() == "completed"
    assert run.title.endswith("(0 of 4 rows)")
    assert run.results().empty
    assert run.notices == ['0 of 4 rows match type = "group"']
    preview = crm.preview(events(), "asyncOperation", subscribe='type = "group"', **FIELDS)
    assert '  0 of 4 rows match type = "group"\n' in repr(preview)
    parts = crm.submit(
        iter([events(), events()]), "asyncOperation", subscribe='type = "group"', **FIELDS
    )
    parts.wait()
    assert parts.notices == ['0 of 8 rows match type = "group"']


def test_a_run_of_rows_that_match_has_no_notice(crm):
    for frame in (events(), iter([events()])):
        run = crm.submit(frame, "asyncOperation", subscribe=SUBSCRIBE, **FIELDS, again=True)
        run.wait()
        assert run.notices == []


@pytest.mark.parametrize(
    "subscribe",
    [
        'properties.plan.name = "pro"',  # The column may hold objects.
        "properties.plan.length > 2",
        "traits.anything = null",  # A column of objects.
    ],
)
def test_what_a_column_may_hold_is_no_typo(crm, subscribe):
    frame = events().assign(traits=[{}, {}, {}, {}])
    crm.preview(frame, "asyncOperation", subscribe=subscribe, **FIELDS)


def test_a_stored_subscription_may_ask_about_a_missing_column(crm):
    stored = ad.StoredSubscription('properties.pln = "pro"')
    run = crm.submit(events(), "asyncOperation", subscribe=stored, **FIELDS)
    run.wait()
    assert run.notices == ['0 of 4 rows match properties.pln = "pro"']


def test_the_same_rows_are_not_sent_twice_and_are_found_again(crm):
    first = crm.submit(events(), "asyncOperation", subscribe=SUBSCRIBE, **FIELDS)
    first.wait()
    with pytest.warns(ad.AlreadySubmitted):
        again = crm.submit(events(), "asyncOperation", subscribe=SUBSCRIBE, **FIELDS)
    assert again.id == first.id
    assert [
        run.id
        for run in crm.earlier_runs(events(), "asyncOperation", subscribe=SUBSCRIBE, **FIELDS)
    ] == [first.id]


@pytest.mark.parametrize(
    ("subscribe", "error", "reason"),
    [
        ("type = 'track'", ad.UsageError, 'write it in double quotes: "track"'),
        ('type = "track" or', ad.UsageError, "a condition is missing before the end"),
        ('event = "x"', ad.UnknownName, "no column 'event'"),
        ("traits.plan = null", ad.UnknownName, "no column 'traits'"),
        (
            'type = "track" and properties.pln = "pro"',
            ad.UnknownName,
            "no column 'properties.pln'; did you mean 'properties.plan'",
        ),
        (5, ad.UsageError, "subscribe is a int: 5"),
    ],
)
def test_a_subscription_that_cannot_be_read_is_refused_before_anything_is_sent(
    crm, simulator, subscribe, error, reason
):
    before = simulator.operations
    for call in (crm.submit, crm.preview, crm.earlier_runs):
        with pytest.raises(error, match=reason):
            call(events(), "asyncOperation", subscribe=subscribe, **FIELDS)
    assert simulator.operations == before


def test_a_stored_subscription_with_a_word_that_is_no_function_matches_as_in_segment(crm):
    text = 'type = "group" and typeof(messageId, "string")'
    run = crm.submit(events(), "asyncOperation", subscribe=ad.StoredSubscription(text), **FIELDS)
    assert (run.wait(), len(run.results())) == ("completed", 0)
    # It is asked where the condition before it holds; there Segment ends with an error, too.
    stored = ad.StoredSubscription(text.replace("group", "track"))
    with pytest.raises(ad.UsageError, match="a group of the subscription has no condition"):
        crm.submit(events(), "asyncOperation", subscribe=stored, **FIELDS)
