"""The page about descriptions of APIs has every key that there is, and no other."""

from __future__ import annotations

import re

import pytest

from asyncdest_nb.api_description.faults import fields_of
from asyncdest_nb.api_description.model import (
    ApiAction,
    ApiAuth,
    ApiDescription,
    FindRule,
    Handle,
    Limits,
    OAuth2,
    PollRule,
    StatusRule,
    SubmitStep,
)
from asyncdest_nb.api_description.parts import ApiRequest
from asyncdest_nb.api_description.results_model import (
    DecidedRows,
    EntryRule,
    Pages,
    ResultRule,
    ResultSource,
    RowMatch,
)
from asyncdest_nb.reference import api_descriptions

MODELS = {
    "The description": ApiDescription,
    "Authorization": ApiAuth,
    "OAuth 2": OAuth2,
    "An action": ApiAction,
    "Limits": Limits,
    "A handle": Handle,
    "A request": ApiRequest,
    "A step of submit": SubmitStep,
    "Poll": PollRule,
    "Status": StatusRule,
    "Results": ResultRule,
    "A source of results": ResultSource,
    "An entry": EntryRule,
    "Match": RowMatch,
    "Pages": Pages,
    "Find": FindRule,
}


def table(heading: str) -> set[str]:
    """Return the keys of the table below *heading*."""
    text = (api_descriptions.__doc__ or "").split(f"\n# {heading}\n")[1].split("\n# ")[0]
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize("heading", MODELS)
def test_the_table_of_a_part_has_all_of_its_keys(heading: str):
    model = MODELS[heading]
    keys = set(fields_of(model))
    if model is not ApiRequest and issubclass(model, ApiRequest):
        keys -= set(fields_of(ApiRequest)) - ({"url"} if model is ResultSource else set())
    if model is ResultSource:
        keys -= set(fields_of(EntryRule))
    assert table(heading) == keys


def test_rows_that_are_decided_at_once_have_one_key_more_than_an_entry():
    assert set(fields_of(DecidedRows)) - set(fields_of(EntryRule)) == {"refusals"}
