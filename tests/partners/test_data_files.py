"""Destinations are data files, or say what a description cannot express, which is tried here."""

from __future__ import annotations

import copy
import importlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import asyncdest_nb as ad
from asyncdest_nb.api_description.filters import FILTERS, filtered
from asyncdest_nb.destinations import DESTINATIONS
from described_api import ApiCall, DescribedApi
from paths import PACKAGE

FILES = sorted((PACKAGE / "destinations").glob("*.json"))
DATA = {"example-async", "klaviyo-profiles", "sfmc-rows"}
PYTHON = sorted(set(DESTINATIONS) - DATA)
# Mailchimp's settings are Python, and the rest of it is a file of another name.
NAMES = {each.stem.removesuffix("_api").replace("_", "-") for each in FILES}


def test_what_a_description_can_express_is_a_data_file():
    assert NAMES == DATA | {"mailchimp-batches"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_data_file_of_the_package_has_no_mistakes(file: Path):
    found = ad.http_destination(file)
    assert found.slug in DESTINATIONS
    assert list(found.actions) == list(DESTINATIONS[found.slug].actions)


@pytest.mark.parametrize("slug", PYTHON)
def test_what_is_written_in_python_says_why(slug: str):
    module = importlib.import_module(f"asyncdest_nb.destinations.{slug.replace('-', '_')}")
    (said,) = [
        each for each in str(module.__doc__).split("\n\n") if "What a description cannot" in each
    ]
    assert len(said.split()) > 12


STEP: dict[str, Any] = {
    "url": "/files",
    "jsonl": {},
    "extract": {"job": "id"},
}
ACTION: dict[str, Any] = {
    "fields": {"prompt": {"label": "Prompt", "type": "string"}},
    "submit": [STEP],
    "handle": "job",
    "poll": {"url": "/jobs/{{ job }}", "status": {"path": "s", "words": {"completed": "ok"}}},
    "find": {"url": "/jobs/{{ batch.key }}", "extract": {"job": "id"}},
    "results": {
        "sources": [
            {
                "match": {"by": "order"},
                "outcome": {"path": "error.code", "words": {"failed": "bad"}},
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        # Language models: pictures, schemas, columns of answers.
        (["row"], {"image": "{{ row.prompt | base64 }}"}, "there is no filter 'base64'"),
        (["row"], {"schema": "{{ row.prompt | strict }}"}, "there is no filter 'strict'"),
        (["spread"], "parsed", "spread: unknown key"),
        # OpenAI: tokens that wait.
        (["limits"], {"tokens": 9}, "limits.tokens: unknown key"),
        # Anthropic: a lost batch that only the results of its rows tell from others.
        (["find", "sources"], [{"url": "/results"}], "find.sources: unknown key"),
        # Gemini: the size of the file is stated before it; a row's outcome is what is missing.
        (["submit", 0, "headers"], {"x-length": "{{ batch.bytes }}"}, "no name 'batch.bytes'"),
        (["results", "sources", 0, "outcome", "words"], {"completed": None}, "words.completed"),
    ],
)
def test_a_description_has_no_word_for_it(place: list[Any], value: Any, why: str):
    action = inner = copy.deepcopy(ACTION)
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ad.UsageError) as caught:
        ad.http_destination({"name": "x", "base_url": "https://x.de", "actions": {"ask": action}})
    assert why in str(caught.value)


def test_no_filter_finds_the_data_center_in_a_key_of_mailchimp():
    assert not any("us21" == filtered("0a1b-us21", [name]) for name in FILTERS)


def test_the_columns_of_a_described_file_are_those_of_the_description(session: ad.Session):
    action = copy.deepcopy(ACTION)
    action["fields"] = {"properties": {"label": "P", "type": "object", "default": {"@path": "$."}}}
    action["submit"] = [{"url": "/files", "csv": {}}]
    for name in ("handle", "poll", "find", "results"):
        del action[name]
    seen: list[ApiCall] = []
    with DescribedApi(lambda call: seen.append(call) or {}) as api:
        crm = ad.http_destination({"name": "x", "base_url": api.url, "actions": {"put": action}})
        frame = pd.DataFrame({"email": ["a@x.de"], "phone": ["1"]})
        session.connect(crm).submit(frame, "put").wait(timeout=20)
    assert seen[0].body.splitlines()[0] == b"properties"
