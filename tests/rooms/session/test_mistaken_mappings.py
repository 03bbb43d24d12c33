"""Mistakes in what fills the fields: raised before anything is sent, with what to write."""

from __future__ import annotations

import pandas as pd
import pytest

import asyncdest_nb as ad

FRAME = pd.DataFrame({"user_id": ["u"], "text": ["a"], "mail": ["m"], "a.b": [1]})
IS_GOOD = "Is {{text}} good?"


@pytest.fixture
def crm(session: ad.Session, simulator: ad.Simulator) -> ad.Connection:
    return session.connect(simulator)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (IS_GOOD, "data: 'Is {{text}} good?' is a constant, and goes out as it is: write "),
        ({"deep": [{"note": IS_GOOD}]}, "data.deep.note: 'Is {{text}}"),
        ({"note": "{{{ $.text }}}"}, "from the column 'text'"),
        ({"note": "{{a.b}}"}, "from the column 'a.b'"),
        ({"note": "{{ text | upcase }}"}, '{"@liquid": …} to fill it from the column'),
        ({"n": {"@if": {"exists": {"@path": "$.text"}, "then": IS_GOOD}}}, "data.n: 'Is {{text}}"),
        ({"n": {"@merge": {"direction": "left", "objects": [{"x": IS_GOOD}]}}}, "data.n.x: 'Is"),
    ],
)
def test_a_text_with_a_column_in_braces_is_refused_before_anything_is_sent(
    crm, simulator, data, reason
):
    for given in ({"data": data}, {"mapping": {"data": data}}):
        for call in (crm.submit, crm.preview):
            with pytest.raises(ad.MappingError) as raised:
                call(FRAME, "asyncOperation", operation_type="sync_profile", **given)
            assert reason in str(raised.value)
            assert '{"@literal": …} if braces are meant' in str(raised.value)
    assert simulator.operations == []


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"note": {"@literal": IS_GOOD}}, IS_GOOD),
        ({"note": {"@template": IS_GOOD}}, "Is a good?"),
        ({"note": "{{no_column}} {text}"}, "{{no_column}} {text}"),
        ({"note": {"@replace": {"pattern": "{{text}}", "value": "x{{text}"}}}, None),
        (
            {
                "note": {
                    "@replace": {
                        "value": {"@literal": IS_GOOD},
                        "pattern": "{{text}}",
                        "replacement": "it",
                    }
                }
            },
            "Is it good?",
        ),
    ],
)
def test_braces_that_are_meant_go_out(crm, data, sent):
    preview = crm.preview(FRAME, "asyncOperation", operation_type="sync_profile", data=data)
    assert preview.payloads[0]["data"]["note"] == (sent or "x{{text}")


def test_a_stored_mapping_sends_braces_as_segment_does(crm):
    mapping = {"user_id": "u", "operation_type": "sync_profile", "data": {"note": IS_GOOD}}
    preview = crm.preview(FRAME, "asyncOperation", mapping=ad.StoredMapping(mapping))
    assert preview.payloads[0]["data"] == {"note": IS_GOOD}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"columns": {"email": "mail"}},
            "no field 'email'. Known: data, operation_type, user_id. 'data' is an object: a key of "
            'it is written as mapping={"data": {"email": {"@path": "$.mail"}}}',
        ),
        (
            {"email": "x"},
            '\'data\' is an object: a key of it is written as mapping={"data": {"email": …}}',
        ),
        (
            {"columns": {"mail": "user_id"}},
            "columns= is field → column: write columns={'user_id': 'mail'}",
        ),
    ],
)
def test_an_unknown_field_comes_with_what_to_write(crm, given, reason):
    with pytest.raises(ad.UnknownName) as raised:
        crm.preview(FRAME, "asyncOperation", operation_type="sync_profile", **given)
    assert reason in str(raised.value)


def test_swapped_names_are_one_problem(crm):
    frame = FRAME.rename(columns={"user_id": "customer"})
    with pytest.raises(ad.UnknownName) as raised:
        crm.preview(
            frame, "asyncOperation", columns={"customer": "user_id"}, operation_type="sync_profile"
        )
    assert "problems" not in str(raised.value)
    assert "write columns={'user_id': 'customer'}" in str(raised.value)


TEXT = {"@path": "$.text"}
SLIPS = [
    ({"@if": {"exist": TEXT, "then": "a"}}, "@if has no key 'exist'; did you mean 'exists'?"),
    ({"@if": {"then": "a"}}, '@if asks about nothing; write "exists" or "blank"'),
    ({"@if": {"exists": TEXT}}, '@if gives no value; write "then", "else" or both'),
    ({"@case": {"operator": "title", "value": TEXT}}, "the operator of @case is 'title'; write"),
    ([{"@path": "$.text", "@literal": 1}], "an object in a list has @path and @literal"),
]


@pytest.mark.parametrize(("note", "reason"), SLIPS)
def test_a_directive_that_no_row_can_be_sent_with_is_refused(crm, note, reason):
    for data in ({"note": note}, {"@literal": {"note": [note] if "@" in str(note)[:4] else note}}):
        for call in (crm.submit, crm.preview):
            with pytest.raises(ad.MappingError) as raised:
                call(FRAME, "asyncOperation", operation_type="sync_profile", data=data)
            assert f"data: {reason}" in str(raised.value)


@pytest.mark.parametrize("note", [note for note, _ in SLIPS])
def test_the_same_in_a_stored_mapping_is_read_as_segment_reads_it(crm, note):
    mapping = {"user_id": "u", "operation_type": "sync_profile", "data": {"note": note}}
    crm.preview(FRAME, "asyncOperation", mapping=ad.StoredMapping(mapping))


def test_a_directive_with_one_branch_or_in_either_case_is_no_mistake(crm):
    note = {"@if": {"blank": TEXT, "else": {"@case": {"operator": "upper", "value": TEXT}}}}
    preview = crm.preview(FRAME, "asyncOperation", operation_type="sync_profile", data={"n": note})
    assert preview.invalid == {}
