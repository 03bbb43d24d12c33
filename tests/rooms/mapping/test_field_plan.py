"""Which column, mapping or default fills which field."""

import pytest

from asyncdest_nb.errors import MappingError, UnknownName
from asyncdest_nb.mapping import DIRECTIVES, FieldPlan, plan_fields
from asyncdest_nb.stored import StoredMapping

FIELDS = {
    "user_id": FieldPlan(required=True, default={"@path": "$.userId"}),
    "email": FieldPlan(),
    "kind": FieldPlan(required=True, default="person", hint="one of person, company"),
    "data": FieldPlan(default={"@path": "$.properties"}),
}


def test_a_field_is_filled_by_mapping_then_columns_then_its_own_name_then_its_default():
    plan = plan_fields(
        FIELDS,
        ["userId", "email", "mail.work", "kind"],
        columns={"email": "mail.work"},
        mapping={"user_id": {"@template": "u-{{userId}}"}},
    )
    assert plan.sources == {
        "user_id": 'mapping {"@template": "u-{{userId}}"}',
        "email": "column 'mail.work'",
        "kind": "column 'kind'",
    }
    row = {"userId": 7, "email": "e", "mail.work": "w", "kind": None}
    assert plan.payload(row) == {"user_id": "u-7", "email": "w", "kind": None}


def test_defaults_fill_the_remaining_fields():
    plan = plan_fields(FIELDS, ["userId", "properties"])
    assert plan.sources == {
        "user_id": 'default {"@path": "$.userId"}',
        "kind": 'default "person"',
        "data": 'default {"@path": "$.properties"}',
    }
    row = {"userId": 7, "properties": {"a": [1]}}
    assert plan.payload(row) == {"user_id": 7, "kind": "person", "data": {"a": [1]}}


@pytest.mark.parametrize("default", [0, False, ""])
def test_a_falsy_constant_is_a_default(default):
    plan = plan_fields({"f": FieldPlan(required=True, default=default)}, [])
    assert plan.payload({}) == {"f": default}


def test_a_field_whose_mapping_finds_nothing_in_a_row_is_left_out():
    plan = plan_fields({"f": FieldPlan()}, ["x"], mapping={"f": {"@path": "$.x.y"}})
    assert plan.payload({"x": {"y": 1}}) == {"f": 1}
    assert plan.payload({"x": {}}) == {}
    assert plan.payload({"x": None}) == {"f": None}


def test_a_payload_is_json_even_where_an_array_has_holes():
    plan = plan_fields({"f": FieldPlan()}, ["x"], mapping={"f": [{"@path": "$.x.y"}, {"k": [1]}]})
    assert plan.payload({"x": {}}) == {"f": [None, {"k": [1]}]}


def test_a_value_with_a_nested_structure_is_copied():
    plan, row = plan_fields({"f": FieldPlan()}, ["f"]), {"f": {"a": [1]}}
    plan.payload(row)["f"]["a"].append(2)
    assert row == {"f": {"a": [1]}}


def test_all_problems_are_listed_at_once():
    with pytest.raises(UnknownName) as raised:
        plan_fields(
            {"user_id": FieldPlan(required=True), "email": FieldPlan(), "data": FieldPlan()},
            ["mail", "id"],
            columns={"user_idd": "id", "email": "mial", "data": "mail"},
            mapping={"data": {"@pth": "$.x"}, "extra": 1},
        )
    text = str(raised.value)
    assert "5 problems" in text
    assert "no field 'user_idd'; did you mean 'user_id'?" in text
    assert "no field 'extra'" in text
    assert "no column 'mial'; did you mean 'mail'?" in text
    assert "'data' is in columns= ('mail') and in mapping=" in text
    assert "nothing fills the required field 'user_id'" in text


