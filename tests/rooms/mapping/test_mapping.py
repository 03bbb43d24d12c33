"""Runs against outputs recorded from Segment's action-destinations framework.

``data/mapping.jsonl`` was recorded by running that framework (commit
970a17ee8d064501db7ae555f4d90f17befadfc0, Node 20) on inputs written for this
project. In it, ``{"$undefined": true}`` is an undefined slot, and ``Cannot convert …`` any
error. Numbers are compared as doubles, since JavaScript has no others.
"""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import Series

from asyncdest_nb.errors import MappingError
from asyncdest_nb.mapping import (
    DIRECTIVES,
    UNDEFINED,
    Resolver,
    compile_mapping,
    directive,
    transform,
)
from asyncdest_nb.numerals import number_text
from segment_recordings import comparable, messages, recorded_rows, run

RECORDED = recorded_rows("mapping.jsonl")


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["id"])
def test_a_mapping_does_what_segment_does(recorded):
    before = copy.deepcopy(recorded)
    if "error" not in recorded:
        assert comparable(run(recorded)) == comparable(recorded.get("output", UNDEFINED))
    else:
        with pytest.raises(MappingError) as raised:
            run(recorded)
        if expected := messages(recorded):
            assert str(raised.value).split("\n") == expected
    assert recorded == before  # Neither the mapping nor the row was changed.


def test_the_recorded_rows_are_there():
    assert len(RECORDED) == 659


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (100.0, "100"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e21, "1.25e+21"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_a_number_becomes_text_as_in_javascript(number, text):
    assert number_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_reads_back_as_that_number(number):
    assert float(number_text(number)) == number


def test_an_integer_in_a_template_keeps_all_its_digits():
    assert transform({"@template": "{{id}}"}, {"id": 2**63 + 1}) == "9223372036854775809"


def test_a_path_into_an_emoji_returns_half_of_it_as_in_javascript():
    assert transform({"@path": "s[0]"}, {"s": "😀"}) == "\ud83d"
    assert transform({"@path": "s.length"}, {"s": "😀"}) == 2


def test_a_huge_index_is_missing():
    assert transform({"@path": "list." + "9" * 5000}, {"list": [1]}) is UNDEFINED


def test_a_placeholder_is_stripped_of_the_white_space_of_javascript():
    assert transform({"@template": "{{\ufeff\u2003a\u00a0}}"}, {"a": 1}) == "1"
    assert transform({"@template": "{{\x1fa}}"}, {"a": 1}) == ""


@pytest.mark.parametrize(
    ("mapping", "roots", "reads_all"),
    [
        ({"a": 1, "b": {"@literal": [None, "x"]}}, set(), False),
        ({"a": {"@path": "$.traits.email"}, "b": [{"@path": "id[0]"}]}, {"traits", "id"}, False),
        ({"@template": "{{first}} {{ name.last }} {{{x}}}"}, {"first", "name", "x"}, False),
        ({"@path": {"@literal": "$.a"}}, {"a"}, False),
        ({"@path": "$."}, set(), True),
        ({"@path": {"@path": "$.which"}}, set(), True),
    ],
)
def test_a_compiled_mapping_knows_what_it_reads(mapping, roots, reads_all):
    resolver = compile_mapping(mapping)
    assert resolver.roots == roots
    assert resolver.reads_all is reads_all


def test_a_resolved_value_is_a_copy():
    mapping, row = {"a": {"fixed": [1]}, "b": {"@path": "$.x"}}, {"x": {"list": [1]}}
    resolver = compile_mapping(mapping)
    first = resolver.resolve(row)
    first["a"]["fixed"].append(2)
    first["b"]["list"].append(2)
    assert resolver.resolve(row) == {"a": {"fixed": [1]}, "b": {"list": [1]}}


def test_problems_inside_an_array_are_found_before_the_first_row():
    with pytest.raises(MappingError, match="@nope is not a valid directive"):
        compile_mapping({"a": [{"@nope": 1}]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", object()])
def test_a_constant_that_is_no_json_is_refused(value):
    with pytest.raises(MappingError, match="which JSON cannot hold"):
        compile_mapping({"a": [value]})


def test_the_error_for_a_column_instead_of_its_name_has_one_line():
    column = Series(range(1000), name="email")
    with pytest.raises(MappingError, match=r'or \{"@path": "\$\.column"\} for a column$') as raised:
        compile_mapping({"a": column})
    assert len(str(raised.value)) < 300
    assert "\n" not in str(raised.value)


def test_a_new_directive_is_one_function(monkeypatch):
    @directive("@first", check=lambda argument, where: [])
    def first(argument, compiled):
        inner = compiled(argument)
        return Resolver.of(lambda row: inner.run(row)[0], [inner])

    monkeypatch.setitem(DIRECTIVES, "@first", DIRECTIVES.pop("@first"))  # For this test only.
    resolver = compile_mapping({"a": {"@first": {"@path": "$.tags"}}})
    assert resolver.resolve({"tags": ["x", "y"]}) == {"a": "x"}
    assert resolver.roots == {"tags"}
