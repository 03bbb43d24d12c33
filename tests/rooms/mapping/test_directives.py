"""What the directives do beside what is recorded of Segment: frames, limits, copies."""

from __future__ import annotations

import sys

import pytest

from asyncdest_nb.errors import MappingError
from asyncdest_nb.mapping import FieldPlan, compile_mapping, plan_fields, transform

FIELDS = {"f": FieldPlan()}


def payload(mapping, row):
    return plan_fields(FIELDS, list(row), mapping={"f": mapping}).payload(row)


def test_a_row_for_which_a_directive_fails_fails_alone():
    mapping = {"@template": {"@path": "$.template"}}
    plan = plan_fields(FIELDS, ["template"], mapping={"f": mapping})
    assert plan.payload({"template": "text"}) == {"f": "text"}
    with pytest.raises(MappingError, match="@template: expected string, got number"):
        plan.payload({"template": 7})
    assert plan.payload({"template": "again"}) == {"f": "again"}


@pytest.mark.parametrize(
    ("mapping", "roots"),
    [
        ({"@if": {"exists": {"@path": "$.a"}, "then": {"@path": "$.b"}, "else": "x"}}, {"a", "b"}),
        ({"@arrayPath": ["$.lines", {"sku": {"@path": "$.sku"}}]}, {"lines"}),
        ({"@transform": {"apply": {"x": {"@path": "$.a"}}, "mapping": {"@path": "$.x"}}}, {"a"}),
        (
            {"@merge": {"direction": "left", "objects": [{"@path": "$.a"}, {"@path": "$.b"}]}},
            {"a", "b"},
        ),
        ({"@liquid": "{% assign y = b %}{{ a.x }} {{ y }}"}, {"a", "b"}),
        ({"@json": {"mode": "decode", "value": {"@path": "$.text"}}}, {"text"}),
    ],
)
def test_a_directive_knows_which_columns_it_reads(mapping, roots):
    resolver = compile_mapping(mapping)
    assert resolver.roots == roots
    assert not resolver.reads_all


@pytest.mark.parametrize(
    "mapping",
    [
        {"@liquid": "{{ address.city | upcase }}"},
        {"@case": {"operator": "upper", "value": {"@path": "$.address.city"}}},
    ],
)
def test_columns_with_dots_are_read_as_in_paths(mapping):
    row = {"address.city": "Bern", "other": 1}
    plan = plan_fields(FIELDS, list(row), mapping={"f": mapping})
    assert plan.payload(row) == {"f": "BERN"}
    assert plan.readers("address.city") == {"f"}


def test_an_array_in_a_payload_has_null_for_an_item_without_a_value():
    shape = {"@path": "$.sku"}
    row = {"lines": [{"sku": "a"}, {}]}
    assert payload({"@arrayPath": ["$.lines", shape]}, row) == {"f": ["a", None]}
    assert payload([{"@path": "$.lines[1].sku"}], row) == {"f": [None]}


def test_a_key_whose_directive_gives_nothing_is_left_out_of_a_payload():
    nothing = {"@json": {"mode": "Encode", "value": 1}}
    mapping = {"code": {"@excludeWhenNull": {"@path": "$.code"}}, "x": nothing}
    assert payload(mapping, {"code": None}) == {"f": {}}


def test_an_opened_text_of_json_keeps_all_digits_of_an_id():
    row = {"text": '{"id": 1234567890123456789}'}
    mapping = {"@json": {"mode": "decode", "value": {"@path": "$.text"}}}
    assert payload(mapping, row) == {"f": {"id": 1234567890123456789}}


def test_a_number_that_is_too_large_for_json_is_null_in_a_payload():
    mapping = {"@json": {"mode": "decode", "value": {"@path": "$.text"}}}
    row = {"text": '{"a": [1e400, -1e400, 1' + "0" * 400 + "]}"}
    assert payload(mapping, row) == {"f": {"a": [None, None, None]}}
    assert transform(mapping, row) == {"a": [float("inf"), float("-inf"), float("inf")]}


@pytest.mark.parametrize("mode", ["encode", "decode"])
def test_json_that_is_nested_too_deeply_fails_the_row_only(mode):
    value = "[" * 100_000 if mode == "decode" else deep_list(sys.getrecursionlimit() + 100)
    with pytest.raises(MappingError, match="nested too deeply"):
        transform({"@json": {"mode": mode, "value": {"@path": "$.v"}}}, {"v": value})


def deep_list(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "template",
    [
        "{% assign x = a %}" + "{% assign x = x | append: x %}" * 32,
        "{% assign x = a | append: a %}" + "{% assign x = x | replace: '', x %}" * 20,
        "{{ (1..99999999999999999999999) }}",
        "{{ 0 | date: '%9999999999Y' }}",
    ],
)
def test_a_template_that_grows_without_end_is_stopped(template):
    with pytest.raises(MappingError, match="memory alloc limit exceeded"):
        transform({"@liquid": template}, {"a": "0123456789" * 10})


def test_a_date_is_formatted_in_utc_and_in_english():
    template = '{{ at | date: "%A, %-d %B %Y %H:%M %z" }}'
    row = {"at": "2024-02-29T23:30:00-02:00"}
    assert transform({"@liquid": template}, row) == "Friday, 1 March 2024 01:30 +0000"


def test_without_the_library_the_error_has_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncdest_nb.mapping.liquid.engine", None)
    with pytest.raises(MappingError, match=r"@liquid needs the library python-liquid: pip install"):
        compile_mapping({"a": {"@liquid": "{{ x }}"}})


@pytest.mark.parametrize("row", [{}, [], "text", 5, None])
def test_a_template_for_a_row_without_keys_is_empty(row):
    assert compile_mapping({"@liquid": "{{ a }}{{ a.b }}"}).resolve(row) == ""


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ 'x }}{{ b }}", 'output "{{ \'x }}{{ b }}" not closed, line:1, col:1'),
        ("\U0001f600\n\U0001f600{{ $.a }}", 'invalid value expression: "$.a", line:2, col:6'),
    ],
)
def test_the_place_of_a_mistake_in_a_template_is_that_of_segment(template, message):
    with pytest.raises(MappingError) as raised:
        transform({"@liquid": template})
    assert str(raised.value) == message


@pytest.mark.parametrize("root", [[{"@path": "$.a"}, 5], "text"])
def test_several_values_are_no_root_directive(root):
    with pytest.raises(MappingError, match="must only have a single directive object"):
        compile_mapping({"__segment_internal_directive": root, "x": 1})