@pytest.mark.parametrize(
    "given", [{"columns": {"f": "mail"}}, {"mapping": {"f": {"@template": "{{mail}}"}}}]
)
def test_a_name_in_the_index_is_distinguished_from_an_unknown_one(given):
    with pytest.raises(UnknownName, match=r"'mail' is in the index: df\.reset_index"):
        plan_fields({"f": FieldPlan()}, ["x"], index_names=["mail"], **given)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.address.city", "Bern"),
        ("address.city", "Bern"),
        ("['address.city']", "Bern"),
        ("$.address.geo.lat", 46.9),
        ("$.address.zip", "3000"),
        ("$.tags[0]", "whole"),
        ("$.it's", "quoted"),
    ],
)
def test_a_path_begins_with_the_longest_name_of_a_column(path, expected):
    row = {
        "address": {"city": "hidden", "zip": "3000"},
        "address.city": "Bern",
        "address.geo": {"lat": 46.9},
        "tags[0]": "whole",
        "it's": "quoted",
    }
    plan = plan_fields({"f": FieldPlan()}, list(row), mapping={"f": {"@path": path}})
    assert plan.payload(row) == {"f": expected}


def test_a_column_with_dots_is_read_by_templates_defaults_and_computed_paths():
    fields = {
        "greeting": FieldPlan(),
        "mail": FieldPlan(default={"@path": "$.traits.email"}),
        "any": FieldPlan(),
    }
    mapping = {
        "greeting": {"@template": "in {{address.city}}, {{{address.city}}}"},
        "any": {"@path": {"@template": "$.{{which}}"}},
    }
    row = {"address.city": "Bern", "traits.email": "a@b.example", "which": "address.city"}
    plan = plan_fields(fields, list(row), mapping=mapping)
    assert plan.payload(row) == {"greeting": "in Bern, Bern", "mail": "a@b.example", "any": "Bern"}
    assert plan.readers("address.city") == {"greeting", "any"}


def test_the_error_for_half_the_name_of_a_column_shows_the_whole_one():
    mapping = {"f": {"@path": "$.address.town"}}
    with pytest.raises(UnknownName, match=r"the whole name of a column: \$\.address\.city"):
        plan_fields({"f": FieldPlan()}, ["x", "address.city"], mapping=mapping)


@pytest.mark.parametrize("text", ["{{x}", "{{}}", "{{x}} and {{y"])
def test_a_template_that_would_send_its_own_braces_is_refused(text):
    mapping = {"f": {"deep": [{"@template": text}]}}
    with pytest.raises(MappingError, match=r"names no column; write \{\{column\}\}"):
        plan_fields({"f": FieldPlan()}, ["x"], mapping=mapping)


@pytest.mark.parametrize(
    ("text", "sent"), [("{{x}", "{{x}"), ("{{}}", "{{}}"), ("{{x}} and {{y", "5 and {{y")]
)
def test_a_stored_template_sends_its_own_braces_as_in_segment(text, sent):
    mapping = StoredMapping({"f": {"@template": text}})
    assert plan_fields({"f": FieldPlan()}, ["x"], mapping=mapping).payload({"x": 5}) == {"f": sent}


@pytest.mark.parametrize("text", ["{{x}}", "{{{x}}}", "{x} }}", "none"])
def test_other_braces_of_a_template_are_text(text):
    plan_fields({"f": FieldPlan()}, ["x"], mapping={"f": {"@template": text}})


def test_problems_of_a_mapping_have_segments_messages_for_each_field():
    with pytest.raises(MappingError) as raised:
        plan_fields(
            {"a": FieldPlan(), "b": FieldPlan()},
            [],
            mapping={"a": {"@pth": "$.x"}, "b": {"deep": {"@path": 1}}},
        )
    known = ", ".join(sorted(DIRECTIVES))
    assert f"- /a has an invalid directive: @pth. Known: {known}\n" in str(raised.value)
    assert "- /b/deep/@path should be a string or a mapping directive but it is a number." in str(
        raised.value
    )


def test_the_error_for_an_unfilled_required_field_shows_how_to_fill_it():
    with pytest.raises(MappingError) as raised:
        plan_fields(
            {"kind": FieldPlan(True, {"@path": "$.type"}, "one of person, company")}, ["a", "b"]
        )
    text = str(raised.value)
    assert "'kind' (one of person, company)" in text
    assert 'its default {"@path": "$.type"} finds nothing there' in text
    assert "columns={'kind': '<column>'}" in text
    assert "mapping={'kind': " in text
    assert "Columns: a, b" in text


@pytest.mark.parametrize("argument", ["columns", "mapping"])
def test_arguments_that_are_not_dicts_are_refused(argument):
    with pytest.raises(MappingError, match=f"{argument}= got a list"):
        plan_fields({"a": FieldPlan()}, ["a"], **{argument: ["a"]})
