"""What a choice means to ``submit``: pure, without a widget."""

from __future__ import annotations

import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.choices import (
    Choices,
    FieldSource,
    arguments,
    default_key,
    default_source,
    given,
    in_reach,
    keyed,
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
            {"data": FieldSource("columns", {"email": "email", "y": "x"})},
            {"mapping": {"data": {"email": {"@path": "$.email"}, "y": {"@path": "$.x"}}}},
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


def test_a_path_reaches_every_column_that_has_a_name():
    odd = ["a", "b c", "d.e", "d", "f[0]", "g'h", "$", "$.x", "@path"]
    assert in_reach([*odd, "", "."]) == odd


def test_a_name_that_can_be_no_key_of_an_object_gives_another_one():
    assert [default_key(each) for each in ("a.b", "@id", "_metadata", "@")] == [
        "a.b",
        "id",
        "metadata",
        "column",
    ]


def test_a_key_is_renamed_and_two_columns_never_share_one():
    assert keyed("Data", ["a", "@b"], {"a": "x", "other": "y"}) == {"x": "a", "b": "@b"}
    with pytest.raises(ad.UsageError, match="Data: 'a' and 'b' have the key 'b'; rename one"):
        keyed("Data", ["a", "b"], {"a": "b"})
    with pytest.raises(ad.UsageError, match="Data: the key '@path' would be read as a directive"):
        keyed("Data", ["a"], {"a": "@path"})


def test_settings_that_are_blank_or_as_by_default_are_not_given():
    fields = {
        key: each for key, each in Offer(ad.destinations()["salesforce-bulk"]).settings.items()
    }
    typed = {"instance_url": "https://a.example", "api_version": "59.0", "client_id": ""}
    assert given(fields, typed) == {"instance_url": "https://a.example"}
    assert given({"tag": field_of(str | None)}, {"tag": "None"}) == {"tag": "None"}
