"""What a choice means to ``submit``: pure, without a widget."""

from __future__ import annotations

import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.choices import (
    Choices,
    FieldSource,
    arguments,
    as_keys,
    default_source,
    given,
    in_reach,
)
from asyncdest_nb.widgets.explorer.offers import Offer
from explorer_clicks import ACTION, field_of


def test_by_default_a_field_is_filled_as_submit_would():
    fields = ACTION.fields
    assert default_source(fields["user_id"], ["userId"]) == 'default {"@path": "$.userId"}'
    assert default_source(fields["user_id"], ["user_id", "userId"]) == "column 'user_id'"
    assert default_source(fields["user_id"], ["x"]) == ""


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({}, {}),
        ({"user_id": FieldSource("default")}, {}),
        ({"user_id": FieldSource("column", "user_id")}, {}),
        ({"user_id": FieldSource("column", "email")}, {"columns": {"user_id": "email"}}),
        ({"user_id": FieldSource("constant", "x")}, {"user_id": "x"}),
        (
            {"user_id": FieldSource("template", "{{x}}")},
            {"mapping": {"user_id": {"@template": "{{x}}"}}},
        ),
        ({"data": FieldSource("empty")}, {}),
        (
            {"data": FieldSource("constant", {"@path": "$.properties"})},
            {"mapping": {"data": {"@path": "$.properties"}}},
        ),
        (
            {"data": FieldSource("columns", ["email"])},
            {"mapping": {"data": {"email": {"@path": "$.email"}}}},
        ),
    ],
)
def test_only_what_differs_from_the_default_is_an_argument(sources, expected):
    columns = ["user_id", "email", "x"]
    assert arguments(Choices("asyncOperation", sources), ACTION.fields, columns) == expected


def test_a_default_chosen_by_hand_is_no_argument():
    chosen = {"data": FieldSource("constant", {"@path": "$.properties"})}
    assert arguments(Choices("asyncOperation", chosen), ACTION.fields, ["properties"]) == {}


def test_a_field_called_like_an_argument_of_submit_goes_into_the_mapping():
    class Payload(ad.Payload):
        action: str = ad.field("Action")
        lambda_: str | None = ad.field("Lambda")

    fields = ad.Action(title="T", payload=Payload, perform=print).fields
    chosen = {"action": FieldSource("constant", "x"), "lambda_": FieldSource("constant", "y")}
    keywords = arguments(Choices("T", chosen), fields, [])
    assert keywords == {"mapping": {"action": "x"}, "lambda_": "y"}


def test_columns_that_a_path_cannot_reach_are_known():
    assert in_reach(["a", "b c", "d.e", "f[0]", "g'h", "", "$"]) == ["a", "b c", "$"]


def test_columns_that_cannot_be_keys_of_an_object_are_known():
    assert as_keys(["a", "@path", "@id", "_metadata", "d.e", "b"]) == ["a", "b"]


def test_settings_that_are_blank_or_as_by_default_are_not_given():
    fields = {
        key: each for key, each in Offer(ad.destinations()["salesforce-bulk"]).settings.items()
    }
    typed = {"instance_url": "https://a.example", "api_version": "59.0", "client_id": ""}
    assert given(fields, typed) == {"instance_url": "https://a.example"}
    assert given({"tag": field_of(str | None)}, {"tag": "None"}) == {"tag": "None"}
