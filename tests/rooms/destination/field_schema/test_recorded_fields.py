"""Fields given as data, against what was recorded from Segment's action-destinations framework.

``data/fields.jsonl`` was recorded by running that framework (commit
970a17ee8d064501db7ae555f4d90f17befadfc0, Node 20) on inputs written for this project. A field
of a kind that never accepts a value fails there when it is first used, and here when it is
declared.
"""

from __future__ import annotations

import json

import pytest

from asyncdest_nb.destination.field_schema import FieldValidator
from asyncdest_nb.errors import UsageError
from paths import DATA
from segment_framework import comparable, numbers_of

RECORDED = [json.loads(line) for line in (DATA / "fields.jsonl").read_text("utf-8").splitlines()]
IMPOSSIBLE = [each for each in RECORDED if "other_error" in each or "schema_error" in each]
POSSIBLE = [each for each in RECORDED if each not in IMPOSSIBLE]


@pytest.mark.parametrize("recorded", POSSIBLE, ids=lambda recorded: recorded["id"])
def test_a_payload_is_converted_or_refused_as_segment_does(recorded):
    validator = FieldValidator(recorded["fields"], exempt=["dynamicAuthSettings"])
    is_batch = recorded.get("mode") == "batch"
    found, faults = validator.validate(recorded.get("payload"), in_batch=is_batch)
    assert faults == recorded["errors"]
    if recorded["valid"]:
        assert comparable(found) == comparable(numbers_of(recorded["coerced_payload"]))


@pytest.mark.parametrize("recorded", IMPOSSIBLE, ids=lambda recorded: recorded["id"])
def test_fields_that_accept_nothing_are_refused_when_they_are_declared(recorded):
    with pytest.raises(UsageError, match=r"fields: field '\w+'"):
        FieldValidator(recorded["fields"])


def test_a_text_has_a_whole_number_of_characters():
    with pytest.raises(UsageError, match=r"field 'a': minimum and maximum of a text .* not 3.5"):
        FieldValidator({"a": {"label": "A", "type": "string", "minimum": 3.5}})


def test_a_payload_is_not_changed_by_its_validation():
    fields = {
        "address": {
            "label": "Address",
            "type": "object",
            "properties": {"zip": {"label": "Zip", "type": "string"}},
        }
    }
    payload = {"address": {"zip": 10115, "other": 1}, "other": 2}
    found, faults = FieldValidator(fields).validate(payload)
    assert (found, faults) == ({"address": {"zip": "10115"}}, [])
    assert payload == {"address": {"zip": 10115, "other": 1}, "other": 2}


def test_a_number_of_twenty_digits_keeps_them():
    fields = {key: {"label": key, "type": kind} for key, kind in _KINDS.items()}
    found, faults = FieldValidator(fields).validate(dict.fromkeys(_KINDS, 12345678901234567891))
    assert faults == []
    assert found == {"id": "12345678901234567891", "count": 12345678901234567891}
    found, faults = FieldValidator(fields).validate(dict.fromkeys(_KINDS, "12345678901234567891"))
    assert faults == []
    assert found == {"id": "12345678901234567891", "count": 12345678901234567891}


_KINDS = {"id": "string", "count": "integer"}


@pytest.mark.parametrize(
    ("text", "is_date"),
    [("2024-02-29t10:00:00z", True), ("2024-02-29T10:00z", True), ("\uff11\uff12", False)],
)
def test_a_date_is_read_as_by_the_engine_of_segment(text, is_date):
    validator = FieldValidator({"at": {"label": "At", "type": "datetime"}})
    _, faults = validator.validate({"at": text})
    assert (faults == []) is is_date


def test_a_text_above_all_numbers_is_infinite_as_in_javascript():
    validator = FieldValidator({"n": {"label": "N", "type": "number"}})
    assert validator.validate({"n": "1e400"}) == ({"n": float("inf")}, [])


@pytest.mark.parametrize("pattern", ["a{99999999999999999999}", "(" * 5_000 + ")" * 5_000])
def test_a_pattern_that_only_python_cannot_compile_fits(pattern):
    validator = FieldValidator({"a": {"label": "A", "type": "string", "format": "regex"}})
    _, faults = validator.validate({"a": pattern})
    assert faults == []
