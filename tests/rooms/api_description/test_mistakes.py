"""Mistakes in a description are found when it is loaded, all at once, with their paths."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_shapes import EMAIL, KLAVIYO

import asyncdest_nb as ad
from paths import ROOT

GOOD: dict[str, Any] = {
    "name": "My API",
    "base_url": "{{ settings.host }}",
    "settings": {"host": {"label": "Host", "type": "string", "required": True}},
    "actions": {"send": {"fields": EMAIL, **KLAVIYO}},
}


def mistakes(change) -> list[str]:
    given = copy.deepcopy(GOOD)
    change(given, given["actions"]["send"])
    with pytest.raises(ad.UsageError) as caught:
        ad.http_destination(given)
    return str(caught.value).split("\n  ")[1:]


def put(*place, value):
    """Return a change that puts *value* at *place* of an action."""

    def change(_: Any, action: Any) -> None:
        *outer, last = place
        for key in outer:
            action = action[key]
        action[last] = value

    return change


MISTAKES = yaml.safe_load((ROOT / "tests/data/api_descriptions/mistakes.yaml").read_text())


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case["mistake"][:60])
def test_a_mistake_is_named_with_its_path_and_what_would_be_right(case: dict[str, Any]):
    found = mistakes(put(*case["place"], value=case["value"]))
    assert any(case["mistake"] in each for each in found), found


def test_all_mistakes_are_named_at_once():
    def change(given: Any, action: Any) -> None:
        given["nam"] = given.pop("name")
        action["poll"]["utl"] = action["poll"].pop("url")
        action["limits"]["rows"] = "many"

    found = [each.partition(": ")[0] for each in mistakes(change)]
    assert sorted(found) == [
        "actions.send.limits.rows",
        "actions.send.poll.url",
        "actions.send.poll.utl",
        "nam",
        "name",
    ]


def test_what_is_outside_of_the_actions_is_checked_too():
    def change(given: Any, _: Any) -> None:
        given["name"] = "\N{UNICORN FACE}"
        given["base_url"] = "api.x.de"
        given["settings"]["region"] = {
            "label": "Region",
            "type": "string",
            "choices": [{"label": "EU", "value": "eu"}],
            "default": "EU",
        }

    assert [each.partition(": ")[0] for each in mistakes(change)] == [
        "slug",
        "base_url",
        "settings.region.default",
    ]


def test_a_column_of_results_that_no_entry_has_is_named():
    def change(_: Any, action: Any) -> None:
        action["results"]["sources"][0]["result"] = {"id": "$.id"}
        action["result_columns"] = ["id", "ident"]

    assert mistakes(change) == [
        "actions.send.result_columns: no result has 'ident'. Known: id",
    ]


STEPS = [
    {"url": "/jobs", "json": {"key": "{{ batch.key }}"}, "extract": {"job_id": "$.id"}},
    {"url": "/jobs/{{ job_id }}/rows", "csv": {}},
]
FIND = {"url": "/jobs", "match": {"key": "{{ batch.key }}"}, "extract": {"job_id": "$.id"}}


@pytest.mark.parametrize(
    ("first", "action", "why"),
    [
        (
            {},
            {"find": FIND},
            "find: it may find what submit[0] created and submit[1] did not complete: mark "
            "submit[0] with checkpoint: true",
        ),
        (
            {"json": {"id": "{{ job_id }}", "key": "{{ batch.key }}"}, "extract": {}},
            {"find": {**FIND, "extract": {}}, "handle": {"name": "job_id", "value": "x"}},
            "find: it may find what submit[0] created",
        ),
        ({"checkpoint": True}, {"find": FIND}, "find: it does not go with checkpoint"),
        (
            {"checkpoint": True},
            {"recovery": "natural"},
            "recovery: natural does not go with checkpoint",
        ),
        ({}, {"recovery": "key"}, "submit[1]: it has no {{ batch.key }}"),
        (
            {},
            {"recovery": "natural"},
            "recovery: natural would create a second job if the reply to submit[1] is lost: mark "
            "submit[0] with checkpoint: true",
        ),
    ],
)
def test_steps_that_a_lost_reply_would_leave_undone_are_refused(first: Any, action: Any, why: str):
    def change(_: Any, given: Any) -> None:
        given |= {"submit": [STEPS[0] | first, STEPS[1]]} | action

    found = mistakes(change)
    assert len(found) == 1
    assert found[0].startswith(f"actions.send.{why}")


def test_steps_before_the_job_is_created_may_be_lost():
    def change(given: Any) -> Any:
        upload = {"url": "/files", "csv": {}, "extract": {"file": "$.id"}}
        create = {**STEPS[0], "json": {"key": "{{ batch.key }}", "file": "{{ file }}"}}
        given["actions"]["send"] |= {"submit": [upload, create], "find": FIND}
        return given

    assert ad.http_destination(change(copy.deepcopy(GOOD))).actions["send"].find is not None


def test_a_misspelt_key_hides_no_other_mistake():
    def change(given: Any, action: Any) -> None:
        action["submit"][0]["extrac"] = action["submit"][0].pop("extract")
        action["zzz"] = 1
        action["poll"]["url"] = "/jobs/{{ jobid }}"

    found = [each.partition(": ")[0] for each in mistakes(change)]
    assert found == ["actions.send.submit[0].extrac", "actions.send.zzz", "actions.send.poll.url"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "a description is a path, a dict or an ApiDescription; got a list"),
        ("missing.json", "the file cannot be read"),
        ({}, "name: is missing"),
        (
            {"name": "x", "base_url": "u", "actions": {}},
            "actions: write an object with at least 1 item",
        ),
        ({"name": "x", "base_url": "u", "actions": {"a": 3}}, "actions.a: write an object"),
    ],
)
def test_what_is_no_description_is_refused(given: Any, why: str):
    with pytest.raises(ad.UsageError) as caught:
        ad.http_destination(given)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.yaml", "a: [", "is not YAML"),
        ("a.yaml", "", "write an object"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_refused(tmp_path: Path, name: str, text: str, why: str):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ad.UsageError, match=why):
        ad.http_destination(path)
