"""Fields given as data beside Segment's framework itself, which npm has, on random cases."""

from __future__ import annotations

import json

import pytest

from asyncdest_nb.destination.field_schema import FieldValidator
from random_fields import RandomFields
from segment_framework import ask, comparable, numbers_of


@pytest.mark.slow
@pytest.mark.timeout(420)  # The first time it is installed.
@pytest.mark.parametrize("seed", range(4))
def test_random_payloads_are_converted_or_refused_as_by_segment(seed):
    source = RandomFields(seed)
    cases = [source.case() for _ in range(500)]
    answers = ask(cases)
    for case, answer in zip(cases, answers, strict=True):
        validator = FieldValidator(case["fields"])
        found, faults = validator.validate(case["payload"], in_batch=case["mode"] == "batch")
        assert faults == answer.get("errors", []), json.dumps(case)
        if not faults:
            assert comparable(found) == comparable(numbers_of(answer["output"])), json.dumps(case)
    assert sum("output" in each for each in answers) > 50
