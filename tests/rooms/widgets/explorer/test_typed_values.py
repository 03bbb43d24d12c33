"""What a typed text means, and inputs of settings and constants."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest

import asyncdest_nb as ad
from asyncdest_nb.widgets.explorer.choices import parsed, texts_of
from explorer_clicks import ACTION, FRAME, Clicks, field_of, own_destination


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, "007", "007"),
        (UUID, "12345678-1234-1234-1234-123456789abc", "12345678-1234-1234-1234-123456789abc"),
        (Decimal, "1.50", "1.50"),
        (int, "7", 7),
        (float, "1e3", 1000.0),
        (float, "nan", "nan"),
        (int, "seven", "seven"),
        (dict, '{"a": 1}', {"a": 1}),
        (list[str], '["a"]', ["a"]),
    ],
)
def test_what_is_typed_is_read_by_the_field(annotation, text, value):
    assert parsed(field_of(annotation), text) == value


class Plan(Enum):
    PRO = "pro"


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (Any, "pro", "pro"),
        (Any, "17", 17),
        (dict[str, Any] | str, '{"a": 1}', {"a": 1}),
    ],
)
def test_a_field_that_takes_a_text_needs_no_json(annotation, text, value):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": annotation}})
    assert texts_of(model) == {"x"}
    assert parsed(field_of(annotation), text, takes_text=True) == value


@pytest.mark.parametrize("annotation", [dict, dict[str, str], list[Any], Callable[[], int], int])
def test_a_field_that_takes_no_text_needs_json(annotation):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": annotation}})
    assert texts_of(model) == frozenset()


def test_a_json_with_a_mistake_is_no_text():
    with pytest.raises(ad.UsageError, match="x: no JSON"):
        parsed(field_of(Any), '{"a": 1', takes_text=True)


def test_a_plan_and_an_id_are_typed_as_they_are(session):
    class Settings(ad.Settings):
        plan: Plan = ad.field("Plan", default="pro")
        workspace: UUID | None = ad.field("Workspace", default=UUID(int=1))
        extra: dict[str, Any] | None = ad.field("Extra")

    names = {"mine": own_destination(settings=Settings, payload=ACTION.payload)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    assert clicks.find("Plan (optional)").value == "pro"
    assert clicks.find("Workspace (optional)").value == str(UUID(int=1))
    assert clicks.find("Extra (optional)").placeholder == '{"key": "value"}'
    clicks.put(**{"Extra (optional)": "x"})
    clicks.click("Connect")
    assert "Extra: no JSON" in clicks.text
    assert "@path" not in clicks.text
    clicks.put(**{"Extra (optional)": ""})
    clicks.click("Connect")
    assert "connect(mine)" in clicks.explorer.code


@pytest.mark.parametrize("text", ["{", "NaN", "1e999", "a, b"])
def test_a_text_that_is_no_json_is_refused_in_words(text):
    with pytest.raises(ad.UsageError, match="x: no JSON"):
        parsed(field_of(dict), text)


def test_a_setting_whose_default_is_none_of_its_choices_is_left_to_be_chosen(session):
    class Settings(ad.Settings):
        region: Literal["eu", "us"] = ad.field("Region", default="EU")

    names = {"mine": own_destination(settings=Settings)}
    clicks = Clicks(FRAME, session=session, names=names)
    clicks.choose("own")
    assert clicks.find("Region (optional)").value is None


@pytest.mark.parametrize("kind", [bool, str, dict, Literal["a"]])
def test_a_constant_that_was_not_given_is_asked_for(kind, session):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": kind | None}})
    clicks = Clicks(FRAME, session=session, names={"mine": own_destination(payload=model)})
    clicks.choose("own")
    clicks.click("Connect")
    clicks.find("x (optional)").value = "constant"
    assert "x: write its value, or choose one" in clicks.text
    assert clicks.find("Send 4 rows").disabled


def test_a_null_that_was_given_is_one(session):
    model = type("Payload", (ad.Payload,), {"__annotations__": {"x": dict | None}})
    clicks = Clicks(FRAME, session=session, names={"mine": own_destination(payload=model)})
    clicks.choose("own")
    clicks.click("Connect")
    clicks.fill("x (optional)", "constant", "null", "Constant for x")
    assert clicks.find("Send 4 rows")
