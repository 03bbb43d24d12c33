"""What surprises in Segment's mappings, subscriptions and fields: a case for each of the table.

Of each: what the framework gives, what is given here, and how something else can be had.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, model_validator

import asyncdest_nb as ad
from asyncdest_nb.fql import matches, parse, parse_compatible
from asyncdest_nb.mapping import transform

X = {"@path": "$.x"}


@dataclass(frozen=True)
class Oddity:
    """A *question* for Segment with its output; what is asked here, and what is found."""

    question: dict[str, Any]
    theirs: Any
    ours: Callable[[], Any]
    same: Any
    otherwise: Callable[[], Any]
    other: Any


def mapped(value: Any, row: dict[str, Any], gives: Any, instead: Any, other: Any) -> Oddity:
    def here(mapping: Any) -> Callable[[], Any]:
        return lambda: transform({"v": mapping}, row).get("v", "(none)")

    question = {"op": "transform", "mapping": {"v": value}, "input": row}
    theirs = {} if gives == "(none)" else {"v": gives}
    return Oddity(question, theirs, here(value), gives, here(instead), other)


def subscribed(text: str, event: dict[str, Any], matches_there: bool, instead: str) -> Oddity:
    def refused() -> Any:
        assert matches(parse_compatible(text), event) is matches_there
        with pytest.raises(ad.UsageError):
            parse(text)
        return "refused"

    question = {"op": "fql", "text": text, "event": event}
    own = lambda: matches(parse(instead), event)  # noqa: E731
    return Oddity(question, matches_there, refused, "refused", own, not matches_there)


async def send(request: Any, data: Any) -> None: ...


def read(payload: Any, given: dict[str, Any], *, alone: bool = False) -> Any:
    function = {"perform": send} if alone else {"perform_batch": send}
    found = ad.Action(title="Act", payload=payload, **function).read(given)
    return "invalid" if isinstance(found, str) else found.as_json()


def checked(
    fields: dict[str, Any],
    given: dict[str, Any],
    gives: Any,
    instead: type[ad.Payload],
    other: Any,
) -> Oddity:
    fields = {key: {"label": key, **each} for key, each in fields.items()}
    question = {"op": "fields", "fields": fields, "payload": given, "mode": "batch"}
    own = lambda: read(fields, given)  # noqa: E731
    return Oddity(question, gives, own, gives, lambda: read(instead, given), other)


class Item(BaseModel):
    n: int


class Sane(ad.Payload):
    """What the fields of the cases declare, as a class."""

    text: str | None = ad.field("Text")
    zero: float | None = ad.field("Zero", minimum=0)
    whole: int | None = ad.field("Whole", maximum=5)
    mails: list[str] | None = ad.field("Mails", format="email")
    items: list[Item] | None = ad.field("Items")
    when: datetime | None = ad.field("When")
    size: int | None = ad.field("Size")
    unit: str | None = ad.field("Unit")

    @model_validator(mode="after")
    def has_unit(self) -> Sane:
        if self.size == 5 and self.unit is None:
            raise ValueError("unit is missing")
        return self


class Address(BaseModel):
    street: str
    zip: str | None = None


class Home(ad.Payload):
    home: Address = ad.field("Home")
    kind: str | None = ad.field("Kind")


IF_KIND = {"conditions": [{"fieldKey": "kind", "operator": "is", "value": "post"}]}
HOME = {
    "kind": {"type": "string"},
    "home": {
        "type": "object",
        "properties": {
            "street": {"label": "s", "type": "string", "required": True},
            "zip": {"label": "z", "type": "string", "required": IF_KIND},
        },
    },
}
IF_FIVE = {"conditions": [{"fieldKey": "size", "operator": "is", "value": 5}]}
NUMBERS = {"type": "object", "multiple": True, "properties": {"n": {"label": "n"}}}
NUMBERS["properties"]["n"]["type"] = "integer"

PURE = {
    'a path through `null`, `0`, `""` or `false` gives that value': mapped(
        {"@path": "$.x.y"}, {"x": 0}, 0, {"@if": {"blank": X | {}, "then": X}}, "(none)"
    ),
    "`{{$.plan}}` is empty: a placeholder has no `$.`": mapped(
        {"@template": "{{$.x}}"}, {"x": "pro"}, "", {"@template": "{{x}}"}, "pro"
    ),
    "`{{{text}}}` fills the placeholders in that text too": mapped(
        {"@template": "{{{x}}}"}, {"x": "{{y}}", "y": 1}, "1", {"@template": "{{x}}"}, "{{y}}"
    ),
    'an `else` of `0`, `false`, `""` or `null` counts as none': mapped(
        {"@if": {"exists": X, "then": 1, "else": 0}},
        {},
        "(none)",
        {"@if": {"exists": X, "then": 1, "else": {"@literal": 0}}},
        0,
    ),
    "`blank` is true for a value that is not blank; `0` and `[]` are blank": mapped(
        {"@if": {"blank": X, "then": "is", "else": "not"}},
        {"x": 0},
        "not",
        {"@if": {"exists": X, "then": "is", "else": "not"}},
        "is",
    ),
    "`exists` wins where `blank` is there too": mapped(
        {"@if": {"exists": X, "blank": X, "then": "is", "else": "not"}},
        {"x": ""},
        "is",
        {"@if": {"blank": X, "then": "is", "else": "not"}},
        "not",
    ),
    "`@replace` reads `$&`, `` $` `` and `$'` in a replacement": mapped(
        {"@replace": {"value": X, "pattern": "b", "replacement": "$&$&"}},
        {"x": "abc"},
        "abbc",
        {"@replace": {"value": X, "pattern": "b", "replacement": "$$&"}},
        "a$&c",
    ),
    '`@replace` makes `""` of null, lists and objects': mapped(
        {"@replace": {"value": X, "pattern": "b", "replacement": ""}},
        {"x": None},
        "",
        {"@if": {"exists": X, "then": {"@replace": {"value": X, "pattern": "b"}}}},
        "(none)",
    ),
    '`"mode": "Encode"` passes the check and gives nothing': mapped(
        {"@json": {"mode": "Encode", "value": X}},
        {"x": 1},
        "(none)",
        {"@json": {"mode": "encode", "value": X}},
        "1",
    ),
    '`"direction": "LEFT"` passes the check and means `"right"`': mapped(
        {"@merge": {"direction": "LEFT", "objects": [{"a": 1}, {"a": 2}]}},
        {},
        {"a": 2},
        {"@merge": {"direction": "left", "objects": [{"a": 1}, {"a": 2}]}},
        {"a": 1},
    ),
    '`@flatten` names a value `""` if it is no object or list': mapped(
        {"@flatten": {"separator": ".", "value": X}},
        {"x": None},
        {"": None},
        {"@if": {"exists": X, "then": {"@flatten": {"separator": ".", "value": X}}}},
        "(none)",
    ),
    "`type = 'track'` has the quotes in the text, and matches nothing": subscribed(
        "type = 'track'", {"type": "track"}, False, 'type = "track"'
    ),
    "the last of `and` and `or` joins all conditions": subscribed(
        'type = "page" and event = "x" or name = "n"',
        {"type": "track", "event": "x"},
        True,
        'type = "page" and (event = "x" or name = "n")',
    ),
    "`!(…)` and `not` are passed over": subscribed(
        'not type = "track"', {"type": "track"}, True, 'type != "track"'
    ),
    '`match(event, "exact")` asks for the end `xact`': subscribed(
        'match(event, "exact")', {"event": "Fxact"}, True, 'event = "exact"'
    ),
    "a bound of 0, and those of integers and of lists, are not checked": checked(
        {"zero": {"type": "number", "minimum": 0}, "whole": {"type": "integer", "maximum": 5}},
        {"zero": -1, "whole": 9},
        {"zero": -1, "whole": 9},
        Sane,
        "invalid",
    ),
    "the format of a field with several values is not checked": checked(
        {"mails": {"type": "string", "multiple": True, "format": "email"}},
        {"mails": ["x"]},
        {"mails": ["x"]},
        Sane,
        "invalid",
    ),
    '`null` in an object of a list becomes `0` or `""`': checked(
        {"items": NUMBERS}, {"items": [{"n": None}]}, {"items": [{"n": 0}]}, Sane, "invalid"
    ),
    "an object with a conditional key may lack its required ones": checked(
        HOME, {"kind": "x", "home": {}}, {"kind": "x", "home": {}}, Home, "invalid"
    ),
    'a condition is asked before conversion: `"5"` is not `5`': checked(
        {"size": {"type": "integer"}, "unit": {"type": "string", "required": IF_FIVE}},
        {"size": "5"},
        {"size": 5},
        Sane,
        "invalid",
    ),
    "`2024-99-99` is a date": checked(
        {"when": {"type": "datetime"}},
        {"when": "2024-99-99"},
        {"when": "2024-99-99"},
        Sane,
        "invalid",
    ),
}
