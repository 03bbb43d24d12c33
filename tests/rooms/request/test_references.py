"""References on disk in place of secrets."""

from __future__ import annotations

import html
import json
import sys
from typing import Any
from urllib.parse import quote

import pytest

from asyncdest_nb.request import MASK, Redactor, References
from key_echo import LONG


@pytest.mark.parametrize(
    "value",
    [
        f"job-{LONG}-7",
        {"url": f"https://a.net/?k={quote(LONG, safe='')}&n=1", LONG: [LONG, {"n": 1.5}]},
        f"{LONG}{LONG}",
        LONG[:14],
        "{secret:api_key} and {secret:} and {secret",
        f"{{secret:{LONG}}}",
        f"{{sec{LONG}ret:}}",
        ["{secret:api_key:plain:0-3}", None, True, 3],
    ],
)
def test_references_are_restored_and_similar_text_is_unchanged(value):
    references, redactor = References({"api_key": LONG, "pin": "77182"}), Redactor([LONG, "77182"])
    stored = json.loads(json.dumps(references.replace_secrets(value, redactor)))
    assert references.restore_secrets(stored) == value
    assert LONG not in json.dumps(stored)
    assert LONG[:12] not in json.dumps(stored)


def test_a_reference_to_a_secret_that_is_not_given_is_masked():
    stored = References({"api_key": LONG}).replace_secrets(f"job-{LONG}-7", Redactor([LONG]))
    assert stored == "job-{secret:api_key}-7"
    assert References({}).restore_secrets(stored) == f"job-{MASK}-7"
    assert References({"api_key": "new"}).restore_secrets(stored) == "job-new-7"


def test_a_part_of_an_answer_that_repeats_is_looked_up_once():
    # 100,000 of them took minutes, in which nothing was polled.
    called: list[Any] = []
    references = References({"first": LONG, "second": "hunter2"})
    answer = ["HuNtEr2"] * 500 + [LONG.lower()] * 500
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code))
    try:
        stored = references.replace_secrets(answer, Redactor([LONG, "hunter2"]))
    finally:
        sys.setprofile(None)
    assert stored == [MASK] * 500 + ["{secret:first:lower:0-34}"] * 500
    assert 0 < called.count(html.escape.__code__) < 500


def test_two_keys_that_are_equal_once_masked_stay_two():
    found = Redactor([LONG]).storable({LONG: 1, LONG.upper(): 2})
    assert sorted(found.values()) == [1, 2]
