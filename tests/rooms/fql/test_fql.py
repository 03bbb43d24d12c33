"""Runs against outputs recorded from Segment's destination-subscriptions 3.41.

An ``event`` that is not there was undefined: a row is never that, so it is not run.
"""

from __future__ import annotations

import math

import pytest

from asyncdest_nb.errors import UsageError
from asyncdest_nb.fql import generate, matches, parse, parse_compatible, problems
from segment_recordings import comparable, messages, recorded_rows

RECORDED = recorded_rows("fql.jsonl")
GENERATED = recorded_rows("fql_generate.jsonl")


def written(conditions):
    """Return *conditions* as they are recorded: NaN as text."""
    if isinstance(conditions, dict):
        return {key: written(value) for key, value in conditions.items()}
    if isinstance(conditions, list):
        return [written(value) for value in conditions]
    is_nan = isinstance(conditions, float) and math.isnan(conditions)
    return {"$number": "NaN"} if is_nan else conditions


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["id"])
def test_a_stored_subscription_is_read_and_judged_as_by_segment(recorded):
    conditions = parse_compatible(recorded["fql"])
    if "error" in recorded:
        assert conditions.keys() == {"error"}
        assert [conditions["error"]] == messages(recorded) or not messages(recorded)
    else:
        assert comparable(written(conditions)) == comparable(recorded["ast"])
    if "validate_error" in recorded:
        with pytest.raises(UsageError):
            matches(conditions, recorded["event"])
    elif "event" in recorded:
        assert matches(conditions, recorded["event"]) is recorded["matches"]


@pytest.mark.parametrize("recorded", GENERATED, ids=lambda recorded: recorded["id"])
def test_conditions_are_written_as_by_segment(recorded):
    if "error" in recorded:
        with pytest.raises(UsageError, match=recorded["error"]):
            generate(recorded["ast"])
        return
    text = generate(recorded["ast"])
    assert text == recorded["fql"]
    reads_back = comparable(parse_compatible(text)) == comparable(recorded["ast"])
    assert reads_back is recorded["reparsed_equal"]


def test_the_recorded_rows_are_there():
    assert (len(RECORDED), len(GENERATED)) == (267, 31)


def test_what_a_user_may_type_is_read_by_segment_as_the_same():
    readable = [each for recorded in RECORDED if not problems(each := recorded["fql"])]
    assert len(readable) > 100
    for text in readable:
        assert parse(text) == parse_compatible(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a condition is missing before the end"),
        ("type = 'track'", 'write it in double quotes: "track"'),
        ("type = track", 'write a text in double quotes: "track"'),
        ('type == "track"', "write one '='"),
        ('TYPE = "x"', "unknown: TYPE at character 1. Known: context"),
        ('type = "a" or type = "b" and event = "c"', "'and' and 'or' are mixed"),
        ('((type = "a"))', "parentheses in parentheses"),
        ('!(type = "a")', "Segment ignores a '!'"),
        ('type = "a" AND event = "b"', "in small letters, is missing before AND at character 12"),
        ('type = "a" event = "b"', "is missing before event at character 12"),
        ('(contains(event, "a") or userId = "x") and type = "b"', "Segment reads it as something"),
        ('type!="a"', "Segment reads it not at all; put a space"),
        ("properties.and = 1", "Segment cannot read the name 'and'"),
        ("properties.list.0 = 1", "Segment cannot read the name '0'"),
        ("properties.paid != true", "write = false, or = null"),
        ('properties.n > "5"', "it compares numbers"),
        ("event > 5", "event is a text"),
        ("event = null", "event is a text"),
        ('type.x = "a"', "'type' has no names inside"),
        ("properties = 1", "needs a name, as in properties.plan"),
        ('match(event, "exact")', "a pattern has one star"),
        ('contains(type, "x")', "cannot look into 'type'"),
        ("contains(event)", 'write contains(properties.plan, "text")'),
        ('(type = "a"', "no ')' belongs to ( at character 1"),
        ('type = "a")', "is missing before ) at character 11"),
        ('type = "unterminated', "a value is missing"),
        ("type =", "a value is missing"),
        ('type = "a" &&', "is missing before &&"),
    ],
)
def test_a_text_that_segment_would_misread_is_refused_with_the_reason(text, reason):
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert reason in str(raised.value)


def test_all_problems_are_told_at_once():
    found = problems("TYPE = 1 and event = 'x' or properties.n != true")
    assert len(found) == 4
    assert [each.split(":")[0] for each in found[:2]] == [
        "- unknown",
        "- event = 'x' at character 22",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'type = "track" and event = "Order Completed"',
        '(type = "a" or type = "b") and properties.plan = "pro"',
        '(userId = "x" or contains(event, "a")) and !match(name, "L*")',
        "properties.seat\\ no >= 4 and userId != null and traits.paid = false",
    ],
)
def test_a_text_that_is_read_reads_back_from_what_is_written_of_it(text):
    assert problems(text) == []
    assert generate(parse(text)) == text


@pytest.mark.parametrize(
    "conditions",
    [{}, {"x": 1}, {"type": "group", "operator": "and", "children": [None, {"x": 1}]}],
)
def test_what_is_no_condition_has_no_text(conditions):
    with pytest.raises(UsageError, match="Unknown condition type"):
        generate(conditions)
